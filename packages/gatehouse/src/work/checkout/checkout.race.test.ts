import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { captionType, createWorkAgents, workAgent, type WorkAgents } from "../../testing/work-agents.ts";

const AGENTS = 32;

/*
 * Attack: many agents, or one with many connections, ask for the same item or for more than they may hold, all at the same
 * moment. What is counted is changed in the transaction that it is asked in, and an item is locked while it changes hands.
 */
function describeRaces(name: string, open: () => Promise<Store>): void {
  const withAgents = async (test: (agents: WorkAgents) => Promise<void>, more: object = {}): Promise<void> => {
    await using store = await open();
    await using agents = await createWorkAgents({ store, ...more });
    await test(agents);
  };
  const codes = (agents: WorkAgents, who: (index: number) => string) =>
    Promise.all(Array.from({ length: AGENTS }, (_, index) => agents.code("checkout", workAgent(who(index)))));
  const count = (list: readonly string[], code: string): number => list.filter((one) => one === code).length;

  it(`gives one item to one of ${AGENTS} agents on ${name}`, () =>
    withAgents(async (agents) => {
      await agents.kit.propose(["one"]);
      const answers = await codes(agents, (index) => `agent-${index}`);
      assert.deepEqual([count(answers, "ok"), count(answers, "NO_ITEMS_AVAILABLE")], [1, AGENTS - 1]);
    }));

  it(`gives the items of one order to as many agents on ${name}, none twice and none to nobody`, () =>
    withAgents(async (agents) => {
      const order = await agents.kit.propose(Array.from({ length: AGENTS }, (_, index) => `item-${index}`));
      const taken = new Set<string>();
      for (let round = 0; round < AGENTS && taken.size < AGENTS; round += 1) {
        const asked = await Promise.all(
          Array.from({ length: AGENTS }, (_, index) => agents.attempt("checkout", workAgent(`agent-${index}`))),
        );
        for (const outcome of asked) {
          if (!outcome.ok) continue;
          const [{ item }] = (outcome.value as { items: [{ item: string }] }).items;
          assert.ok(!taken.has(item));
          taken.add(item);
        }
      }
      assert.equal(taken.size, AGENTS);
      assert.equal(await agents.kit.verify(order), undefined);
    }));

  it(`keeps an agent to its cap on ${name}, though it asks ${AGENTS} times at once`, () =>
    withAgents(
      async (agents) => {
        await Promise.all(Array.from({ length: AGENTS }, () => agents.kit.propose(["one"])));
        const answers = await codes(agents, () => "greedy");
        assert.ok(count(answers, "ok") <= 3);
        while (count(answers, "ok") < 3) answers.push(await agents.code("checkout", workAgent("greedy")));
        assert.equal(await agents.code("checkout", workAgent("greedy")), "WORK_CAPPED");
        assert.equal(await agents.code("checkout", workAgent("other")), "ok");
      },
      { limits: { leasesPerAgent: 3 } },
    ));

  it(`keeps all agents together to the caps of a type and of a tenant on ${name}`, async () => {
    const types = [{ ...captionType, limits: { leases: 3 } }];
    for (const more of [{ types }, { limits: { leasesPerTenant: 3 } }]) {
      await withAgents(async (agents) => {
        await Promise.all(Array.from({ length: AGENTS }, () => agents.kit.propose(["one"])));
        const answers = await codes(agents, (index) => `agent-${index}`);
        assert.ok(count(answers, "ok") <= 3);
        while (count(answers, "ok") < 3) answers.push(await agents.code("checkout", workAgent("late")));
        assert.equal(await agents.code("checkout", workAgent("late")), "WORK_CAPPED");
      }, more);
    }
  });

  it(`takes one of ${AGENTS} results that come at once under one lease on ${name}`, () =>
    withAgents(async (agents) => {
      await agents.kit.propose(["one"]);
      const shown = await agents.take(workAgent("a"));
      const answers = await Promise.all(
        Array.from({ length: AGENTS }, (_, index) =>
          agents.code("submit", workAgent("a"), { ...shown, result: { text: `one ${index}` } }),
        ),
      );
      assert.deepEqual([count(answers, "ok"), count(answers, "LEASE_LOST")], [1, AGENTS - 1]);
      assert.equal(agents.submitted.length >= 1, true);
    }));
}

describe("races for items: SQLite", () => {
  describeRaces("SQLite", () => openSqliteStore({ memory: true, clock: systemClock, migrations: coreMigrations }));
});

describe("races for items: PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  const service = startPostgres();
  after(async () => (await service)[Symbol.asyncDispose]());
  describeRaces("PostgreSQL", async () => {
    const database = await (await service).createDatabase();
    const store = await openPostgresStore({ url: database.url, clock: systemClock, migrations: coreMigrations });
    const dispose = store[Symbol.asyncDispose].bind(store);
    return Object.assign(store, {
      async [Symbol.asyncDispose]() {
        await dispose();
        await database[Symbol.asyncDispose]();
      },
    });
  });
});
