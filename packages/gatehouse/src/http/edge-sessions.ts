import type { Authenticator } from "../guards/authenticate.ts";
import type { Attempt, Principal } from "../kernel/attempt.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import type { Inbound } from "./inbound.ts";
import type { SessionEndReceiver } from "./session-rows.ts";
import type { SessionIdentity, SessionScope } from "./session-scope.ts";

/** The sessions of the HTTP entrance. */
export interface EdgeSessions {
  /** Milliseconds without use after which a session ends. */
  readonly idle: number;
  /** Milliseconds after which a session ends whatever happens. */
  readonly absolute: number;
  readonly authenticator: Authenticator<"session">;
  /** The session's credential. A visitor without one gets a fresh session, kept in the cookie alone. */
  ensure(inbound: Inbound): string;
  /** The session's credential as it is now; `undefined` where there is none, or no longer. */
  current(inbound: Inbound): string | undefined;
  /**
   * Who is looking at a page; a session that has ended makes a stranger with a fresh one. A request that pages make by
   * themselves (`passive`) is no use of the session.
   */
  principal(inbound: Inbound, options?: { readonly passive?: boolean }): Promise<Principal>;
  /** What the store knows a session by. */
  idOf(credential: string): string;
  /** Gives a visitor's session its row, so that it can own things. Does nothing when it has one; denies when it ended. */
  keep(scope: SessionScope): Promise<string | Denial>;
  /** Signs in: ends the session of before and begins another under a new cookie. */
  login(scope: SessionScope, identity: SessionIdentity): Promise<Principal>;
  /** Changes what a session may do, under a new cookie (ASVS 7.2.4). Denies where nobody is signed in. */
  regenerate(scope: SessionScope, grants: readonly string[]): Promise<Principal | Denial>;
  /** Ends the session and empties the browser's caches of this site. */
  logout(scope: SessionScope): Promise<void>;
  /** Ends a session that began by signing in, by what the store knows it by; its browser learns of it later. */
  end(transaction: WriteTransaction, id: string): Promise<void>;
  /** Tells of sessions that end by signing in or out in this process; not of those that expire, or end elsewhere. */
  onEnd(receive: SessionEndReceiver): Disposable;
  /** Whether a credential's session still is one. Looking is no use of it: it may go idle meanwhile. */
  isCurrent(credential: string): Promise<boolean>;
  /**
   * Ties an attempt to its request, so that what an action does to the session reaches the browser. One that pages make
   * by themselves (`passive`) is no use of the session either.
   */
  track(attempt: Attempt, inbound: Inbound, passive?: boolean): void;
  /** Replaces the cookie of a session that has ended. */
  replace(inbound: Inbound): void;
  /** Leaves the cookie of the browser as it is, although a session began. */
  withhold(inbound: Inbound): void;
  /** Whether a visitor's session begins with the answer, which holds nothing yet. */
  begins(inbound: Inbound): boolean;
  /** Header fields that tell the browser what became of the session. */
  headers(inbound: Inbound): readonly (readonly [string, string])[];
}
