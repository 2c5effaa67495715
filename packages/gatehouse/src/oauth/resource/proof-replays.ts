import type { Counters } from "../../kernel/ports/counters.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Store } from "../../kernel/ports/store.ts";

/** Remembers which proofs were used. */
export interface ProofReplays {
  /** Whether nobody has asked for this key before, on any server; of many who ask at once, one is told so. */
  first(key: string, until: number): Promise<boolean>;
}

/** No proof counts for longer, in milliseconds: its time may lie ahead and behind by a minute. */
const LONGEST = 180_000;

/**
 * In the store, beside everything else that has to be right: a crash forgets none, and where the store is away nobody is
 * admitted. A write for each request that comes with a proof.
 */
export function replaysInDocuments({
  store,
  documents,
}: {
  readonly store: Store;
  readonly documents: Documents;
}): ProofReplays {
  return {
    first: (id, until) =>
      store.write(async (transaction) => {
        const key = { kind: "oauth-proof", tenant: "-", id };
        return (await documents.put(transaction, key, { expected: 0, body: "", expiresAt: until })) !== undefined;
      }),
  };
}

/**
 * In the counters, for installations that have them in Valkey: quicker, and only as good as they are. Where they are lost
 * or `counters.onFailure` lets attempts pass without them, a proof can be used again within its minute.
 */
export function replaysInCounters(counters: Pick<Counters, "take">): ProofReplays {
  const rule = { kind: "window", limit: 1, window: LONGEST } as const;
  return {
    first: async (key) => (await counters.take([{ policy: "oauth-proof", key, rule, cost: 1 }])).admitted,
  };
}
