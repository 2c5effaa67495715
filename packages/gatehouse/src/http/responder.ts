import { limitHeaders } from "../guards/limit-headers.ts";
import type { Html } from "../html/html.ts";
import { renderToStream, renderToString } from "../html/render.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Denial, Success } from "../kernel/outcome.ts";
import type { LimitState } from "../kernel/ports/counters.ts";
import { problems } from "../kernel/problems.ts";
import type { PolicyHashes } from "./content-security-policy.ts";
import { explainDenial } from "./denial-detail.ts";
import type { Inbound } from "./inbound.ts";
import { ownPath } from "./own-path.ts";
import { problemDocument, PROBLEM_TYPE } from "./problem-document.ts";
import {
  problemContent,
  problemPage,
  type ProblemFrame,
  type ProblemPageContext,
  type ProblemPages,
} from "./problem-page.ts";
import { referringPage } from "./referring-page.ts";
import { isLoopback } from "./loopback.ts";
import type { HeaderContext, HeaderFields, SecurityHeaders } from "./security-headers.ts";
import type { EdgeSessions } from "./edge-sessions.ts";

/** What may be chosen about a page. */
export interface PageOptions {
  /** Default 200. */
  readonly status?: number;
  /** Lets caches keep the page: no session, no nonce; inline scripts and styles are known by their hashes. */
  readonly cache?: { readonly maxAge: number; readonly hashes?: PolicyHashes };
  /** Sends the page piece by piece while its promises resolve. Default false. */
  readonly stream?: boolean;
  readonly headers?: HeaderFields;
}

/** What may be chosen about a JSON answer. */
export interface RespondOptions {
  /** Default 200. */
  readonly status?: number;
  /** The members of the answer; the action's value by default. */
  readonly body?: (success: Success<unknown>) => unknown;
  readonly headers?: HeaderFields;
  /** A fresh CSRF token for the caller to use next. */
  readonly csrfToken?: string | undefined;
}

/** Writes responses: every one with its security headers, request id and session cookie. */
export interface Responder {
  json(inbound: Inbound, value: unknown, options?: Pick<RespondOptions, "status" | "headers">): Response;
  success(inbound: Inbound, success: Success<unknown>, options?: RespondOptions): Response;
  /** As a problem document, or as a page: one of its own, or what `frame` makes of it. */
  problem(inbound: Inbound, denial: Denial, frame?: ProblemFrame): Response;
  page(inbound: Inbound, page: Html, options?: PageOptions): Response;
  /** To an address of this server: a path that begins with one slash. Status 303 unless told otherwise. */
  redirect(inbound: Inbound, location: string, status?: 302 | 303 | 307 | 308): Response;
  /** The fields of a response made elsewhere: security headers, request id, the cookie of a new session. */
  fields(inbound: Inbound, kind: "page" | "data"): readonly (readonly [string, string])[];
  /** Adds what is missing to a response made elsewhere. */
  complete(inbound: Inbound, response: Response): Response;
}

/** What responses are written with. */
export interface ResponderParts {
  readonly clock: Clock;
  readonly sessions: EdgeSessions;
  readonly securityHeaders: SecurityHeaders;
  readonly problems?: ProblemPages | undefined;
}

const NO_STORE: HeaderFields = { "cache-control": "no-store" };

/** A writer of responses. */
export function createResponder(parts: ResponderParts): Responder {
  return new EdgeResponder(parts);
}

class EdgeResponder implements Responder {
  readonly #clock: Clock;
  readonly #sessions: EdgeSessions;
  readonly #securityHeaders: SecurityHeaders;
  readonly #problems: ProblemPages | undefined;
  readonly #finished = new WeakSet<Response>();

  constructor({ clock, sessions, securityHeaders, problems: problemPages }: ResponderParts) {
    this.#problems = problemPages;
    this.#clock = clock;
    this.#sessions = sessions;
    this.#securityHeaders = securityHeaders;
  }

  json(inbound: Inbound, value: unknown, options: Pick<RespondOptions, "status" | "headers"> = {}): Response {
    const headers = { ...this.#dataHeaders(inbound), "content-type": "application/json", ...options.headers };
    const body = value === undefined ? null : JSON.stringify(value);
    return this.#write(inbound, { body, status: options.status ?? (body === null ? 204 : 200), headers });
  }

  success(inbound: Inbound, success: Success<unknown>, options: RespondOptions = {}): Response {
    const headers: HeaderFields = {
      ...this.#limitHeaders(success.limits),
      ...(success.idempotency?.cached === true ? { "idempotent-replayed": "true" } : {}),
      ...(options.csrfToken === undefined ? {} : { "x-csrf-token": options.csrfToken }),
      ...options.headers,
    };
    const value = options.body === undefined ? success.value : options.body(success);
    return this.json(inbound, value, options.status === undefined ? { headers } : { status: options.status, headers });
  }

  problem(inbound: Inbound, denial: Denial, frame?: ProblemFrame): Response {
    const told = this.#explain(inbound, denial);
    if (told.problem === problems.SESSION_EXPIRED) this.#sessions.replace(inbound);
    const { status } = told.problem;
    const headers: HeaderFields = {
      ...told.headers,
      ...this.#limitHeaders(told.limits ?? []),
      ...(told.retryAfter === undefined ? {} : { "retry-after": String(told.retryAfter) }),
      // What is left of a body that was not read is the server's to bound: closing at once would reset the
      // connection under a sender, or a proxy, that has not read the answer yet.
      ...(status === 408 ? { connection: "close" } : {}),
    };
    if (inbound.accepts === "html") {
      return this.page(inbound, this.#problemPage(inbound, told, frame), { status, headers });
    }
    const body = JSON.stringify(problemDocument(told, inbound.requestId));
    const all = { ...this.#dataHeaders(inbound), "content-type": PROBLEM_TYPE, ...headers };
    return this.#write(inbound, { body, status, headers: all });
  }

  #problemPage(inbound: Inbound, denial: Denial, frame: ProblemFrame | undefined): Html {
    const content = problemContent(denial, inbound.requestId);
    const context = problemContext(inbound);
    const { back } = context;
    return frame?.(content) ?? this.#problems?.({ inbound, denial, content, back }) ?? problemPage(denial, context);
  }

  page(inbound: Inbound, page: Html, options: PageOptions = {}): Response {
    const context = contextOf(inbound);
    const { cache } = options;
    const security =
      cache === undefined
        ? this.#securityHeaders.page(context, inbound.nonce)
        : this.#securityHeaders.staticPage(context, cache.hashes ?? {});
    if (cache !== undefined && this.#sessions.headers(inbound).length > 0) {
      throw new TypeError("A page that caches may keep cannot begin a session; leave out its token or `cache`.");
    }
    const headers: HeaderFields = {
      ...security,
      "x-request-id": inbound.requestId,
      "content-type": "text/html; charset=utf-8",
      ...(cache === undefined ? NO_STORE : { "cache-control": `public, max-age=${cache.maxAge}` }),
      ...options.headers,
    };
    const body = options.stream === true ? renderToStream(page) : renderToString(page);
    return this.#write(inbound, { body, status: options.status ?? 200, headers });
  }

  redirect(inbound: Inbound, location: string, status: 302 | 303 | 307 | 308 = 303): Response {
    const path = ownPath(location);
    if (path === undefined) throw new TypeError("Redirects lead to a path of this server.");
    return this.#write(inbound, { body: null, status, headers: { ...this.#dataHeaders(inbound), location: path } });
  }

  fields(inbound: Inbound, kind: "page" | "data"): readonly (readonly [string, string])[] {
    const context = contextOf(inbound);
    const security =
      kind === "page" ? this.#securityHeaders.page(context, inbound.nonce) : this.#securityHeaders.data(context);
    const fields = { ...security, "x-request-id": inbound.requestId };
    return [...Object.entries(fields), ...this.#sessions.headers(inbound)];
  }

  complete(inbound: Inbound, response: Response): Response {
    if (this.#finished.has(response)) return response;
    const context = contextOf(inbound);
    const isPage = response.headers.get("content-type")?.startsWith("text/html") === true;
    const security = isPage ? this.#securityHeaders.page(context, inbound.nonce) : this.#securityHeaders.data(context);
    const fields = { ...security, "x-request-id": inbound.requestId };
    for (const [name, value] of Object.entries(fields)) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    const session = this.#sessions.headers(inbound);
    for (const [name, value] of session) response.headers.append(name, value);
    const personal = session.length > 0 || inbound.session !== undefined;
    if (personal && !response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
    return response;
  }

  #dataHeaders(inbound: Inbound): HeaderFields {
    return { ...this.#securityHeaders.data(contextOf(inbound)), ...NO_STORE, "x-request-id": inbound.requestId };
  }

  #limitHeaders(limits: readonly LimitState[]): HeaderFields {
    return limits.length === 0 ? {} : limitHeaders(limits, this.#clock.now());
  }

  #write(
    inbound: Inbound,
    {
      body,
      status,
      headers,
    }: {
      readonly body: string | ReadableStream<Uint8Array<ArrayBuffer>> | null;
      readonly status: number;
      readonly headers: HeaderFields;
    },
  ): Response {
    const session = this.#sessions.headers(inbound);
    // A plain record is the fast way through the server; only several cookies need a list of pairs.
    const fields =
      session.length === 0 ? headers : [...Object.entries(headers), ...session.map(([name, value]) => [name, value])];
    // Pairs were built just above; HeadersInit wants its own tuple type.
    const response = new Response(body, { status, headers: fields as Record<string, string> | [string, string][] });
    this.#finished.add(response);
    return response;
  }

  #explain(inbound: Inbound, denial: Denial): Denial {
    const sessionless = inbound.session === undefined && isSessionless(inbound);
    return explainDenial(denial, { requestId: inbound.requestId, sessionless, now: this.#clock.now() });
  }
}

function contextOf(inbound: Inbound): HeaderContext {
  return { tls: inbound.peer.tls, host: inbound.url.host };
}

/** Whether browsers will refuse the session cookie: plain http to a machine that is not this one. */
export function isSessionless(inbound: Inbound): boolean {
  return !inbound.peer.tls && !isLoopback(inbound.url.host);
}

/** Whoever sent a form is led back to where it was; a page that is refused has nothing behind it. */
function problemContext(inbound: Inbound): ProblemPageContext {
  const { requestId, nonce, method } = inbound;
  const back = method === "POST" ? referringPage(inbound) : undefined;
  return { requestId, nonce, ...(back === undefined ? {} : { back }) };
}
