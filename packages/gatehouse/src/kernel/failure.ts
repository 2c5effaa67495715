import { events } from "./events.ts";
import type { Passage } from "./guard.ts";
import { deny, type Denial } from "./outcome.ts";
import { StoreUnavailableError } from "./ports/store.ts";
import { problems } from "./problems.ts";

/** What a caller is told of an exception: whether it is worth another try, and nothing of its cause. */
export function denialOfFailure(error: unknown, passage: Passage): Denial {
  if (!(error instanceof StoreUnavailableError)) return deny(problems.INTERNAL_ERROR, { event: events.action_failed });
  if (error.outcome === "unknown") return unknownOutcome(passage);
  const context = { store: error.store };
  return deny(problems.STORE_UNAVAILABLE, { retryAfter: 1, event: events.store_unavailable, context });
}

/** The denial of an attempt of which nobody knows whether it has taken effect. */
export function unknownOutcome({ idempotencyKey, action }: Passage): Denial {
  const keyed = idempotencyKey !== undefined && action.idempotency !== false;
  return deny(problems.OUTCOME_UNKNOWN, {
    event: events.idempotency_unknown_outcome,
    context: { keyed },
    retryAfter: 1,
  });
}
