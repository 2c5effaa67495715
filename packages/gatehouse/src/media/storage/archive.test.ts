import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { putFile, readFile } from "../../testing/storage-target-contract.ts";
import { flipBit, openFolder, StorageKit, type StorageKitOptions } from "../../testing/storage-kit.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { HEALTH_QUEUE } from "./repeated-job.ts";
import { StorageTargetError } from "./storage-error.ts";
import { TRANSFER_QUEUE, transferJob } from "./transfers.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CONTENT = Buffer.from("a photo of a cake");

describe("the archive", () => {
  it("copies, waits, and deletes from hot what it has verified twice", async () => {
    await using place = await createPlace();
    const { kit, clock, hot, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    assert.equal(await kit.state("t/a/view"), "hot");
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "copied");
    assert.deepEqual(await contents([hot, archive], "t/a/view"), [String(CONTENT), String(CONTENT)]);
    clock.correct(clock.now() + HOUR - 1);
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "copied");
    clock.correct(clock.now() + 1);
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "archived");
    assert.deepEqual(await contents([hot, archive], "t/a/view"), [undefined, String(CONTENT)]);
    assert.equal(await readFile(kit.target, "t/a/view"), String(CONTENT));
    assert.deepEqual(kit.eventNames(), []);
  });

  it("leaves alone what is not old enough", async () => {
    await using place = await createPlace({ archiveAfter: DAY });
    await putFile(place.kit.target, "t/a/view", CONTENT);
    await place.kit.settle();
    assert.equal(await place.archive.head("t/a/view"), undefined);
  });

  it("brings back what is asked for, for a while", async () => {
    await using place = await archived(["t/a/view"]);
    const { kit, clock, hot } = place;
    await kit.parts.store.write((transaction) => kit.jobs.add(transaction, transferJob("restore", "t/a/view")));
    await kit.settle();
    assert.equal(await readFile(hot, "t/a/view"), String(CONTENT));
    assert.equal(await kit.state("t/a/view"), "copied");
    clock.correct(clock.now() + DAY);
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "archived");
  });

  it("finds flipped bits in the archive before anything is deleted, and copies again", async () => {
    await using place = await createPlace();
    const { kit, clock, hot, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    await kit.settle();
    flipBit(place.archiveFolder, "t/a/view");
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.equal(await readFile(hot, "t/a/view"), String(CONTENT), "nothing is deleted from hot");
    assert.deepEqual(kit.eventNames(), ["storage_copy_damaged"]);
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.deepEqual(await contents([hot, archive], "t/a/view"), [String(CONTENT), String(CONTENT)]);
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "archived");
  });

  it("notices an archive that stores something else than it was given", async () => {
    await using place = await createPlace({
      wrapArchive: (archive, folder) => ({
        ...methodsOf(archive),
        async put(key, file) {
          await archive.put(key, file);
          flipBit(folder, key);
        },
      }),
    });
    const { kit, clock, hot } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    for (let round = 0; round < 5; round += 1) {
      await kit.settle();
      clock.correct(clock.now() + 11 * 60_000);
    }
    assert.equal(await kit.isHalted(), true);
    assert.equal(await readFile(hot, "t/a/view"), String(CONTENT));
    const names = kit.eventNames();
    assert.equal(names.filter((name) => name === "storage_copy_damaged").length, 3);
    assert.equal(names.at(-1), "storage_copy_damaged");
    assert.equal(names.filter((name) => name === "storage_transfers_halted").length, 1);
  });

  it("stops transfers and deletions after three damaged copies, until an operator resumes", async () => {
    const keys = ["t/a/view", "t/b/view", "t/c/view", "t/d/view"];
    await using place = await createPlace();
    const { kit, clock, hot, archive } = place;
    for (const key of keys) await putFile(kit.target, key, CONTENT);
    await kit.settle();
    for (const key of keys.slice(0, 3)) flipBit(place.archiveFolder, key);
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.equal(await kit.isHalted(), true);
    const before = await kit.state("t/d/view");
    await putFile(kit.target, "t/e/view", CONTENT);
    clock.correct(clock.now() + DAY);
    await kit.settle();
    assert.equal(await archive.head("t/e/view"), undefined, "nothing is transferred");
    assert.equal(await kit.state("t/d/view"), before, "nothing is deleted");
    for (const key of keys.slice(0, 3)) assert.equal(await readFile(hot, key), String(CONTENT));
    await kit.parts.store.write((transaction) => kit.parts.log.resume(transaction, archive.name));
    await kit.settle();
    clock.correct(clock.now() + DAY);
    await kit.settle();
    for (const key of [...keys, "t/e/view"]) assert.equal(await kit.state(key), "archived", key);
  });

  it("does not begin to delete in the moment the breaker opens", async () => {
    await using place = await createPlace();
    const { kit, clock, hot, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    await kit.settle();
    clock.correct(clock.now() + HOUR);
    await kit.begin("PlanTransfers", HEALTH_QUEUE);
    for (const job of await kit.claim(HEALTH_QUEUE)) await kit.work(job);
    await kit.parts.store.write((transaction) => kit.parts.log.halt(transaction, archive.name, "test"));
    for (const job of await kit.claim(TRANSFER_QUEUE)) await kit.work(job);
    assert.equal(await readFile(hot, "t/a/view"), String(CONTENT));
    assert.equal(await kit.state("t/a/view"), "copied");
  });

  it("says that the only copy is damaged, and does not put it into the archive", async () => {
    await using place = await createPlace();
    const { kit, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    flipBit(place.hotFolder, "t/a/view");
    await kit.settle();
    assert.equal(await archive.head("t/a/view"), undefined);
    assert.deepEqual(kit.eventNames(), ["storage_file_lost"]);
    assert.equal((await kit.record("t/a/view"))?.damaged, "hot");
  });

  it("deletes everywhere what is deleted, also while the archive is down", async () => {
    let down = false;
    await using place = await createPlace({
      wrapArchive: (archive) => ({
        ...methodsOf(archive),
        async delete(key) {
          if (down) throw new StorageTargetError("archive", "unavailable", { message: "is down." });
          await archive.delete(key);
        },
      }),
    });
    const { kit, clock, hot, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    await kit.settle();
    down = true;
    await assert.rejects(kit.target.delete("t/a/view"), /is down/);
    down = false;
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.deepEqual(await contents([hot, archive], "t/a/view"), [undefined, undefined]);
    assert.equal(await kit.record("t/a/view"), undefined);
  });

  it("leaves no orphan of a file that is deleted while it is copied", async () => {
    const deletion = { begins: async (): Promise<void> => undefined };
    await using place = await createPlace({
      wrapArchive: (archive) => ({
        ...methodsOf(archive),
        async put(key, file) {
          await deletion.begins();
          await archive.put(key, file);
        },
      }),
    });
    const { kit, hot, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    deletion.begins = () => kit.target.delete("t/a/view");
    await kit.settle();
    assert.deepEqual(await contents([hot, archive], "t/a/view"), [undefined, undefined]);
  });

  it("leaves no orphan of a copy that a crash kept from being recorded before its file was deleted", async () => {
    const deletion = { begins: async (): Promise<void> => undefined };
    await using place = await createPlace({
      wrapArchive: (archive) => ({
        ...methodsOf(archive),
        async put(key, file) {
          await deletion.begins();
          await archive.put(key, file);
          throw new Error("The process ends here.");
        },
      }),
    });
    const { kit, hot, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    deletion.begins = () => kit.target.delete("t/a/view");
    await kit.settle();
    assert.deepEqual(await contents([hot, archive], "t/a/view"), [undefined, undefined]);
  });

  it("leaves no orphan of a file that is deleted while it is restored", async () => {
    const deletion = { begins: async (): Promise<void> => undefined };
    await using place = await archived(["t/a/view"], {
      wrapArchive: (archive) => ({
        ...methodsOf(archive),
        async get(key, range) {
          const found = await archive.get(key, range);
          await deletion.begins();
          return found;
        },
      }),
    });
    const { kit, hot, archive } = place;
    deletion.begins = () => kit.target.delete("t/a/view");
    await kit.parts.store.write((transaction) => kit.jobs.add(transaction, transferJob("restore", "t/a/view")));
    await kit.settle();
    assert.deepEqual(await contents([hot, archive], "t/a/view"), [undefined, undefined]);
    assert.equal(await kit.record("t/a/view"), undefined);
  });

  it("loses nothing while the archive is full or down, and goes on when it is not", async () => {
    let fault: "full" | "unavailable" | undefined;
    await using place = await createPlace({
      wrapArchive: (archive) => ({
        ...methodsOf(archive),
        async put(key, file) {
          if (fault !== undefined) throw new StorageTargetError("archive", fault, { message: "does not take it." });
          await archive.put(key, file);
        },
      }),
    });
    const { kit, clock, hot } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    for (fault of ["full", "unavailable"] as const) {
      await kit.settle();
      assert.equal(await readFile(hot, "t/a/view"), String(CONTENT));
      assert.equal(await kit.state("t/a/view"), "hot");
      clock.correct(clock.now() + HOUR);
    }
    assert.ok(kit.eventNames().includes("storage_transfer_failed"));
    fault = undefined;
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "copied");
  });

  it("gives up an archive that hangs, and keeps the file", async () => {
    let hanging = true;
    await using place = await createPlace({
      patience: 30,
      wrapArchive: (archive) => ({
        ...methodsOf(archive),
        put: (key, file) => (hanging ? new Promise<void>(() => undefined) : archive.put(key, file)),
      }),
    });
    const { kit, hot } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    await kit.begin("PlanTransfers", HEALTH_QUEUE);
    for (const job of await kit.claim(HEALTH_QUEUE)) await kit.work(job);
    for (const job of await kit.claim(TRANSFER_QUEUE)) await kit.work(job);
    assert.equal(await readFile(hot, "t/a/view"), String(CONTENT));
    hanging = false;
    await kit.settle();
    assert.equal(await kit.state("t/a/view"), "copied");
  });
});

describe("the integrity check", () => {
  it("finds flipped bits at the hot target and heals them from the archive", async () => {
    await using place = await createPlace({ checkDays: 1, grace: 100 * DAY });
    const { kit, clock, hot } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    await kit.settle();
    flipBit(place.hotFolder, "t/a/view");
    clock.correct(clock.now() + DAY);
    await kit.begin("CheckHot", TRANSFER_QUEUE);
    await kit.settle();
    assert.deepEqual(kit.eventNames(), ["storage_copy_damaged", "storage_copy_healed"]);
    assert.equal(await readFile(hot, "t/a/view"), String(CONTENT));
    assert.equal((await kit.record("t/a/view"))?.damaged, undefined);
  });

  it("finds what is gone from the archive, and copies it anew before anything is deleted", async () => {
    await using place = await createPlace({ checkDays: 1, grace: 100 * DAY });
    const { kit, clock, archive } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    await kit.settle();
    rmSync(join(place.archiveFolder, "files", "t/a/view"));
    clock.correct(clock.now() + DAY);
    await kit.begin("CheckArchive", TRANSFER_QUEUE);
    await kit.settle();
    assert.deepEqual(kit.eventNames(), ["storage_copy_damaged"]);
    clock.correct(clock.now() + HOUR);
    await kit.settle();
    assert.equal(await readFile(archive, "t/a/view"), String(CONTENT));
    assert.equal(await kit.state("t/a/view"), "copied");
  });

  it("says what is lost where the only copy is damaged", async () => {
    await using place = await archived(["t/a/view"], { checkDays: 1 });
    const { kit, clock } = place;
    flipBit(place.archiveFolder, "t/a/view");
    clock.correct(clock.now() + DAY);
    await kit.begin("CheckArchive", TRANSFER_QUEUE);
    await kit.settle();
    assert.deepEqual(kit.eventNames(), ["storage_copy_damaged", "storage_file_lost"]);
    assert.equal((await kit.record("t/a/view"))?.damaged, "archive");
  });

  it("reads a hundredth of the copies a day, those that were read longest ago first", async () => {
    await using place = await createPlace({ checkDays: 100, archiveAfter: 1000 * DAY });
    const { kit, clock } = place;
    const keys = Array.from({ length: 200 }, (_, index) => `t/${String(index).padStart(3, "0")}/view`);
    for (const key of keys) {
      await putFile(kit.target, key, CONTENT);
      clock.correct(clock.now() + 1);
    }
    clock.correct(clock.now() + 100 * DAY);
    const before = await conditionOf(kit);
    for (let hour = 0; hour < 24; hour += 1) {
      await kit.begin("CheckHot", TRANSFER_QUEUE);
      for (const job of await kit.claim(TRANSFER_QUEUE)) await kit.work(job);
      clock.correct(clock.now() + HOUR);
    }
    const checks = await kit.parts.store.read((transaction) => kit.parts.log.checks(transaction, "hot", 0));
    assert.ok(checks.intact >= 2 && checks.intact <= 24, `${checks.intact} copies were read`);
    assert.ok(((await conditionOf(kit)).leastCheckedAt ?? 0) > (before.leastCheckedAt ?? 0));
    for (const key of keys.slice(0, checks.intact)) flipBit(place.hotFolder, key);
    assert.deepEqual(kit.eventNames(), []);
  });

  it("calls nothing damaged while a target is down", async () => {
    let down = false;
    await using place = await createPlace({
      checkDays: 1,
      wrapArchive: (archive) => ({
        ...methodsOf(archive),
        get: (key, range) =>
          down
            ? Promise.reject(new StorageTargetError("archive", "unavailable", { message: "is down." }))
            : archive.get(key, range),
      }),
    });
    const { kit, clock } = place;
    await putFile(kit.target, "t/a/view", CONTENT);
    await kit.settle();
    down = true;
    clock.correct(clock.now() + DAY);
    await kit.begin("CheckArchive", TRANSFER_QUEUE);
    for (const job of await kit.claim(TRANSFER_QUEUE)) await kit.work(job);
    assert.deepEqual(kit.eventNames(), []);
  });

  it("deletes strays in the archive a day after they were found, and nothing that was recorded since", async () => {
    await using place = await createPlace();
    const { kit, clock, archive } = place;
    await putFile(archive, "t/stray/view", CONTENT);
    await putFile(archive, "t/late/view", CONTENT);
    await kit.begin("FindStrays", TRANSFER_QUEUE);
    await kit.settle();
    await putFile(kit.target, "t/late/view", CONTENT);
    await kit.settle();
    assert.deepEqual(await archive.list(""), ["t/late/view", "t/stray/view"]);
    clock.correct(clock.now() + DAY);
    await kit.settle();
    assert.deepEqual(await archive.list(""), ["t/late/view"]);
    assert.deepEqual(kit.eventNames(), ["storage_stray_deleted"]);
  });
});

interface Place extends AsyncDisposable {
  readonly kit: StorageKit;
  readonly clock: FakeClock;
  readonly hot: StorageTarget;
  readonly archive: StorageTarget;
  readonly hotFolder: string;
  readonly archiveFolder: string;
}

type PlaceOptions = Partial<Omit<StorageKitOptions, "store" | "clock" | "hot" | "archive">> & {
  readonly wrapArchive?: (archive: StorageTarget, folder: string) => StorageTarget;
};

async function createPlace({ wrapArchive = (archive) => archive, ...times }: PlaceOptions = {}): Promise<Place> {
  const folder = createTemporaryDirectory();
  const clock = createFakeClock();
  const [hotFolder, archiveFolder] = [join(folder.path, "hot"), join(folder.path, "archive")];
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const hot = await openFolder("hot", hotFolder);
  const archive = await openFolder("archive", archiveFolder);
  const kit = new StorageKit({ store, clock, hot, archive: wrapArchive(archive, archiveFolder), ...times });
  return {
    ...{ kit, clock, hot, archive, hotFolder, archiveFolder },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      for (const target of [hot, archive]) assert.equal(await target.removeUnfinished(Number.MAX_SAFE_INTEGER), 0);
      folder[Symbol.dispose]();
    },
  };
}

async function archived(keys: readonly string[], options: PlaceOptions = {}): Promise<Place> {
  const place = await createPlace(options);
  for (const key of keys) await putFile(place.kit.target, key, CONTENT);
  await place.kit.settle();
  place.clock.correct(place.clock.now() + HOUR);
  await place.kit.settle();
  for (const key of keys) assert.equal(await place.kit.state(key), "archived");
  return place;
}

/** A target whose methods can be replaced one by one. */
function methodsOf(target: StorageTarget): StorageTarget {
  return {
    name: target.name,
    put: (key, file) => target.put(key, file),
    get: (key, range) => target.get(key, range),
    head: (key) => target.head(key),
    delete: (key) => target.delete(key),
    list: (prefix, after) => target.list(prefix, after),
    removeUnfinished: (before) => target.removeUnfinished(before),
    capacity: () => target.capacity(),
  };
}

function contents(targets: readonly StorageTarget[], key: string): Promise<(string | undefined)[]> {
  return Promise.all(targets.map((target) => readFile(target, key)));
}

function conditionOf(kit: StorageKit) {
  return kit.parts.store.read((transaction) => kit.parts.files.condition(transaction, "hot"));
}
