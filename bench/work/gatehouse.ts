import { hash } from "node:crypto";
import { createIds, systemClock as clock, systemRandom as random, type Store } from "gatehouse/kernel";
import { createWorkLeases, createWorkOrders } from "gatehouse/store";
import { callers, type Contender } from "./contender.ts";

const TENANT = "acme";
const TYPE = "caption.write";
const RESULT = '{"text":"A boat on a lake, towards evening."}';
const INPUT = '{"photo":"0198c0de-0000-7000-8000-000000000001"}';
const BATCH = 50;
const FILLED_AT_ONCE = 100;
const LOCKING = { isolation: "read committed" } as const;

const ids = createIds(clock, random);
const orders = createWorkOrders({ ids });
const leases = createWorkLeases({ ids });
const resultHash = hash("sha256", RESULT, "base64url");

type Claimed = Extract<Awaited<ReturnType<typeof leases.claim>>, { readonly kind: "claimed" }>["items"];

/** An agent that claims items and submits them, with a lease, a token and events for each. */
export class Agent {
  readonly #store: Store;
  readonly #holder: { readonly type: "agent"; readonly id: string };

  constructor(store: Store, id: string) {
    this.#store = store;
    this.#holder = { type: "agent", id };
  }

  /** Items that it holds now. */
  async claim(count: number): Promise<readonly { readonly token: Uint8Array; readonly one: Claimed[number] }[]> {
    const tokens = Array.from({ length: count }, () => new Uint8Array(hash("sha256", random.bytes(32), "buffer")));
    const claimed = await this.#store.write(
      (transaction) =>
        leases.claim(transaction, {
          ...{ tenants: [TENANT], holder: this.#holder, tokenHashes: tokens },
          types: [{ type: TYPE, duration: 600_000, ceiling: 86_400_000, cap: Number.POSITIVE_INFINITY }],
          caps: { agent: 1000, tenant: Number.POSITIVE_INFINITY },
        }),
      LOCKING,
    );
    if (claimed.kind !== "claimed") return [];
    return claimed.items.map((one, index) => ({ one, token: tokens[index] ?? new Uint8Array() }));
  }

  /** Hands in results of what it holds, in one transaction. */
  async submit(held: Awaited<ReturnType<Agent["claim"]>>): Promise<void> {
    const holder = this.#holder;
    const proofs = held.map(({ one: { item, lease }, token }) => ({
      ...{ tenant: item.tenant, item: item.id, epoch: lease.epoch, tokenHash: token, holder },
    }));
    await this.#store.write(async (transaction) => {
      const submissions = (await leases.holdAll(transaction, proofs)).map((found) => {
        if (typeof found === "string") throw new Error(`A lease was ${found}.`);
        const event = { kind: "submitted", actor: holder, details: `{"result":"${resultHash}"}` };
        return { held: found, result: RESULT, resultHash, evidence: undefined, notes: undefined, event };
      });
      await leases.submitAll(transaction, submissions);
    }, LOCKING);
  }
}

/** Proposes orders of one item each. */
export async function propose(store: Store, count: number): Promise<void> {
  const proposer = { type: "user", id: "ada" } as const;
  const event = { item: undefined, kind: "proposed", actor: proposer, from: undefined, to: "queued", details: "{}" };
  for (let left = count; left > 0; left -= FILLED_AT_ONCE) {
    await store.write(async (transaction) => {
      const runAt = await transaction.now();
      for (let number = 0; number < Math.min(left, FILLED_AT_ONCE); number += 1) {
        const order = {
          ...{
            id: ids.next(),
            tenant: TENANT,
            type: TYPE,
            typeVersion: 1,
            priority: 0,
            risk: "low" as const,
            proposer,
          },
          ...{ input: "{}", inputHash: resultHash, subject: undefined, reverts: undefined },
          provenance: { fingerprint: resultHash },
        };
        const item = { id: ids.next(), key: "photo", priority: 0, runAt, attempts: 3, dependsOn: [], input: INPUT };
        await orders.add(transaction, order, [item], [event]);
      }
    });
  }
}

/** Work orders on a store, which stays the caller's to close. */
export function gatehouseContender(name: string, how: Contender["how"], store: Store): Contender {
  return {
    ...{ name, how },
    fill: (count) => propose(store, count),
    drain: (count) => {
      const agents = Array.from({ length: count }, (_, index) => new Agent(store, `agent-${index}`));
      return callers(count, async (caller) => {
        const agent = agents[caller] ?? new Agent(store, "agent");
        const held = await agent.claim(how === "single" ? 1 : BATCH);
        if (held.length > 0) await agent.submit(held);
        return held.length;
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
