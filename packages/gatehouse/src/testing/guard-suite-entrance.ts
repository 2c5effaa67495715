import type { AnyAction } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import type { SecurityEvent } from "../kernel/event.ts";

/** Whoever attempts something: `ada` and `bob` may, `mallory` may not; a stranger is known to nobody. */
export type SuiteCaller = "ada" | "bob" | "mallory" | "stranger";

/** What a browser says and carries. */
export type SuitePage =
  | "own"
  | "own, token in the body"
  | "own, an earlier token"
  | "other site"
  | "other port"
  | "no token"
  | "wrong token"
  | "token of another session";

/** What is wrong with a signed message, if anything. */
export type SuiteMessage = "genuine" | "unsigned" | "another secret" | "altered" | "too old" | "too new";

/** One attempt of the suite, in words that every entrance can put into its own. */
export interface SuiteRequest {
  /** One of the suite's actions, or a name that does not exist. */
  readonly action: string;
  readonly input: unknown;
  readonly as: SuiteCaller;
  /** The idempotency key; of a signed message its identifier. */
  readonly key?: string;
  /** Client address as the entrance resolves it. */
  readonly ip: string;
  /** Whose house is addressed. Callers belong to the first one, `own`. */
  readonly tenant: "own" | "other";
  /** For entrances of browsers. */
  readonly page: SuitePage;
  /** For entrances of signed messages. */
  readonly message: SuiteMessage;
  /** For entrances of signed messages: an idempotency key in a header that nobody has signed. */
  readonly unsignedKey?: string;
}

/** How an attempt ended. */
export interface SuiteAnswer {
  /** Code of the problem; `undefined` for a success. */
  readonly code: string | undefined;
  readonly value?: unknown;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
  /** Whether the answer says that the result is a stored one. */
  readonly cached?: boolean | undefined;
  /** What the answer says about its key, where the entrance tells. */
  readonly idempotency?: { readonly ttl: number; readonly createdAt: string } | undefined;
  /** The request's identifier, where the entrance tells. */
  readonly requestId?: string | undefined;
  /** Header fields, where there are any. */
  readonly headers?: Headers | undefined;
  /** The CSRF token to use next, where the entrance hands one out. */
  readonly token?: string | undefined;
  /** Everything that was answered, as text, to look for what must not be in it. */
  readonly text: string;
}

/** An entrance with the suite's actions behind the standard guards, on a clock that the suite moves. */
export interface EntranceHarness extends AsyncDisposable {
  /** Sends one attempt over the entrance as a client does. */
  send(request: SuiteRequest): Promise<SuiteAnswer>;
  /** What has been emitted, in order. The suite empties it. */
  readonly events: SecurityEvent[];
  /** Rows of the audit trail, newest first. */
  auditRows(): Promise<readonly SecurityEvent[]>;
  /** Bans an address for an hour, from one entrance or altogether. */
  ban(ip: string, entrance?: Entrance): Promise<void>;
  /** Forgets everything counted by limits, and everybody's session: the next attempt signs in anew. */
  reset(): void | Promise<void>;
  /** Moves the clock by milliseconds. */
  advance(milliseconds: number): Promise<void>;
  /** For entrances of browsers: ends everybody's session, by its age or otherwise, and lets them go on using it. */
  endSessions?(): Promise<void>;
  /** What was sent and must stay secret: credentials, tokens, keys, signatures. */
  readonly secrets: readonly string[];
  /** What was logged, where the entrance has a log. */
  readonly log?: readonly string[];
}

/** What an entrance is given to open. */
export interface SuiteActions {
  /** Actions of this entrance. */
  readonly here: readonly AnyAction[];
  /** One of another entrance alone, which nobody may reach over this one. */
  readonly elsewhere: AnyAction;
}

/** The entrance under test. What is true of it and not of others is declared here, and tested either way. */
export interface EntranceUnderTest {
  readonly entrance: Entrance;
  /**
   * By what an attempt is believed: a browser's cookies, so that origin and CSRF checks apply; a connection that such
   * cookies have opened, so that the origin is checked once and there are no CSRF tokens; a signature over the message,
   * so that nobody unsigned gets anywhere; or because the system itself makes it, so that neither bans nor limits hold
   * it up.
   */
  readonly provenance: "browser" | "connection" | "signed" | "internal";
  /**
   * Whether it is reached over a wire, with bytes to bound: `http` answers with status, header fields and problem
   * documents, `frames` with replies that name the problem, or by the number with which the connection is closed.
   */
  readonly wire: "http" | "frames" | false;
  /** For connections: the action by which they are opened, of which whatever is refused before they are is recorded. */
  readonly opening?: string;
  /** Whether answers tell that a result is a stored one. Default `true`; otherwise it is seen by what was executed. */
  readonly tellsReplay?: boolean;
  /** Whether an action can require a key here. Default `true`. */
  readonly requiresKeys?: boolean;
  /** Seconds for which results are kept, where the entrance and not the action says so. */
  readonly kept?: number;
  /** Code for a session that has ended. Default `SESSION_EXPIRED`. */
  readonly endedSession?: "SESSION_EXPIRED" | "CREDENTIAL_INVALID";
  /** Whether answers tell the remaining lifetime of a stored result. */
  readonly tellsLifetime: boolean;
  /** Code for an action that does not exist. HTTP routers answer `NOT_FOUND`. */
  readonly unknownAction: "ACTION_NOT_FOUND" | "NOT_FOUND";
  /** Code for a credential of another tenant. A foreign session makes a stranger, at the HTTP entrance. */
  readonly otherTenant: "AUTHENTICATION_REQUIRED" | "CREDENTIAL_INVALID" | "SIGNATURE_INVALID";
  /** What the audit row of a change says it was done to, where the entrance says it; the text of the input by default. */
  readonly target?: string;
  /** Opens it. Callers from `SUITE_TRUSTED` are to be trusted, no violations are to be punished. */
  readonly open: (actions: SuiteActions) => Promise<EntranceHarness>;
}

/** Addresses whose callers are not limited. */
export const SUITE_TRUSTED = "10.77.0.0/16";
