import type { Authorise } from "../../kernel/action.ts";
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
  /** Whether somebody may open a line at all; asked before anything is sent. */
  readonly admits?: LinePolicy;
}
