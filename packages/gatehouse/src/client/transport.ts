import { alert } from "./announcer.ts";
import type { ContentPatch } from "./patch.ts";
import { currentToken, refreshToken, setToken } from "./token.ts";

/** What the server is told that the page has of a component. Members without a value are left out. */
export interface Known {
  readonly component_id: string;
  readonly base_version: number | undefined;
  readonly base_tag: string | undefined;
  readonly seed: string | undefined;
  readonly children: readonly string[] | undefined;
}

/** What the server makes of a component. */
export interface Update {
  /** The new content, */
  readonly html?: string;
  /** or what changes in the one that was named, */
  readonly patch?: ContentPatch;
  /** or parts of it, by their names. */
  readonly fragments?: Readonly<Record<string, string>>;
  readonly content_tag?: string;
  readonly state: unknown;
  readonly version: number;
  readonly seed?: string;
  /** Elements of components that the content contains and the page does not have, by their ids. */
  readonly children?: Readonly<Record<string, string>>;
  /** Tickets of the upload fields in the content. */
  readonly tickets?: Readonly<Record<string, string>>;
}

/** What the server answers to an action. */
export interface LiveResponse extends Update {
  readonly csrf_token: string;
  readonly idempotency?: {
    readonly key: string;
    readonly cached: boolean;
    readonly ttl: number;
    readonly created_at: string;
  };
  readonly effects?: {
    readonly announce?: string | { readonly text: string; readonly assertive: boolean };
    readonly focus?: string;
    readonly redirect?: string;
    readonly download?: string;
    readonly dispatch?: readonly { readonly name: string; readonly detail?: unknown }[];
  };
  readonly components?: readonly (Update & { readonly component_id: string })[];
}

/** What the server answers when components are loaded. */
export interface LoadResponse {
  readonly csrf_token: string;
  readonly components: readonly (Partial<Update> & {
    readonly component_id: string;
    readonly element?: string;
    /** The token by which it goes on hearing of news. */
    readonly topics?: string;
    readonly gone?: true;
  })[];
}

/** A refusal, or a failure to reach the server. */
export class LiveError extends Error {
  override readonly name = "LiveError";
  /** Problem code; `NETWORK_ERROR` when the server could not be reached. */
  readonly code: string;
  readonly status: number;
  /** By which the server's log knows the request. */
  readonly request_id: string | undefined;
  /** Seconds, where the server named a time. */
  readonly retry_after: number | undefined;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
  /** The current content that came with a conflict. */
  readonly current: Update | undefined;
  /** Whether the session the page belongs to has ended, or was exchanged for another one. */
  readonly isOfAnotherSession: boolean;
  /** Whether it is unknown if the action took effect. */
  readonly unresolved: boolean;
  constructor(document: ProblemDocument, status: number) {
    super(document.detail ?? document.error ?? "The server could not be reached. Please try again.");
    this.code = document.code ?? "NETWORK_ERROR";
    this.status = status;
    this.request_id = document.request_id;
    this.retry_after = document.retry_after;
    this.errors = document.errors ?? [];
    const { html, version, state } = document;
    this.current = html === undefined || version === undefined ? undefined : { ...document, version, state };
    this.isOfAnotherSession = this.code === "CSRF_TOKEN_INVALID" || this.code === "SESSION_EXPIRED";
    this.unresolved = status === 0 || status === 502 || status === 504 || this.code === "IDEMPOTENCY_IN_PROGRESS";
  }
}

/** What a person is told of a refusal. */
export function explain({ code, message, request_id: id, retry_after: seconds, errors }: LiveError): string {
  if (code === "INTERNAL_ERROR") return `${message} Request id: ${id}`;
  if (code === "RATE_LIMIT_EXCEEDED" && seconds !== undefined)
    return `Too many requests. Please wait ${seconds} ${seconds === 1 ? "second" : "seconds"}.`;
  return errors[0]?.detail ?? message;
}

interface ProblemDocument extends Partial<Update> {
  readonly code?: string;
  readonly error?: string;
  /** What happened in this case; the same as `error` where there is no more to say. */
  readonly detail?: string;
  readonly request_id?: string;
  readonly retry_after?: number;
  readonly errors?: LiveError["errors"];
}

/** The way to the server's live routes, for the chunks as well: who looks on, does it here. */
export const wire = {
  send: (what: string, init: RequestInit): Promise<Response> => fetch(`/api/livecomponents/${what}`, init),
};

const MOST_TRIES = 6;
/** Milliseconds. */
const FIRST_DELAY = 300;
const LONGEST_DELAY = 5000;
const LONGEST_RETRY_AFTER = 30_000;
const TIMEOUT = 30_000;

/**
 * Asks the server. The same request, with the same key, is sent again when the server cannot be reached, is
 * restarting, or still works on it; after a refused token an action is sent once more with a new one.
 * @throws {LiveError}
 */
export async function send<Answer extends { readonly csrf_token: string }>(
  what: "action" | "load",
  request: object,
  onTokenRefused?: () => void,
): Promise<Answer> {
  const body = JSON.stringify(request);
  let refreshed = false;
  for (let tries = 1; ; tries += 1) {
    await online();
    const answer = await post<Answer>(what, body);
    if (!(answer instanceof LiveError)) {
      setToken(answer.csrf_token);
      return answer;
    }
    if (answer.isOfAnotherSession && !refreshed) {
      refreshed = true;
      onTokenRefused?.();
      // What a page knows of components was sealed for its own session: asking again as another one is of no use.
      if ((await refreshToken()) && what === "action") continue;
    }
    const transient = answer.unresolved || answer.status === 503;
    if (!transient || tries >= MOST_TRIES) throw answer;
    await delay(waitBefore(tries, answer));
  }
}

async function post<Answer>(what: string, body: string): Promise<Answer | LiveError> {
  let status = 0;
  try {
    const response = await wire.send(what, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": currentToken() },
      body,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    status = response.status;
    // Both documents are written by the server's live routes.
    if (response.ok) return (await response.json()) as Answer;
    return new LiveError((await response.json()) as ProblemDocument, status);
  } catch {
    return new LiveError({}, status === 200 ? 0 : status);
  }
}

function waitBefore(tries: number, { retry_after: seconds }: LiveError): number {
  if (seconds !== undefined) return Math.min(seconds * 1000, LONGEST_RETRY_AFTER);
  return Math.min(FIRST_DELAY * 2 ** (tries - 1), LONGEST_DELAY) * (0.5 + fraction());
}

/** A random number from 0 to 1, so that clients that lost the server together do not come back together. */
export function fraction(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until the browser has a network. */
async function online(): Promise<void> {
  if (navigator.onLine) return;
  document.documentElement.setAttribute("data-live-offline", "");
  alert("You are offline. What you do is sent when the connection is back.");
  await new Promise((resolve) => window.addEventListener("online", resolve, { once: true }));
  document.documentElement.removeAttribute("data-live-offline");
  alert("");
}
