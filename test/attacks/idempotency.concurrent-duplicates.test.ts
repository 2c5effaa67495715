// A client, a proxy or an attacker sends the same paid-for request many times: at once, to several servers,
// while some of them fail, hang or die. If any interleaving executes it twice, somebody is charged twice.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  defineAction,
  deny,
  problems,
  StoreUnavailableError,
  type AnyAction,
  type IdempotencyRecords,
  type Outcome,
} from "gatehouse/kernel";
import { coreMigrations, createIdempotencyRecords } from "gatehouse/store";
import { openSqliteStore } from "gatehouse/store/sqlite";
import { createFakeClock, createTestGate, type FakeClock, type TestGate } from "gatehouse/testing";

const KEYS = ["k0", "k1", "k2"] as const;
const SERVERS = ["first", "second"] as const;
/** Longer than the lease, the wait and all pauses of a run; results outlive the run. */
const LONG = 120_000;

type Fate = "succeed" | "deny" | "throw";

interface Step {
  readonly kind: "attempt" | "finish" | "pause" | "leave" | "cut" | "join";
  readonly key: number;
  readonly server: number;
  readonly pick: number;
  readonly fate: Fate;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("attempt", "attempt", "attempt", "finish", "finish", "pause", "leave", "cut", "join"),
  key: fc.nat(KEYS.length - 1),
  server: fc.nat(SERVERS.length - 1),
  pick: fc.nat(1000),
  fate: fc.constantFrom("succeed", "succeed", "deny", "throw"),
});

const anything = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;

interface Settled {
  readonly key: string;
  readonly outcome: Outcome;
}

class Trial {
  readonly clock: FakeClock;
  readonly servers: readonly TestGate[];
  readonly settled: Settled[] = [];
  /** Servers that cannot renew their claims: paused, swapped out, cut off from the store for a while. */
  readonly cut: Set<string>;
  readonly #pending: Promise<void>[] = [];
  readonly #signals: AbortController[] = [];

  constructor({ clock, servers, cut }: Pick<Trial, "clock" | "servers" | "cut">) {
    this.clock = clock;
    this.servers = servers;
    this.cut = cut;
  }

  attempt(action: AnyAction, { key: index, server }: Pick<Step, "key" | "server">): void {
    const key = KEYS[index] ?? assert.fail();
    const control = new AbortController();
    this.#signals.push(control);
    const gate = this.servers[server] ?? assert.fail();
    const attempt = gate.attempt(action, {}, { as: "ada", key, more: { signal: control.signal, tenant: "acme" } });
    this.#pending.push(attempt.then((outcome) => void this.settled.push({ key, outcome })));
  }

  leave(pick: number): void {
    this.#signals[pick % Math.max(this.#signals.length, 1)]?.abort();
  }

  async end(release: () => void): Promise<void> {
    let open = true;
    const all = Promise.all(this.#pending).then(() => (open = false));
    while (open) {
      release();
      await this.clock.advance(1000);
    }
    await all;
  }
}

async function withServers<Result>(
  actions: readonly AnyAction[],
  work: (trial: Trial) => Promise<Result>,
): Promise<Result> {
  const clock = createFakeClock();
  const cut = new Set<string>();
  await using store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const open = (server: string): Promise<TestGate> => {
    const records = createIdempotencyRecords();
    const renew: IdempotencyRecords["renew"] = (transaction, claim) =>
      cut.has(server)
        ? Promise.reject(new StoreUnavailableError("main", "cut off"))
        : records.renew(transaction, claim);
    const limit = { limit: 100_000, window: 60_000 };
    return createTestGate({ actions, clock, store, limit, server, idempotency: { records: { ...records, renew } } });
  };
  await using first = await open("first");
  await using second = await open("second");
  return await work(new Trial({ clock, servers: [first, second], cut }));
}

/** Once everything has settled, every key must lead to a result again: none may be stuck. */
async function checkLiveness(trial: Trial, action: AnyAction, release: () => void): Promise<void> {
  trial.cut.clear();
  const before = trial.settled.length;
  for (const key of KEYS.keys()) trial.attempt(action, { key, server: 0 });
  await trial.end(release);
  for (const { key, outcome } of trial.settled.slice(before)) assert.ok(outcome.ok, `${key} is stuck`);
}

/** What must hold for the outcomes under one key, whatever happened. */
function checkOutcomes(settled: readonly Settled[], effects: ReadonlyMap<string, number>): void {
  for (const key of KEYS) {
    const outcomes = settled.filter((entry) => entry.key === key).map(({ outcome }) => outcome);
    const successes = outcomes.filter((outcome) => outcome.ok);
    const executed = successes.filter((outcome) => outcome.ok && outcome.idempotency?.cached === false);
    const count = effects.get(key) ?? 0;
    assert.ok(count <= 1, `${key} took effect ${count} times`);
    assert.ok(executed.length <= 1, `${key} was reported as executed ${executed.length} times`);
    if (successes.length > 0) assert.equal(count, 1, `${key} was reported as done, and was not`);
    const values = new Set(successes.map((outcome) => JSON.stringify(outcome.ok && outcome.value)));
    assert.ok(values.size <= 1, `${key} was answered with different results`);
    for (const outcome of outcomes) {
      if (!outcome.ok)
        assert.match(outcome.problem.code, /^(STATE_CONFLICT|INTERNAL_ERROR|OUTCOME_UNKNOWN|IDEMPOTENCY_IN_PROGRESS)$/);
    }
  }
}

describe("idempotency under concurrent duplicates", () => {
  it("changes the store exactly once per key, whatever the interleaving, denials and exceptions", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const fates: Fate[] = [];
        const action = defineAction({
          name: "order.place",
          entrances: ["http"],
          input: anything,
          effects: "store",
          authorise: "public",
          audit: { target: (_input, output: { readonly key: string }) => output.key },
          run: async ({ attempt, transaction }) => {
            const fate = fates.shift() ?? "succeed";
            // The effect itself: a row, so that a rollback takes it back.
            await transaction.execute(ADD_EFFECT, [attempt.id, attempt.idempotencyKey ?? "", attempt.receivedAt]);
            if (fate === "throw") throw new Error("planned");
            return fate === "deny"
              ? deny(problems.STATE_CONFLICT)
              : { key: attempt.idempotencyKey ?? "", by: attempt.id };
          },
        });
        await withServers([action], async (trial) => {
          for (const one of steps) {
            if (one.kind === "attempt") {
              fates.push(one.fate);
              trial.attempt(action, one);
            } else if (one.kind === "leave") trial.leave(one.pick);
            else await trial.clock.advance(one.kind === "pause" ? one.pick * 10 : 0);
          }
          await trial.end(() => undefined);
          fates.length = 0;
          await checkLiveness(trial, action, () => undefined);
          checkOutcomes(trial.settled, await effectsOf(trial));
          const rows = await trial.servers[0]!.auditRows({ name: "action_performed" });
          const effects = [...(await effectsOf(trial)).values()].reduce((sum, count) => sum + count, 0);
          assert.equal(rows.length, effects, "one audit row a change, one change an audit row");
        });
      }),
      { numRuns: 150 },
    );
  });

  it("charges at another system exactly once per key, though servers hang, fail and are overtaken", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const provider = new Provider();
        let cut = false;
        const action = defineAction({
          name: "payment.charge",
          entrances: ["http"],
          input: anything,
          effects: "external",
          authorise: "public",
          run: ({ attempt, stepKey }) => provider.charge(stepKey("charge"), attempt.idempotencyKey ?? ""),
        });
        await withServers([action], async (trial) => {
          for (const one of steps) {
            if (one.kind === "attempt") trial.attempt(action, one);
            else if (one.kind === "finish") provider.finish(one.pick, one.fate);
            else if (one.kind === "leave") trial.leave(one.pick);
            else if (one.kind === "cut") trial.cut.add(SERVERS[one.server] ?? assert.fail());
            else if (one.kind === "join") trial.cut.delete(SERVERS[one.server] ?? assert.fail());
            cut ||= trial.cut.size > 0;
            await trial.clock.advance(one.kind === "pause" ? (one.pick / 1000) * LONG : 1);
          }
          const release = (): void => provider.finish(0, "succeed");
          await trial.end(release);
          await checkLiveness(trial, action, release);
          checkOutcomes(trial.settled, provider.charges);
          if (!cut) assert.ok(provider.mostAtOnce <= 1, "two executions of one order ran at once");
          assert.ok(provider.keysPerOrder() <= 1, "one order was charged under two step keys");
        });
      }),
      { numRuns: 150 },
    );
  });
});

const ADD_EFFECT = {
  sqlite: "INSERT INTO documents (kind, tenant, id, version, body) VALUES ('effect', 'acme', ?1, ?3, ?2)",
  postgres: "",
};
const EFFECTS = {
  sqlite: "SELECT body, count(*) AS count FROM documents WHERE kind = 'effect' GROUP BY body",
  postgres: "",
};

async function effectsOf(trial: Trial): Promise<Map<string, number>> {
  const [server] = trial.servers;
  assert.ok(server !== undefined);
  const rows = await server.store.read((transaction) =>
    transaction.execute<{ body: string; count: number }>(EFFECTS, []),
  );
  return new Map(rows.map(({ body, count }) => [body, count]));
}

/** A payment provider that honours idempotency keys, answers when told to, and sometimes loses its answer. */
class Provider {
  /** Charges by order. */
  readonly charges = new Map<string, number>();
  readonly #results = new Map<string, string>();
  readonly #stepKeys = new Map<string, Set<string>>();
  readonly #open: { readonly order: string; readonly finish: (fate: Fate) => void }[] = [];
  /** Calls for one order that were open at the same time, at most. */
  mostAtOnce = 0;

  charge(stepKey: string, order: string): Promise<unknown> {
    const known = this.#stepKeys.get(order) ?? new Set();
    this.#stepKeys.set(order, known.add(stepKey));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#open.push({
      order,
      finish: (fate) => {
        // A decline charges nothing; a lost answer may have charged all the same.
        const charged = this.#results.get(stepKey);
        if (fate === "deny" && charged === undefined) return resolve(deny(problems.STATE_CONFLICT));
        if (charged === undefined) {
          this.#results.set(stepKey, `receipt of ${order}`);
          this.charges.set(order, (this.charges.get(order) ?? 0) + 1);
        }
        if (fate === "throw") return reject(new Error("the answer was lost"));
        return resolve(this.#results.get(stepKey));
      },
    });
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#open.filter((call) => call.order === order).length);
    return promise;
  }

  finish(pick: number, fate: Fate): void {
    if (this.#open.length === 0) return;
    const [call] = this.#open.splice(pick % this.#open.length, 1);
    call?.finish(fate);
  }

  keysPerOrder(): number {
    return Math.max(0, ...[...this.#stepKeys.values()].map((keys) => keys.size));
  }
}
