import type { Store } from "../kernel/ports/store.ts";

/**
 * Where a rehearsed crash comes: `execute`, when the action has run and nothing of it is committed; `commit`, when
 * everything is committed and nobody has been told.
 */
export type CrashPoint = "execute" | "commit";

/** The connection ended without an answer, as it does when the server dies. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
  constructor() {
    super(
      "The connection ended without an answer. Whether the action took effect is not known; try again with the same idempotency key.",
    );
  }
}

class Crash extends Error {}

/** A store whose next transaction can be cut off. */
export interface CrashingStore extends Store {
  /** Cuts off the next transaction there. */
  crashAfter(point: CrashPoint): void;
  /** Whether a transaction was cut off since the last time this was asked. */
  hasCrashed(): boolean;
}

/** Rehearses crashes on a store. What the engine does then is its own doing: it rolls back, or has committed. */
export function createCrashingStore(store: Store): CrashingStore {
  let armed: CrashPoint | undefined;
  let crashed = false;
  const fire = (point: CrashPoint): boolean => {
    if (armed !== point) return false;
    armed = undefined;
    crashed = true;
    return true;
  };
  return {
    dialect: store.dialect,
    read: (work) => store.read(work),
    async write(work) {
      const result = await store.write(async (transaction) => {
        const value = await work(transaction);
        if (fire("execute")) throw new Crash("rehearsed");
        return value;
      });
      if (fire("commit")) throw new Crash("rehearsed");
      return result;
    },
    health: () => store.health(),
    crashAfter: (point) => void (armed = point),
    hasCrashed() {
      const had = crashed;
      crashed = false;
      return had;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
