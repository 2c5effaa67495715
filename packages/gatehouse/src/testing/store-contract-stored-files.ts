import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Store } from "../kernel/ports/store.ts";
import type { StoredRecord, StoredStep } from "../kernel/ports/stored-files.ts";
import { createStorageLog } from "../store/sql/media/storage-log.ts";
import { createStoredFiles } from "../store/sql/media/stored-files.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const files = createStoredFiles();
const log = createStorageLog();
const CLEAR = portableStatement("DELETE FROM stored_files");
const LATER = 3_600_000;
const PAUSE = 600_000;
let numbers = 0;

/** What the records of stored files and targets promise on any transactional store. */
export function describeStoredFilesContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: stored files`, () => {
    const current = useStore(create);
    beforeEach(() => current().write((transaction) => transaction.execute(CLEAR, [])));
    describeSteps(current);
    describeDue(current);
    describeChecks(current);
  });
  describe(`${name}: storage log`, () => {
    const current = useStore(create);
    describeLog(current);
  });
}

async function add(store: Store, key: string, archiveAt = 0): Promise<StoredRecord> {
  const file = { key, bytes: 1234, sha256: "ab".repeat(32), type: "image/jpeg", archiveAt };
  await store.write((transaction) => files.add(transaction, file));
  return (await find(store, key)) ?? assert.fail();
}

const find = (store: Store, key: string) => store.read((transaction) => files.find(transaction, key));
const step = (store: Store, made: StoredStep) => store.write((transaction) => files.step(transaction, made));
const due = (store: Store, transfer: "copy" | "evict" | "remove") =>
  store.write(async (transaction) =>
    (await files.due(transaction, { transfer, limit: 10, pause: PAUSE })).map(({ key }) => key),
  );

function describeSteps(current: () => Store): void {
  it("keeps what was put, and counts what takes its place", async () => {
    const { storedAt, ...record } = await add(current(), "t/a/view");
    assert.ok(storedAt > 0);
    const described = { key: "t/a/view", bytes: 1234, sha256: "ab".repeat(32), type: "image/jpeg" };
    const places = { verifiedAt: undefined, evictAt: undefined, damaged: undefined };
    assert.deepEqual(record, { ...described, state: "hot", revision: 1, ...places });
    assert.equal((await add(current(), "t/a/view")).revision, 2);
    assert.equal(await find(current(), "t/b/view"), undefined);
  });

  it("makes a step only from where it starts, and for the file it was meant for", async () => {
    const { key, revision } = await add(current(), "t/a/view");
    const copied = { key, revision, from: "hot", to: "copied", evictAt: 77 } as const;
    assert.equal(await step(current(), { ...copied, revision: 9 }), false);
    assert.equal(await step(current(), { ...copied, from: "archived" }), false);
    assert.equal(await step(current(), copied), true);
    assert.equal(await step(current(), copied), false);
    const record = (await find(current(), key)) ?? assert.fail();
    assert.deepEqual([record.state, record.evictAt], ["copied", 77]);
    assert.ok(record.verifiedAt !== undefined);
    assert.equal(await step(current(), { key, revision, from: "copied", to: "hot", archiveAt: 5 }), true);
    const again = (await find(current(), key)) ?? assert.fail();
    assert.deepEqual([again.state, again.evictAt, again.verifiedAt], ["hot", undefined, undefined]);
  });

  it("makes room for another file, but not under a move", async () => {
    const { key, revision } = await add(current(), "t/a/view");
    const release = () => current().write((transaction) => files.release(transaction, key));
    assert.equal(await release(), true);
    assert.equal(await release(), true);
    await add(current(), key);
    await step(current(), { key, revision, from: "hot", to: "copied", evictAt: 1 });
    await step(current(), { key, revision, from: "copied", to: "evicting" });
    assert.equal(await release(), false);
  });

  it("forgets a file only once it was marked", async () => {
    const { key } = await add(current(), "t/a/view");
    await current().write((transaction) => files.forget(transaction, key));
    assert.ok((await find(current(), key)) !== undefined);
    assert.equal(await current().write((transaction) => files.remove(transaction, key)), true);
    await current().write((transaction) => files.forget(transaction, key));
    assert.equal(await find(current(), key), undefined);
    assert.equal(await current().write((transaction) => files.remove(transaction, key)), false);
  });

  it("says which keys it knows nothing of", async () => {
    await add(current(), "t/a/view");
    const unknown = await current().read((transaction) => files.unknown(transaction, ["t/b/view", "t/a/view", "x"]));
    assert.deepEqual(unknown, ["t/b/view", "x"]);
    assert.deepEqual(await current().read((transaction) => files.unknown(transaction, [])), []);
  });
}

function describeDue(current: () => Store): void {
  it("gives what is due once, until its pause is over or it was hastened", async () => {
    const now = await current().write((transaction) => transaction.now());
    await add(current(), "t/a/view", now - 2);
    await add(current(), "t/b/view", now + LATER);
    assert.deepEqual(await due(current(), "copy"), ["t/a/view"]);
    assert.deepEqual(await due(current(), "copy"), []);
    assert.equal(await current().write((transaction) => files.hasten(transaction, "t/b/view")), true);
    assert.deepEqual(await due(current(), "copy"), ["t/b/view"]);
    assert.equal(await current().write((transaction) => files.hasten(transaction, "t/c/view")), false);
  });

  it("gives what may leave hot, what is leaving it, and what is to be removed", async () => {
    const { key, revision } = await add(current(), "t/a/view");
    await step(current(), { key, revision, from: "hot", to: "copied", evictAt: 1 });
    assert.deepEqual(await due(current(), "copy"), []);
    assert.deepEqual(await due(current(), "evict"), [key]);
    await step(current(), { key, revision, from: "copied", to: "evicting" });
    assert.deepEqual(await due(current(), "evict"), [key]);
    await current().write((transaction) => files.remove(transaction, key));
    assert.deepEqual(await due(current(), "evict"), []);
    assert.deepEqual(await due(current(), "remove"), [key]);
  });
}

function describeChecks(current: () => Store): void {
  const checked = (key: string, intact: boolean) =>
    current().write((transaction) => files.checked(transaction, { key, revision: 1, place: "hot", intact }));
  const leastChecked = () =>
    current().read(async (transaction) =>
      (await files.leastChecked(transaction, { place: "hot", limit: 10, before: Number.MAX_SAFE_INTEGER })).map(
        ({ key }) => key,
      ),
    );

  it("gives the copies that were checked longest ago, and counts the damaged ones", async () => {
    for (const key of ["t/a/view", "t/b/view"]) await add(current(), key);
    assert.equal(await current().write((transaction) => files.uncheck(transaction, "hot")), 2);
    await checked("t/a/view", true);
    assert.deepEqual(await leastChecked(), ["t/b/view", "t/a/view"]);
    await checked("t/b/view", false);
    const condition = await current().read((transaction) => files.condition(transaction, "hot"));
    assert.deepEqual([condition.files, condition.bytes, condition.damaged], [2, 2468, 1]);
    assert.equal((await find(current(), "t/b/view"))?.damaged, "hot");
    assert.deepEqual(await due(current(), "copy"), ["t/a/view"], "what is damaged is not copied");
    await checked("t/b/view", true);
    assert.equal((await find(current(), "t/b/view"))?.damaged, undefined);
    const archive = await current().read((transaction) => files.condition(transaction, "archive"));
    assert.deepEqual(archive, { files: 0, bytes: 0, damaged: 0, leastCheckedAt: undefined });
  });

  it("adds up files by state", async () => {
    for (const key of ["t/a/view", "t/b/view"]) await add(current(), key);
    await step(current(), { key: "t/a/view", revision: 1, from: "hot", to: "copied", evictAt: 1 });
    const totals = await current().read((transaction) => files.totals(transaction));
    assert.deepEqual(
      totals.filter((total) => total.files > 0),
      [
        { state: "hot", files: 1, bytes: 1234 },
        { state: "copied", files: 1, bytes: 1234 },
      ],
    );
  });
}

function describeLog(current: () => Store): void {
  const fresh = (): string => `target-${(numbers += 1)}`;

  it("keeps probes, and the use of each hour", async () => {
    const target = fresh();
    const probe = { latency: 12, failure: "", used: 10, total: 100 };
    await current().write(async (transaction) => {
      await log.addProbe(transaction, target, { ...probe, at: LATER });
      await log.addProbe(transaction, target, { ...probe, at: LATER + 1, used: 20 });
      await log.addProbe(transaction, target, {
        at: 2 * LATER,
        latency: undefined,
        failure: "down",
        used: undefined,
        total: undefined,
      });
    });
    const probes = await current().read((transaction) => log.probes(transaction, target, LATER + 1));
    assert.deepEqual(
      probes.map(({ at, failure }) => [at, failure]),
      [
        [LATER + 1, ""],
        [2 * LATER, "down"],
      ],
    );
    assert.deepEqual(await current().read((transaction) => log.use(transaction, target, 0)), [
      { at: LATER + 1, used: 20, total: 100 },
    ]);
    assert.ok((await current().write((transaction) => log.prune(transaction, 2 * LATER, 100))) >= 2);
    assert.equal((await current().read((transaction) => log.probes(transaction, target, 0))).length, 1);
  });

  it("counts checks within a span, from anew once transfers were resumed", async () => {
    const target = fresh();
    const checks = () => current().read((transaction) => log.checks(transaction, target, 0));
    await current().write((transaction) => log.count(transaction, target, { intact: 2, damaged: 0 }));
    await current().write((transaction) => log.count(transaction, target, { intact: 0, damaged: 1 }));
    assert.deepEqual(await checks(), { intact: 2, damaged: 1 });
    assert.equal(await current().write((transaction) => log.halt(transaction, target, "three")), true);
    assert.equal(await current().write((transaction) => log.halt(transaction, target, "four")), false);
    assert.equal((await current().read((transaction) => log.halted(transaction, target)))?.reason, "three");
    assert.equal(await current().write((transaction) => log.resume(transaction, target)), true);
    assert.equal(await current().write((transaction) => log.resume(transaction, target)), false);
    assert.deepEqual(await checks(), { intact: 0, damaged: 0 });
  });

  it("keeps notes on a target", async () => {
    const target = fresh();
    assert.equal(await current().read((transaction) => log.notes(transaction, target)), undefined);
    await current().write((transaction) => log.setNotes(transaction, target, { raised: ["full"] }));
    assert.deepEqual(await current().read((transaction) => log.notes(transaction, target)), { raised: ["full"] });
    assert.equal(await current().read((transaction) => log.halted(transaction, target)), undefined);
  });
}
