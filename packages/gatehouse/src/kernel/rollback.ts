import type { SecurityEvent } from "./event.ts";
import type { Wait } from "./guard.ts";
import type { Denial } from "./outcome.ts";
import type { OpenPassage } from "./passage.ts";
import type { Store, WriteTransaction } from "./ports/store.ts";

/** Carries a denial out of a transaction, so that everything in it is rolled back. */
export class RolledBack extends Error {
  readonly denial: Denial;
  constructor(denial: Denial) {
    super("rolled back");
    this.denial = denial;
  }
}

/** Carries a wait out of a transaction: waiting inside would hold up every other writer. */
export class Held extends Error {
  readonly held: Wait;
  constructor(held: Wait) {
    super("held");
    this.held = held;
  }
}

/** What a transaction of a passage puts back as it was when it is rolled back. */
export interface TransactParts {
  readonly store: Store;
  readonly passage: OpenPassage;
  readonly shadows: SecurityEvent[];
}

/**
 * Runs `work` in a transaction, again after each wait it asks for. Each try starts from the passage as it
 * was: a store may repeat a transaction that collided with another.
 */
export async function transact<Result>(
  { store, passage, shadows }: TransactParts,
  work: (transaction: WriteTransaction) => Promise<Result>,
): Promise<Result | RolledBack> {
  const { idempotency, stepKey } = passage;
  const emitted = passage.events.length;
  const shadowed = shadows.length;
  const restore = (): void => {
    passage.events.length = emitted;
    passage.idempotency = idempotency;
    passage.stepKey = stepKey;
  };
  for (;;) {
    try {
      return await store.write(
        (transaction) => {
          restore();
          shadows.length = shadowed;
          return work(transaction);
        },
        { isolation: passage.action.isolation },
      );
    } catch (error) {
      restore();
      if (error instanceof RolledBack) return error;
      if (!(error instanceof Held)) throw error;
      if (!(await error.held.wait())) return new RolledBack(error.held.denial);
    }
  }
}
