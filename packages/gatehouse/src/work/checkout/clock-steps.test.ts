import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { skipWithout, startPostgres } from "../../testing/services.ts";
import { createWorkAgents, workAgent } from "../../testing/work-agents.ts";

/*
 * Attack: the clock of a server, or of an agent, is wrong or is set while leases are out. Leases are judged by the
 * database's clock alone; and whatever that says, the epoch lets one holder in.
 */
describe("steps of clocks", { skip: await skipWithout("postgres") }, () => {
  const service = startPostgres();
  after(async () => (await service)[Symbol.asyncDispose]());
  const result = { text: "one: a boat" };
  const HOUR = 3_600_000;

  it("of a server on PostgreSQL end no lease and lengthen none", async () => {
    await using database = await (await service).createDatabase();
    await using store = await openPostgresStore({ url: database.url, clock: systemClock, migrations: coreMigrations });
    for (const step of [-HOUR, HOUR, 24 * HOUR]) {
      const wrong = createFakeClock(systemClock.now() + step);
      await using agents = await createWorkAgents({ store, clock: wrong, tenant: "acme", limits: { lease: 60_000 } });
      await agents.kit.propose(["one"]);
      const [taken] = await agents.checkout(workAgent("a"));
      const now = await agents.kit.now();
      assert.ok(taken !== undefined && Math.abs(taken.lease_expires_at - now - 60_000) < 10_000);
      wrong.correct(wrong.now() - step * 2);
      assert.equal((await agents.kit.reclaim()).length, 0);
      const { item, lease, epoch } = taken;
      assert.equal(await agents.code("heartbeat", workAgent("a"), { item, lease, epoch }), "ok");
      assert.equal(await agents.code("submit", workAgent("a"), { item, lease, epoch, result }), "ok");
    }
  });

  it("of a server on SQLite, whose clock the database's is, let one holder in", async () => {
    await using agents = await createWorkAgents();
    const order = await agents.kit.propose(["one"]);
    const first = await agents.take(workAgent("a"));
    agents.clock.correct(agents.clock.now() + 24 * HOUR);
    const second = await agents.take(workAgent("b"));
    agents.clock.correct(agents.clock.now() - 48 * HOUR);
    assert.equal(await agents.code("submit", workAgent("a"), { ...first, result }), "LEASE_LOST");
    assert.equal(await agents.code("heartbeat", workAgent("b"), second), "ok");
    assert.equal(await agents.code("checkout", workAgent("c")), "NO_ITEMS_AVAILABLE");
    assert.equal(await agents.code("submit", workAgent("b"), { ...second, result }), "ok");
    assert.equal(await agents.kit.verify(order), undefined);
  });
});
