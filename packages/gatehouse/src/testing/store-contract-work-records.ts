import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import type { WorkOrderKey } from "../kernel/ports/work-orders.ts";
import { createWorkHistory } from "../store/sql/work/history.ts";
import { createWorkParts } from "../store/sql/work/parts.ts";
import { createWorkPauses } from "../store/sql/work/pauses.ts";
import { createWorkWatch } from "../store/sql/work/watch.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";
import { agent, WorkKit } from "./work-kit.ts";

/** What parts, pauses, the history of orders and looking at all of them promise on any transactional store. */
export function describeWorkRecordsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: parts, pauses, history and watch of work`, () => {
    const current = useStore(create);
    describeParts(() => new WorkKit(current()));
    describePauses(() => new WorkKit(current()));
    describeHistory(() => new WorkKit(current()));
    describeWatch(() => new WorkKit(current()));
  });
}

function describeParts(fresh: () => WorkKit): void {
  it("keeps the newest of each part, and no more than there may be", async () => {
    const kit = fresh();
    await kit.propose();
    const { lease, item } = await kit.take();
    const parts = createWorkParts();
    const put = (partName: string, number: number, payload: string) =>
      kit.store.write((transaction) =>
        parts.put(transaction, lease, {
          ...{ name: partName, number, payload, bytes: payload.length, checksum: `of ${payload}`, most: 2 },
        }),
      );
    assert.equal(await put("page", 1, "[1]"), 1);
    assert.equal(await put("page", 0, "[2]"), 1);
    assert.equal(await put("page", 1, "[3]"), 2);
    assert.equal(await put("page", 2, "[4]"), undefined);
    assert.equal(await put("cover", 0, "[5]"), undefined);
    const listed = await kit.store.read((transaction) => parts.list(transaction, item));
    assert.deepEqual(
      listed.map((part) => [part.name, part.number, part.payload, part.revision, part.epoch, part.checksum]),
      [
        ["page", 0, "[2]", 1, 1, "of [2]"],
        ["page", 1, "[3]", 2, 1, "of [3]"],
      ],
    );
    const summaries = await kit.store.read((transaction) => parts.summaries(transaction, item));
    assert.deepEqual(
      summaries,
      listed.map(({ payload: _, ...summary }) => summary),
    );
    const foreign = { ...item, tenant: "x" };
    assert.deepEqual(await kit.store.read((transaction) => parts.list(transaction, foreign)), []);
    assert.deepEqual(await kit.store.read((transaction) => parts.summaries(transaction, foreign)), []);
  });
}

function describePauses(fresh: () => WorkKit): void {
  it("stops an agent, a type or a tenant, and tells those who hold something of it", async () => {
    for (const [kind, pausedName] of [
      ["agent", "a"],
      ["type", "caption.write"],
      ["tenant", ""],
    ] as const) {
      const kit = fresh();
      const pauses = createWorkPauses();
      await kit.propose(["one", "two"]);
      const held = await kit.take(agent("a"));
      const pause = { tenant: kit.tenant, kind, name: pausedName, reason: "It runs wild.", pausedBy: "ada" };
      await kit.store.write((transaction) => pauses.add(transaction, pause));
      const beat = await kit.renew(held);
      assert.ok(typeof beat !== "string" && beat.cancelRequested);
      const refused = (await kit.ask(agent("a"))).claimed;
      assert.deepEqual(refused, { kind: "paused", by: kind, reason: "It runs wild." });
      assert.equal((await kit.ask(agent("b"))).claimed.kind, kind === "agent" ? "claimed" : "paused");
      const found = (of: string) =>
        kit.store.read((transaction) => pauses.find(transaction, { tenant: kit.tenant, type: kit.type, agent: of }));
      assert.equal((await found("a"))?.kind, kind);
      assert.equal((await found("b"))?.kind, kind === "agent" ? undefined : kind);
      const [{ at: _, ...listed } = assert.fail()] = await kit.store.read((transaction) =>
        pauses.list(transaction, kit.tenant),
      );
      assert.deepEqual(listed, pause);
      assert.equal(await kit.store.write((transaction) => pauses.lift(transaction, pause)), true);
      assert.equal(await kit.store.write((transaction) => pauses.lift(transaction, pause)), false);
      await kit.propose();
      assert.equal((await kit.ask(agent("a"))).claimed.kind, "claimed");
    }
  });
}

function describeHistory(fresh: () => WorkKit): void {
  it("moves ended orders away, finds them still, and deletes them with all but their events", async () => {
    const kit = fresh();
    const history = createWorkHistory();
    const [ended, open] = [await kit.propose(["a"]), await kit.propose(["b"])];
    await kit.change(ended, { state: "cancelled" }, { from: ["queued"], to: "cancelled" });
    const [order, items] = [await kit.order(ended), await kit.item(ended.items[0] ?? "")];
    const later = (await kit.now()) + 1000;
    const run = (what: keyof typeof history, before: number) =>
      kit.store.write((transaction) => history[what](transaction, before, 100));
    assert.equal(await run("archive", order.closedAt ?? 0), 0);
    assert.ok((await run("archive", later)) >= 1);
    assert.equal(await run("archive", later), 0);
    assert.deepEqual([await kit.order(ended), await kit.item(ended.items[0] ?? "")], [order, items]);
    assert.equal(await kit.verify(ended), undefined);
    const page = { filter: {}, limit: 10 };
    const list = async () =>
      (await kit.store.read((transaction) => kit.orders.list(transaction, kit.tenant, page))).map(({ id }) => id);
    assert.deepEqual(await list(), [ended.id, open.id]);
    assert.ok((await run("prune", later)) >= 1);
    assert.deepEqual(await list(), [open.id]);
    const events = () => kit.store.read((transaction) => kit.orders.events(transaction, ended, { limit: 10 }));
    assert.ok((await events()).length > 0);
    assert.ok((await run("pruneEvents", later)) > 0);
    assert.deepEqual(await events(), []);
    assert.equal(await kit.verify(open), undefined);
  });
}

function describeWatch(fresh: () => WorkKit): void {
  it("tells how work stands, of all tenants together, and nothing of what has ended", async () => {
    const [one, other] = [fresh(), fresh()];
    const type = `watched-${one.tenant}`;
    const runAt = (await one.now()) - 60_000;
    const orders = [await one.propose(["a", "b"], { type, runAt }), await other.propose(["a"], { type, runAt })];
    await one.propose(["later"], { type, runAt: runAt + 3_600_000 });
    const ended = await one.propose(["a"], { type, runAt });
    await one.change(ended, { state: "cancelled" }, { from: ["queued"], to: "cancelled" });
    await one.take(agent("a"), { types: [one.kind(type)] });
    const watch = createWorkWatch();
    const standing = await one.store.read((transaction) => watch.standing(transaction));
    const own = <Row extends { readonly type: string }>(rows: readonly Row[]): Row[] =>
      rows.filter((row) => row.type === type);
    assert.deepEqual(
      own(standing.orders).map(({ state, reason, count }) => [state, reason, count]),
      [
        ["checked_out", "", 1],
        ["queued", "", 2],
      ],
    );
    assert.deepEqual(own(standing.leases), [{ type, count: 1 }]);
    const [{ count, age } = assert.fail()] = own(standing.claimable);
    assert.ok(count === 2 && age >= 60_000 && age < 120_000, `${count} ${age}`);
    const find = (what: "overdue" | "failed", longer: number) =>
      one.store.read((transaction) => watch[what](transaction, { longer, limit: 1000 }));
    const of = async (what: "overdue" | "failed", longer: number) =>
      own(await find(what, longer)).map(({ id, state }) => `${id} ${state}`);
    assert.deepEqual(await of("overdue", 60_000), []);
    assert.equal((await of("overdue", -60_000)).length, 3);
    // An event of the very millisecond in which the wait has begun is of before it.
    await delay(5);
    for (const order of orders) await one.store.write((transaction) => noteOverdue(one, transaction, order));
    assert.equal((await of("overdue", -60_000)).length, 1, "of what was told nothing is told again");
    const [first = assert.fail()] = orders;
    await one.change(first, { state: "failed" });
    assert.deepEqual(await of("failed", 60_000), []);
    assert.deepEqual(await of("failed", -60_000), [`${first.id} failed`]);
  });
}

async function noteOverdue(kit: WorkKit, transaction: WriteTransaction, order: WorkOrderKey): Promise<void> {
  const event = { kind: "overdue", actor: agent("work"), details: "{}" };
  await kit.orders.note(transaction, order, { ...event, item: undefined, from: undefined, to: undefined });
}
