import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SecurityEvent } from "../kernel/event.ts";
import { createIds } from "../kernel/ids.ts";
import type { AuditQuery } from "../kernel/ports/audit.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createAuditTrail } from "../store/sql/audit-trail.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { createFakeClock } from "./fake-clock.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const trail = createAuditTrail();
const start = 1_767_225_600_000;

/** What the audit trail promises on any transactional store. */
export function describeAuditTrailContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: audit trail`, () => describeTrail(useStore(create)));
}

/** Events of a tenant of their own, a second apart except for pairs that share a millisecond. */
function createEvents(tenant: string, count: number): SecurityEvent[] {
  const clock = createFakeClock(start);
  const ids = createIds(clock, createDeterministicRandom(tenant));
  return Array.from({ length: count }, (_, index) => {
    clock.correct(start + Math.floor(index / 2) * 1000);
    const denied = index % 3 === 0;
    return {
      id: ids.next(),
      at: clock.now(),
      name: denied ? "authz_fail" : "action_performed",
      level: denied ? "critical" : "info",
      tenant,
      actor: index % 5 === 0 ? { type: "agent", id: "robot", onBehalfOf: "ada" } : { type: "user", id: "ada" },
      source: index % 7 === 0 ? { entrance: "job" } : { entrance: "http", ip: "192.0.2.1" },
      action: `thing.${index % 2 === 0 ? "make" : "break"}`,
      ...(index % 4 === 0 ? { target: `thing ${index}` } : {}),
      outcome: denied ? "denied" : "success",
      ...(denied ? { problem: "PERMISSION_DENIED" } : {}),
      requestId: ids.next(),
      context: { index, ok: !denied, note: "ä \" '" },
    };
  });
}

function describeTrail(current: () => Store): void {
  const find = (query: AuditQuery) => current().read((reading) => trail.find(reading, query));
  const write = (events: readonly SecurityEvent[]) =>
    current().write(async (writing) => {
      for (const event of events) await trail.append(writing, event);
    });

  it("returns events as they were written, newest first", async () => {
    const events = createEvents("round", 12);
    await write(events);
    assert.deepEqual(await find({ tenant: "round", limit: 100 }), events.toReversed());
  });

  it("pages without gaps or repetitions, also where events share a millisecond", async () => {
    const events = createEvents("paging", 25);
    await write(events);
    for (const limit of [1, 3, 10]) {
      const seen: string[] = [];
      for (let before: string | undefined; ; before = seen.at(-1)) {
        const page = await find({ tenant: "paging", limit, ...(before === undefined ? {} : { before }) });
        if (page.length === 0) break;
        assert.ok(page.length <= limit);
        seen.push(...page.map((event) => event.id));
      }
      assert.deepEqual(
        seen,
        events.toReversed().map((event) => event.id),
      );
    }
  });

  it("goes on paging when the last row of the page before has been pruned", async () => {
    const events = createEvents("pruned page", 10);
    await write(events.filter((_, index) => index !== 6));
    const rest = await find({ tenant: "pruned page", limit: 100, before: events[6]?.id ?? "" });
    assert.deepEqual(rest, events.slice(0, 6).toReversed());
  });

  const filters: readonly [string, Partial<AuditQuery>, (event: SecurityEvent) => boolean][] = [
    ["name", { name: "authz_fail" }, (event) => event.name === "authz_fail"],
    ["outcome", { outcome: "denied" }, (event) => event.outcome === "denied"],
    ["success", { outcome: "success" }, (event) => event.outcome === "success"],
    ["level", { level: "critical" }, (event) => event.level === "critical"],
    ["actor", { actor: "robot" }, (event) => event.actor.id === "robot"],
    ["action", { action: "thing.make" }, (event) => event.action === "thing.make"],
    ["address", { ip: "192.0.2.1" }, (event) => event.source.ip === "192.0.2.1"],
    ["from, inclusive", { from: start + 3000 }, (event) => event.at >= start + 3000],
    ["until, exclusive", { until: start + 3000 }, (event) => event.at < start + 3000],
    [
      "several at once",
      { outcome: "denied", actor: "ada", from: start + 1000, until: start + 9000 },
      (event) =>
        event.outcome === "denied" && event.actor.id === "ada" && event.at >= start + 1000 && event.at < start + 9000,
    ],
  ];
  for (const [what, query, expected] of filters) {
    it(`narrows by ${what}`, async () => {
      const tenant = `filter ${what}`;
      const events = createEvents(tenant, 24);
      await write(events);
      const wanted = events.filter(expected).toReversed();
      assert.ok(wanted.length > 0 && wanted.length < events.length);
      assert.deepEqual(await find({ tenant, limit: 100, ...query }), wanted);
    });
  }

  it("narrows by request, across tenants", async () => {
    const events = createEvents("request", 4);
    await write(events);
    const [, wanted] = events;
    assert.deepEqual(await find({ requestId: wanted?.requestId ?? "", limit: 10 }), [wanted]);
  });

  it("prunes the oldest, a limited number at once", async () => {
    const store = current();
    await store.write((writing) => trail.prune(writing, start + 1_000_000, 1_000_000));
    const events = createEvents("pruning", 10);
    await write(events);
    assert.equal(await store.write((writing) => trail.prune(writing, start + 2000, 3)), 3);
    assert.deepEqual(await find({ tenant: "pruning", limit: 100 }), events.slice(3).toReversed());
    assert.equal(await store.write((writing) => trail.prune(writing, start + 2000, 3)), 1);
  });

  it("keeps an event only when the transaction it belongs to is committed", async () => {
    const events = createEvents("rollback", 1);
    const failing = current().write(async (writing) => {
      for (const event of events) await trail.append(writing, event);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual(await find({ tenant: "rollback", limit: 10 }), []);
  });
}
