import type { EdgeHandler } from "../http/edge.ts";
import type { Connection } from "../http/inbound.ts";
import { SIGN_IN_PATH, type TestIdentity } from "./sign-in.ts";
import { followedIn, LiveStream, type FollowedComponent } from "./live-stream.ts";

/** A component as a page has it, before any action. */
export interface MountedComponent {
  readonly componentId: string;
  /** The sealed state it starts from; absent when the first action mounts it. */
  readonly seed: string | undefined;
  readonly version: number;
}

/** What an action answered, and where the next call goes on. */
export interface LiveCallResult extends MountedComponent {
  readonly html: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into states of any shape, as the guide does
  readonly state: any;
  readonly csrfToken: string;
  readonly idempotency:
    | { readonly key: string; readonly cached: boolean; readonly ttl: number; readonly created_at: string }
    | undefined;
  readonly response: Response;
}

/** A file to upload. */
export interface FileToUpload {
  readonly content: Uint8Array;
  /** Default `photo.png`. */
  readonly name?: string;
  /** Default: one for this field, in this session. */
  readonly ticket?: string;
}

/** An uploaded file, as the answer tells of it. `id` is what actions are given. */
export interface UploadAnswer {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A refusal. `document` is what the caller was told. */
export class LiveCallError extends Error {
  override readonly name: string = "LiveCallError";
  readonly code: string;
  readonly status: number;
  readonly document: Readonly<Record<string, unknown>>;
  readonly response: Response;
  constructor(document: Readonly<Record<string, unknown>>, response: Response) {
    super(`${response.status} ${String(document["code"])}: ${String(document["detail"])}`);
    this.code = String(document["code"]);
    this.status = response.status;
    this.document = document;
    this.response = response;
  }
}

/** The security token was missing, wrong, or of another session. */
export class CsrfTokenMismatchError extends LiveCallError {
  override readonly name = "CsrfTokenMismatchError";
}

/** A limit was used up. */
export class RateLimitExceededError extends LiveCallError {
  override readonly name = "RateLimitExceededError";
  /** Seconds until the next attempt makes sense. */
  getRetryAfter(): number {
    return Number(this.document["retry_after"]);
  }
}

/** What may be said of a stream. */
export interface FollowOptions {
  /** Where the stream before this one was. */
  readonly lastEventId?: string;
  /** Whether what arrives is taken. Default true. */
  readonly reading?: boolean;
  /** Default: the one of the last answer. */
  readonly token?: string;
}

/** What a visitor needs of the kit. */
export interface VisitorParts {
  readonly handler: EdgeHandler;
  readonly seed: (id: string, held: { readonly state: unknown; readonly props: unknown }, session: string) => string;
  readonly ticket: (id: string, field: string, session: string) => string;
}

/** Members of a call's parameters that belong to the guards, as the guide writes them. */
const TOKEN = "_csrf_token";
const KEY = "idempotency_key";
const ORIGIN = "https://app.example";
const CONNECTION: Connection = { address: "203.0.113.9", encrypted: true };

/** Somebody with a browser: keeps a session cookie and a security token, and calls actions over HTTP in process. */
export class LiveVisitor {
  readonly #parts: VisitorParts;
  #cookie = "";
  #token = "";

  private constructor(parts: VisitorParts) {
    this.#parts = parts;
  }

  /** Somebody who has just come: with a session and a token of it; with the session of another one, where given. */
  static async arrive(parts: VisitorParts, sameAs?: LiveVisitor): Promise<LiveVisitor> {
    const visitor = new LiveVisitor(parts);
    visitor.#cookie = sameAs?.cookie ?? "";
    await visitor.refreshToken();
    return visitor;
  }

  /** The security token the next call sends. */
  get csrfToken(): string {
    return this.#token;
  }

  /** The session cookie as it is sent, `name=value`. */
  get cookie(): string {
    return this.#cookie;
  }

  /** Sends a request as this browser would, from a page of the application. */
  async request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("sec-fetch-site")) headers.set("sec-fetch-site", "same-origin");
    if (init.method === "POST" && !headers.has("origin")) headers.set("origin", ORIGIN);
    if (this.#cookie !== "" && !headers.has("cookie")) headers.set("cookie", this.#cookie);
    const response = await this.#parts.handler(new Request(ORIGIN + path, { ...init, headers }), CONNECTION);
    for (const cookie of response.headers.getSetCookie()) this.#cookie = cookie.split(";")[0] ?? "";
    return response;
  }

  /** A fresh token of the session. */
  async refreshToken(): Promise<string> {
    const response = await this.request("/api/csrf/refresh", { headers: { accept: "application/json" } });
    // The route answers with this member alone.
    const { csrf_token: token } = (await response.json()) as { csrf_token?: unknown };
    if (typeof token !== "string") throw new Error(`No token was given: ${response.status}.`);
    this.#token = token;
    return token;
  }

  /** Signs in; what the visitor had before belongs to another session. */
  async signIn(identity: TestIdentity): Promise<void> {
    const response = await this.request(SIGN_IN_PATH, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": this.#token },
      body: JSON.stringify(identity),
    });
    if (!response.ok) throw new Error(`Nobody was signed in: ${response.status} ${await response.text()}`);
    await this.refreshToken();
  }

  /** A component with a state of the test's choice, or one that its own `mount` starts at the first action. */
  mountComponent(componentId: string, state?: unknown, props?: unknown): MountedComponent {
    const seed = state === undefined ? undefined : this.#parts.seed(componentId, { state, props }, this.#session);
    return { componentId, seed, version: 0 };
  }

  /**
   * Calls an action. `_csrf_token` and `idempotency_key` among the parameters are sent where they belong.
   * @throws {LiveCallError} when it is refused
   */
  async callAction(
    on: MountedComponent,
    action: string,
    parameters: Readonly<Record<string, unknown>> = {},
  ): Promise<LiveCallResult> {
    const { [TOKEN]: token = this.#token, [KEY]: key, ...params } = parameters;
    const body = {
      component_id: on.componentId,
      action,
      params,
      [TOKEN]: token,
      ...(key === undefined ? {} : { [KEY]: key }),
      ...(on.seed === undefined ? {} : { seed: on.seed, base_version: on.version }),
    };
    const response = await this.request("/api/livecomponents/action", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
    // The routes answer with objects alone.
    const document = (await response.json()) as Readonly<Record<string, unknown>>;
    if (!response.ok) throw errorOf(document, response);
    return this.#result(on, document, response);
  }

  /**
   * Opens the stream by which a page hears of news: for every component of its HTML that wants to, or for those given.
   * @throws {LiveCallError} when it is refused
   */
  async follow(page: string | readonly FollowedComponent[], options: FollowOptions = {}): Promise<LiveStream> {
    const { lastEventId, reading, token = this.#token } = options;
    const components = typeof page === "string" ? followedIn(page) : page;
    const response = await this.request("/api/livecomponents/stream", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ components, last_event_id: lastEventId, [TOKEN]: token }),
    });
    // Refusals are problem documents, which are objects.
    if (!response.ok) throw errorOf((await response.json()) as Readonly<Record<string, unknown>>, response);
    return new LiveStream(response, reading);
  }

  /** The page at a path of the application, as HTML. */
  async page(path = "/"): Promise<string> {
    return (await this.request(path, { headers: { accept: "text/html" } })).text();
  }

  /** A ticket for a field of a component, as a page of this session carries it. */
  ticket(on: MountedComponent, field: string): string {
    return this.#parts.ticket(on.componentId, field, this.#session);
  }

  /**
   * Uploads a file to a field of a component; give its `id` to an action under the field's name.
   * @throws {LiveCallError} when it is refused
   */
  async upload(on: MountedComponent, field: string, file: FileToUpload): Promise<UploadAnswer> {
    const { content, name = "photo.png", ticket = this.ticket(on, field) } = file;
    const query = new URLSearchParams({ component_id: on.componentId, field });
    const response = await this.request(`/api/livecomponents/upload?${query.toString()}`, {
      method: "POST",
      headers: {
        ...{ "content-type": "application/octet-stream", accept: "application/json" },
        ...{ "x-csrf-token": this.#token, "x-upload-name": encodeURIComponent(name), "x-upload-ticket": ticket },
        "content-length": String(content.byteLength),
      },
      body: Uint8Array.from(content),
    });
    // The routes answer with objects alone.
    const document = (await response.json()) as Readonly<Record<string, unknown>>;
    if (!response.ok) throw errorOf(document, response);
    // The upload route writes exactly these members.
    const { upload, csrf_token: token } = document as unknown as { upload: UploadAnswer; csrf_token: string };
    this.#token = token;
    return upload;
  }

  get #session(): string {
    return this.#cookie.slice(this.#cookie.indexOf("=") + 1);
  }

  #result(on: MountedComponent, document: Readonly<Record<string, unknown>>, response: Response): LiveCallResult {
    // The live routes write exactly these members.
    const { html, state, version, csrf_token: csrfToken, idempotency } = document as unknown as AnswerDocument;
    this.#token = csrfToken;
    const seed = version === on.version ? on.seed : undefined;
    return { componentId: on.componentId, seed, version, html, state, csrfToken, idempotency, response };
  }
}

/** What the live routes answer a success with. */
interface AnswerDocument {
  readonly html: string;
  readonly state: unknown;
  readonly version: number;
  readonly csrf_token: string;
  readonly idempotency: LiveCallResult["idempotency"];
}

function errorOf(document: Readonly<Record<string, unknown>>, response: Response): LiveCallError {
  switch (document["code"]) {
    case "CSRF_TOKEN_INVALID":
      return new CsrfTokenMismatchError(document, response);
    case "RATE_LIMIT_EXCEEDED":
      return new RateLimitExceededError(document, response);
    default:
      return new LiveCallError(document, response);
  }
}
