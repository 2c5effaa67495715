import { StoreUnavailableError, type Store } from "../kernel/ports/store.ts";

/** What goes wrong with a write: it is taken back at its end, or committed and its answer lost. */
export type WriteFault = "rolled back" | "answer lost";

/** A store whose next writes go wrong as they are told. */
export interface FaultyStore extends Store {
  /** One entry a write, in order; `undefined`: nothing goes wrong. */
  readonly faults: (WriteFault | undefined)[];
}

/** Puts faults before a store, which stays the caller's to close. */
export function faultyStore(store: Store): FaultyStore {
  const faults: (WriteFault | undefined)[] = [];
  return {
    faults,
    dialect: store.dialect,
    read: (work) => store.read(work),
    async write(work, options) {
      const fault = faults.shift();
      const result = await store.write(async (transaction) => {
        const value = await work(transaction);
        if (fault === "rolled back") throw new StoreUnavailableError("test", "rolled back");
        return value;
      }, options);
      if (fault === "answer lost") throw new StoreUnavailableError("test", "answer lost", { outcome: "unknown" });
      return result;
    },
    health: () => store.health(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
