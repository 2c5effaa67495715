import { parseIdempotencyKey } from "../guards/idempotency-key.ts";
import type { Attempt, CallingProgram, Credential, Entrance, KnownCaller, Provenance } from "../kernel/attempt.ts";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { parseAuthorization } from "./authorization.ts";
import { programOf } from "./calling-program.ts";
import type { Inbound } from "./inbound.ts";
import { malformed } from "./refusal.ts";

const NOTHING = new Uint8Array(0);

/** What an entrance knows about an attempt besides the request. */
export interface AttemptOptions {
  /** Default `http`. No request is a job: jobs are trusted. */
  readonly entrance?: Exclude<Entrance, "job"> | undefined;
  /** From the body, where the entrance's format has it there. */
  readonly idempotencyKey?: string | undefined;
  /** From the body, where the entrance's format has it there. The header counts first. */
  readonly csrfToken?: string | undefined;
  /** The client the caller says it is. */
  readonly claimedClient?: string | undefined;
  /** The join token the request comes with, found before the attempt began. */
  readonly invitation?: string | undefined;
  /** What was presented deliberately in a place of the entrance's own. Then nothing counts that browsers attach. */
  readonly credential?: Credential | undefined;
}

/** What an attempt is about. */
export interface AttemptSubject {
  readonly action: string;
  readonly input: unknown;
  /** The body as it was sent, where a signature covers it. */
  readonly signed?: Uint8Array | undefined;
}

/** The attempt of a request whose body has not been received: what admission looks at. */
export function beginAttempt(
  inbound: Inbound,
  action: string,
  { entrance = "http", invitation }: Pick<AttemptOptions, "entrance" | "invitation">,
): Attempt {
  const credential = explicitCredential(inbound, entrance);
  const known = isDenial(credential) ? undefined : credential;
  const provenance = proveOrigin(inbound, { entrance, credential: known, csrfToken: undefined, signed: undefined });
  // A header that could not be read is refused later; until then nothing counts besides it.
  const credentials = credential === undefined ? credentialsOf(inbound, undefined, provenance) : [];
  return assemble(inbound, { entrance, action, provenance, credentials, input: undefined, invitation });
}

/** Builds the attempt of a request, or the denial of one whose credentials or keys contradict each other. */
export function buildAttempt(inbound: Inbound, subject: AttemptSubject, options: AttemptOptions): Attempt | Denial {
  const { action, input, signed } = subject;
  const { entrance = "http", claimedClient, invitation } = options;
  const header = explicitCredential(inbound, entrance);
  if (isDenial(header)) return header;
  const credential = options.credential ?? header;
  if (credential !== header && header !== undefined) return malformed("The request presents two credentials.");
  // The key of a signed message is what its signature covers: the guard takes it from there.
  const idempotencyKey = entrance === "webhook" ? undefined : chooseKey(inbound, options.idempotencyKey);
  if (isDenial(idempotencyKey)) return idempotencyKey;
  const provenance = proveOrigin(inbound, { entrance, credential, csrfToken: options.csrfToken, signed });
  const credentials = credentialsOf(inbound, credential, provenance);
  const made = { entrance, action, provenance, credentials, input, idempotencyKey, claimedClient, invitation };
  return assemble(inbound, made);
}

interface Made extends Pick<Attempt, "entrance" | "action" | "provenance" | "credentials" | "input"> {
  readonly idempotencyKey?: string | undefined;
  readonly claimedClient?: string | undefined;
  readonly invitation?: string | undefined;
}

function assemble(inbound: Inbound, made: Made): Attempt {
  return new RequestAttempt(inbound, made);
}

/**
 * The attempt of a request. As an object literal with an accessor each one would have a hidden class of its own, which
 * keeps the whole request alive until a full collection and makes every access to an attempt a slow one.
 */
class RequestAttempt implements Attempt {
  readonly id: string;
  readonly entrance: Attempt["entrance"];
  readonly action: string;
  readonly tenant: string;
  readonly receivedAt: number;
  readonly peer: Attempt["peer"];
  readonly provenance: Provenance;
  readonly credentials: readonly Credential[];
  readonly input: unknown;
  readonly idempotencyKey?: string;
  readonly claimedClient?: string;
  readonly known?: KnownCaller;
  readonly #request: Request;

  constructor(inbound: Inbound, made: Made) {
    const { requestId, tenant, receivedAt, peer, request } = inbound;
    const known = knownCaller(inbound, made);
    this.id = requestId;
    this.entrance = made.entrance;
    this.action = made.action;
    this.tenant = tenant;
    this.receivedAt = receivedAt;
    this.peer = peer;
    this.provenance = made.provenance;
    this.credentials = made.credentials;
    this.input = made.input;
    if (made.idempotencyKey !== undefined) this.idempotencyKey = made.idempotencyKey;
    if (made.claimedClient !== undefined) this.claimedClient = made.claimedClient;
    if (known !== undefined) this.known = known;
    this.#request = request;
  }

  /** Few attempts are ever asked for theirs. */
  get program(): CallingProgram {
    return programOf(this.#request.headers);
  }

  /** Making a signal costs more than most guards do, and few attempts are ever asked for theirs. */
  get signal(): AbortSignal {
    return this.#request.signal;
  }
}

function knownCaller({ sessionCookie }: Inbound, { credentials, invitation }: Made): KnownCaller | undefined {
  if (invitation !== undefined) return { by: "invitation", id: invitation };
  const [credential] = credentials;
  const isSignedIn = credential?.kind === "session" && sessionCookie?.lasting === true;
  return isSignedIn ? { by: "session", id: credential.id } : undefined;
}

function explicitCredential(inbound: Inbound, entrance: Entrance): Credential | Denial | undefined {
  // Clients and bearers of tokens are authenticated by the engine of the protocol, which has more ways than headers.
  if (entrance === "oauth") return undefined;
  const { headers } = inbound.request;
  const authorization = headers.get("authorization");
  if (authorization === null) return undefined;
  const { method, target, url } = inbound;
  const text = headers.get("dpop") ?? "";
  return parseAuthorization(authorization, { text, method, url: `${target}${url.pathname}` });
}

/** The cookie counts only where nothing was presented deliberately, and only under browser checks. */
function credentialsOf(
  inbound: Inbound,
  explicit: Credential | undefined,
  provenance: Provenance,
): readonly Credential[] {
  if (explicit !== undefined) return [explicit];
  if (provenance.kind !== "browser" || inbound.session === undefined) return [];
  return [{ kind: "session", id: inbound.session }];
}

function chooseKey(inbound: Inbound, fromBody: string | undefined): string | Denial | undefined {
  const { headers } = inbound.request;
  const named = [headers.get("idempotency-key"), headers.get("x-idempotency-key"), fromBody ?? null];
  const given = named.filter((key) => key !== null);
  const different = new Set(given.map((key) => parseIdempotencyKey(key) ?? key));
  if (different.size > 1) return malformed("The request names two different idempotency keys.");
  return given[0];
}

function proveOrigin(
  inbound: Inbound,
  {
    entrance,
    credential,
    csrfToken,
    signed,
  }: {
    readonly entrance: Entrance;
    readonly credential: Credential | undefined;
    readonly csrfToken: string | undefined;
    readonly signed: Uint8Array | undefined;
  },
): Provenance {
  const { headers } = inbound.request;
  if (entrance === "webhook") return { kind: "signed", headers: signedHeaders(headers), body: signed ?? NOTHING };
  // What proves an intention here is within the protocol; sessions of ours count for nothing.
  if (entrance === "oauth") return { kind: "token" };
  const origin = headers.get("origin") ?? undefined;
  const fetchSite = headers.get("sec-fetch-site") ?? undefined;
  const isProgram = origin === undefined && fetchSite === undefined;
  if (isDeliberate(inbound, { entrance, credential, isProgram })) return { kind: "token" };
  const token = headers.get("x-csrf-token") ?? csrfToken;
  return {
    kind: "browser",
    method: inbound.method,
    target: inbound.target,
    ...(origin === undefined ? {} : { origin }),
    ...(fetchSite === undefined ? {} : { fetchSite }),
    ...(token === undefined ? {} : { csrfToken: token }),
  };
}

function isDeliberate(
  { session }: Inbound,
  given: { readonly entrance: Entrance; readonly credential: Credential | undefined; readonly isProgram: boolean },
): boolean {
  const { entrance, credential, isProgram } = given;
  // A page that opens a connection is judged by its origin whatever it presents: the connection has no other check.
  if (entrance === "realtime") return isProgram && (credential !== undefined || session === undefined);
  // A bearer token is never attached by itself. Browsers do repeat Basic credentials for any page once
  // they have them, so those prove an intention only where no browser is involved.
  return credential?.kind === "bearer" || (credential?.kind === "client" && isProgram);
}

function signedHeaders(headers: Headers): Readonly<Record<string, string>> {
  const copy: Record<string, string> = {};
  for (const [name, value] of headers) if (name !== "cookie" && name !== "authorization") copy[name] = value;
  return copy;
}
