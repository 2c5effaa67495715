import type { ReadTransaction, Store, WriteTransaction } from "../kernel/ports/store.ts";

/**
 * A store without an engine, for tests of what happens around transactions: it notes when they begin, commit
 * and roll back, and fails or repeats them on demand. It keeps no rows.
 */
export interface RecordingStore extends Store {
  /** `begin`, `commit`, `rollback`, `read`, in order. */
  readonly notes: string[];
  /** Thrown instead of committing, once each, in order. `undefined` commits. */
  readonly commitFailures: (Error | undefined)[];
  /** Runs the work of the next transaction this many times more, as engines do after a collision. */
  repeats: number;
}

/** A recording store. */
export function createRecordingStore(): RecordingStore {
  const notes: string[] = [];
  const commitFailures: (Error | undefined)[] = [];
  const reading: ReadTransaction = {
    dialect: "sqlite",
    query: () => {
      throw new TypeError("A recording store has no tables.");
    },
    execute: () => Promise.reject(new TypeError("A recording store has no tables.")),
  };

  const store: RecordingStore = {
    dialect: "sqlite",
    notes,
    commitFailures,
    repeats: 0,
    async read(work) {
      notes.push("read");
      return work(reading);
    },
    async write(work) {
      for (; store.repeats > 0; store.repeats -= 1) {
        notes.push("begin");
        await work(transaction([]));
        notes.push("rollback");
      }
      notes.push("begin");
      const effects: (() => void)[] = [];
      try {
        const result = await work(transaction(effects));
        const failure = commitFailures.shift();
        if (failure !== undefined) throw failure;
        notes.push("commit");
        for (const effect of effects) effect();
        return result;
      } catch (error) {
        notes.push("rollback");
        throw error;
      }
    },
    health: () => Promise.resolve({ name: "recording", engine: "none", state: "up", latency: 0, detail: "" }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };

  function transaction(effects: (() => void)[]): WriteTransaction {
    const self: WriteTransaction = {
      ...reading,
      now: () => Promise.resolve(0),
      later: (statement, parameters) => void reading.execute(statement, parameters),
      afterCommit: (effect) => void effects.push(effect),
      nested: (work) => work(self),
    };
    return self;
  }

  return store;
}
