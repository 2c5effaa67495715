import type { Connection as ClientConnection, TrustedProxies } from "../guards/address.ts";
import { SINGLE_TENANT, type Peer } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import { base64 } from "../kernel/codec.ts";
import { isUuid, type Ids } from "../kernel/ids.ts";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { Random } from "../kernel/random.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";
import { DEFAULT_BODY_LIMITS, parseBody, readBody, type BodyLimits, type ParsedBody } from "./body.ts";
import { BodyStream, UPLOAD_PACE, type BodyPace } from "./body-stream.ts";
import { parseContentType, type ContentType } from "./content-type.ts";
import { parseCookieHeader } from "./cookies.ts";
import { fieldsOf, parseUrlencoded, type FormFields } from "./form-body.ts";
import type { BodyReader } from "./message-body.ts";
import { negotiate, type Accepts } from "./negotiation.ts";
import { httpProblems } from "./problems.ts";
import { malformed, refuseRequest, unsupported } from "./refusal.ts";
import { inspectTarget } from "./request-target.ts";
import { isLoopback } from "./loopback.ts";
import { loopbackSessionCookie, SESSION_COOKIE, type SessionCookie, type SessionCookies } from "./session-cookie.ts";

/** The transport below a request. */
export interface Connection extends ClientConnection {
  /** The request target as it was sent, where the transport knows it. */
  readonly target?: string | undefined;
  /** Has the transport wait so many milliseconds for the body of this request, where it bounds that itself. */
  readonly allowTime?: ((milliseconds: number) => void) | undefined;
  /** Reads the body at its source. Default: the request's own body. */
  readonly body?: (() => BodyReader | undefined) | undefined;
}

/** What chooses the tenant of a request. */
export type TenantResolver = (request: {
  readonly host: string;
  readonly url: URL;
  readonly headers: Headers;
}) => string;

/** What requests are parsed with. */
export interface InboundParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: Ids;
  readonly cookies: SessionCookies;
  readonly proxies: TrustedProxies;
  /** Origins this server answers for, such as `https://app.example`. Empty: any host, by the request's own word. */
  readonly origins: readonly string[];
  readonly tenant?: TenantResolver | undefined;
  /** The origin of a tenant, which this server answers for besides `origins`; `undefined`: it has none of its own. */
  readonly originOf?: ((tenant: string) => string | undefined) | undefined;
  /**
   * Also answers for the names of this machine's loopback, and with no `origins` for those alone: a name of an
   * attacker's that resolves to 127.0.0.1 (DNS rebinding) is refused.
   */
  readonly loopbackNamesOnly?: boolean | undefined;
  /** For development: over plain http to this machine the session has a cookie that needs no encryption. Default false. */
  readonly plainLoopback?: boolean | undefined;
  readonly limits?: Partial<BodyLimits>;
  /** Default: the machine's. */
  readonly timers?: Timers | undefined;
  /** Aborted when the server stops. */
  readonly stopping?: AbortSignal | undefined;
}

/** A request, parsed once. Nothing after it reads raw headers, cookies or bodies for a security decision. */
export interface Inbound {
  /** UUIDv7 of our own, or the identifier a trusted proxy gave. */
  readonly requestId: string;
  readonly request: Request;
  readonly method: string;
  readonly url: URL;
  /** The origin the request was addressed to, by our own configuration where there is one. */
  readonly target: string;
  readonly peer: Peer;
  readonly cookies: ReadonlyMap<string, string>;
  /** The session cookie's value, if it is one of ours. */
  readonly session: string | undefined;
  readonly sessionCookie: SessionCookie | undefined;
  /** Name of the session's cookie on this connection. */
  readonly sessionCookieName: string;
  readonly contentType: ContentType | undefined;
  readonly tenant: string;
  readonly accepts: Accepts;
  /** The nonce of this response's content security policy. */
  readonly nonce: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** Why the request must not be served, if it must not. */
  readonly refusal: Denial | undefined;
  /** The bytes of the body, capped; read once. */
  bytes(): Promise<Uint8Array | Denial>;
  /** The body, capped and understood by its declared type; read once. */
  body(): Promise<ParsedBody | Denial>;
  /** The query as fields. */
  query(): FormFields | Denial;
  /** The bounds on bodies that are read whole. */
  readonly limits: BodyLimits;
  /** The body piece by piece, instead of `bytes` and `body`: for what is too large to be held, at a pace of its own. */
  stream(pace?: BodyPace): BodyStream | Denial;
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const SINGLE_HEADERS = ["host", "origin", "sec-fetch-site", "x-csrf-token", "content-length"];
const NONCE_BYTES = 18;

/** Parses requests. */
export interface InboundParser {
  /** Never throws: what is wrong with a request is its `refusal`. */
  parse(request: Request, connection: Connection): Inbound;
}

/** A parser of requests with its limits resolved. */
export function createInboundParser(parts: InboundParts): InboundParser {
  const limits = { ...DEFAULT_BODY_LIMITS, ...parts.limits };
  const hosts = new Map(parts.origins.map((origin) => [new URL(origin).host, origin]));
  return { parse: (request, connection) => new ParsedInbound({ parts, limits, hosts, request, connection }) };
}

interface Source {
  readonly parts: InboundParts;
  readonly limits: BodyLimits;
  readonly hosts: ReadonlyMap<string, string>;
  readonly request: Request;
  readonly connection: Connection;
}

class ParsedInbound implements Inbound {
  readonly requestId: string;
  readonly request: Request;
  readonly method: string;
  readonly url: URL;
  readonly target: string;
  readonly peer: Peer;
  readonly cookies: ReadonlyMap<string, string>;
  readonly sessionCookie: SessionCookie | undefined;
  readonly sessionCookieName: string;
  readonly contentType: ContentType | undefined;
  readonly tenant: string;
  readonly receivedAt: number;
  readonly refusal: Denial | undefined;
  readonly #source: Source;
  #accepts: Accepts | undefined;
  #nonce: string | undefined;
  #bytes: Promise<Uint8Array | Denial> | undefined;
  #body: Promise<ParsedBody | Denial> | undefined;

  constructor(source: Source) {
    const { parts, request, connection } = source;
    const { headers } = request;
    this.#source = source;
    this.request = request;
    this.method = request.method;
    this.url = new URL(request.url);
    this.receivedAt = parts.clock.now();
    this.requestId = requestIdOf(source);
    this.peer = parts.proxies.resolve(connection, headers);
    const { host } = this.url;
    this.tenant = parts.tenant?.({ host, url: this.url, headers }) ?? SINGLE_TENANT;
    const configured = source.hosts.get(host) ?? originOfTenant(source, host, this.tenant);
    this.target = configured ?? `${this.peer.tls ? "https" : "http"}://${host}`;
    const plain = parts.plainLoopback === true && !this.peer.tls && isLoopback(host);
    this.sessionCookieName = plain ? loopbackSessionCookie(this.url) : SESSION_COOKIE;
    const { cookies, repeated } = parseCookieHeader(headers.get("cookie"), this.sessionCookieName);
    this.cookies = cookies;
    const value = cookies.get(this.sessionCookieName);
    this.sessionCookie = value === undefined ? undefined : parts.cookies.read(value);
    const type = headers.get("content-type");
    this.contentType = type === null ? undefined : parseContentType(type);
    this.refusal =
      inspectTarget(this.url, connection.target) ??
      inspectHeaders(request, this.url) ??
      inspectHost(source, host, configured) ??
      (type !== null && this.contentType === undefined ? malformed("The Content-Type is not valid.") : undefined) ??
      (repeated.has(this.sessionCookieName) ? malformed("The session cookie was sent more than once.") : undefined);
  }

  get session(): string | undefined {
    return this.sessionCookie?.value;
  }

  get accepts(): Accepts {
    return (this.#accepts ??= negotiate(this.request.headers.get("accept")));
  }

  get nonce(): string {
    return (this.#nonce ??= base64(this.#source.parts.random.bytes(NONCE_BYTES)));
  }

  bytes(): Promise<Uint8Array | Denial> {
    return (this.#bytes ??= this.#readBytes());
  }

  body(): Promise<ParsedBody | Denial> {
    return (this.#body ??= this.#readBody());
  }

  query(): FormFields | Denial {
    return fieldsOf(parseUrlencoded(this.url.search.slice(1), this.#source.limits.fields));
  }

  get limits(): BodyLimits {
    return this.#source.limits;
  }

  stream(pace: BodyPace = UPLOAD_PACE): BodyStream | Denial {
    if (this.#isEncoded()) return unsupported("Send the body uncompressed.");
    const { parts, connection } = this.#source;
    const { clock, timers = systemTimers, stopping } = parts;
    const { allowTime, body } = connection;
    return new BodyStream(this.request, { pace, clock, timers, stopping, allowTime, reader: body?.() });
  }

  async #readBytes(): Promise<Uint8Array | Denial> {
    if (this.#isEncoded()) return unsupported("Send the body uncompressed.");
    const { limits, parts } = this.#source;
    return readBody(this.request, limits.bytes, parts.stopping);
  }

  #isEncoded(): boolean {
    const encoding = this.request.headers.get("content-encoding");
    return encoding !== null && encoding.toLowerCase() !== "identity";
  }

  async #readBody(): Promise<ParsedBody | Denial> {
    const bytes = await this.bytes();
    return isDenial(bytes) ? bytes : parseBody(bytes, this.contentType, this.#source.limits);
  }
}

/** A trusted proxy may name the request (a UUID or nginx's 32 digits); it must overwrite what clients send. */
function requestIdOf({ parts, request, connection }: Source): string {
  const given = request.headers.get("x-request-id");
  if (
    given !== null &&
    (isUuid(given) || /^[0-9a-f]{32}$/.test(given)) &&
    parts.proxies.trusts(connection.address ?? "")
  ) {
    return given;
  }
  return parts.ids.next();
}

/** The origin of the tenant a request is for, where the request was sent there. */
function originOfTenant({ parts }: Source, host: string, tenant: string): string | undefined {
  const origin = parts.originOf?.(tenant);
  return origin !== undefined && new URL(origin).host === host ? origin : undefined;
}

function inspectHost({ parts, hosts }: Source, host: string, configured: string | undefined): Denial | undefined {
  if (configured !== undefined) return undefined;
  if (parts.loopbackNamesOnly === true ? isLoopback(host) : hosts.size === 0) return undefined;
  return refuseRequest(httpProblems.MISDIRECTED_REQUEST, "The host name is not one of this server's.");
}

function inspectHeaders(request: Request, url: URL): Denial | undefined {
  const { headers, method } = request;
  if (!METHODS.has(method)) return refuseRequest(problems.METHOD_NOT_ALLOWED, "The method is not known here.");
  for (const name of SINGLE_HEADERS) {
    if (headers.get(name)?.includes(",") === true) return malformed(`The ${name} header was sent more than once.`);
  }
  const host = headers.get("host");
  if (host !== null && host.toLowerCase() !== url.host && host.toLowerCase() !== withDefaultPort(url)) {
    return malformed("The Host header and the address disagree.");
  }
  return inspectFraming(headers, method);
}

function withDefaultPort(url: URL): string {
  return `${url.hostname}:${url.protocol === "https:" ? "443" : "80"}`;
}

/** Requests whose end two readers could see in different places are refused. */
function inspectFraming(headers: Headers, method: string): Denial | undefined {
  const length = headers.get("content-length");
  const encoding = headers.get("transfer-encoding");
  if (length !== null && !/^\d{1,15}$/.test(length)) return malformed("The Content-Length is not valid.");
  if (encoding !== null && (length !== null || encoding.toLowerCase() !== "chunked")) {
    return malformed("The Transfer-Encoding is not valid.");
  }
  const hasBody = encoding !== null || (length !== null && length !== "0");
  if (hasBody && (method === "GET" || method === "HEAD")) return malformed(`A ${method} request has no body.`);
  return undefined;
}
