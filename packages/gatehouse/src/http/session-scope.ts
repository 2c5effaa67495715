import type { Attempt } from "../kernel/attempt.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";

/** Who a session belongs to once somebody has signed in. */
export interface SessionIdentity {
  readonly type: "user" | "guest";
  readonly id: string;
  readonly grants: readonly string[];
}

/** Where a session changes: in the transaction of an action. The context of a `store` action is one. */
export interface SessionScope {
  readonly attempt: Attempt;
  readonly transaction: WriteTransaction;
}
