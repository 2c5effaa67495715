import type { Authorise } from "../../kernel/action.ts";
import type { Attempt } from "../../kernel/attempt.ts";
import type { AnyActor } from "../../realtime/actor/actor.ts";
import type { ConnectInput } from "../../realtime/connection/connect-action.ts";
import type { LinePolicy } from "../../realtime/lines/opening.ts";

/** What an application says about realtime. */
export interface ApplicationRealtime {
  readonly actors: readonly AnyActor[];
  /**
   * Who may connect; what a connection may do is decided by the actors. A rule made by `oauth` says which tokens count.
   * Default: whoever is signed in.
   */
  readonly authorise?: Authorise<ConnectInput> | "public";
  /** Whether strangers may connect. Default false. */
  readonly anonymous?: boolean;
  /**
   * When a token expires that an authenticator of the application has found to be good, in epoch milliseconds; `undefined`
   * where it does not. Its connection is asked for another in time, and may do nothing after it. Of access tokens that the
   * server itself has issued that is known.
   */
  readonly expiryOf?: (token: string, attempt: Attempt) => number | undefined | Promise<number | undefined>;
  /** Whether somebody may open a line at all; asked before anything is sent. */
  readonly admits?: LinePolicy;
}
