import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError, type Store } from "../../kernel/ports/store.ts";
import { createTemporaryDirectory, eventually } from "../../testing/sqlite-fixture.ts";
import { contractMigrations, INSERT_NOTE, noteIds } from "../../testing/store-contract-fixture.ts";
import { DATABASE_FILE } from "./data-directory.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const basics = { clock: systemClock, migrations: contractMigrations };
const NOBODY = 65_534;
const unavailable = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreUnavailableError, String(error));
  assert.match(error.message, message);
  return true;
};

function insert(store: Store, id: string, amount = 1): Promise<unknown> {
  return store.write((transaction) => transaction.execute(INSERT_NOTE, [id, amount]));
}

/** A sync that works until it is told to fail. */
function createFragileSync() {
  const state = { failing: false };
  const sync = (done: (error: Error | null) => void): void =>
    void setImmediate(() => done(state.failing ? new Error("EIO: i/o error, fdatasync") : null));
  return { state, sync };
}

describe("openSqliteStore: a failing disk", () => {
  it("refuses what was not synced and everything after, and takes it back when it reopens", async () => {
    using directory = createTemporaryDirectory();
    const { state, sync } = createFragileSync();
    const reports: unknown[] = [];
    const tuning = { sync, reopenInterval: 60_000 };
    const report = (error: unknown): void => void reports.push(error);
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning, report });
    await insert(store, "kept");
    state.failing = true;
    const effects: string[] = [];
    const lost = ["x", "y"].map((id) =>
      store.write(async (transaction) => {
        transaction.afterCommit(() => effects.push(id));
        await transaction.execute(INSERT_NOTE, [id, 1]);
      }),
    );
    for (const write of lost) await assert.rejects(write, unavailable(/could not be synced to disk/));
    await assert.rejects(insert(store, "z"), unavailable(/could not be synced/));
    await assert.rejects(noteIds(store), unavailable(/could not be synced/));
    const health = await store.health();
    assert.deepEqual([health.state, reports.length, effects], ["down", 1, []]);
    state.failing = false;
    await store.reopen();
    assert.deepEqual(await noteIds(store), ["kept"]);
    await insert(store, "later");
    assert.deepEqual(await noteIds(store), ["kept", "later"]);
    assert.equal((await store.health()).state, "up");
  });

  it("takes back exactly what was never acknowledged, over checkpoints and many failures", async () => {
    using directory = createTemporaryDirectory();
    const { state, sync } = createFragileSync();
    const tuning = { sync, reopenInterval: 60_000, checkpointFrames: 20 };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    const acknowledged: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      for (let index = 0; index < 7 * round; index += 1) {
        const id = `${String(round).padStart(2, "0")}-${String(index).padStart(3, "0")}`;
        await insert(store, id);
        acknowledged.push(id);
      }
      state.failing = true;
      const lost = await Promise.allSettled(Array.from({ length: 9 }, (_, index) => insert(store, `lost ${index}`)));
      assert.ok(lost.every((answer) => answer.status === "rejected"));
      state.failing = false;
      await store.reopen();
      assert.deepEqual(await noteIds(store), acknowledged);
    }
  });

  it("takes it back when the process ends instead", async () => {
    using directory = createTemporaryDirectory();
    const { state, sync } = createFragileSync();
    const store = await openSqliteStore({ ...basics, directory: directory.path, tuning: { sync } });
    await insert(store, "kept");
    state.failing = true;
    await assert.rejects(insert(store, "lost"));
    await store[Symbol.asyncDispose]();
    await using again = await openSqliteStore({ ...basics, directory: directory.path });
    assert.deepEqual(await noteIds(again), ["kept"]);
  });

  it("reopens by itself", async () => {
    using directory = createTemporaryDirectory();
    const { state, sync } = createFragileSync();
    const tuning = { sync, reopenInterval: 20 };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    state.failing = true;
    await assert.rejects(insert(store, "lost"));
    state.failing = false;
    while ((await store.health()).state !== "up") await delay(10);
    await insert(store, "a");
    assert.deepEqual(await noteIds(store), ["a"]);
  });

  it("says that the disk is full, keeps what is there readable, and loses nothing acknowledged", async () => {
    using directory = createTemporaryDirectory();
    await using store = await openSqliteStore({ ...basics, directory: directory.path });
    await insert(store, "kept");
    await store.write(async (transaction) => {
      const size = { sqlite: "PRAGMA page_count", postgres: "" };
      const [{ page_count: pages } = { page_count: 0 }] = await transaction.execute<{ page_count: number }>(size, []);
      await transaction.execute({ sqlite: `PRAGMA max_page_count = ${pages + 40}`, postgres: "" }, []);
    });
    const ids: string[] = [];
    const filling = async (): Promise<void> => {
      for (let index = 0; index < 1000; index += 1) {
        const id = `${index} ${"x".repeat(2000)}`;
        await insert(store, id);
        ids.push(id);
      }
    };
    await assert.rejects(filling(), unavailable(/the disk is full/));
    assert.ok(ids.length > 10);
    assert.deepEqual(new Set(await noteIds(store)), new Set(["kept", ...ids]));
  });

  it("gives up on the write lock of another program after a while, and goes on when it is free", async () => {
    using directory = createTemporaryDirectory();
    const tuning = { busyTimeout: 50 };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    using other = new DatabaseSync(store.path);
    other.exec("BEGIN IMMEDIATE");
    await assert.rejects(insert(store, "a"), unavailable(/Another program holds the write lock/));
    const waiting = insert(store, "b");
    other.exec("COMMIT");
    await waiting;
    assert.deepEqual(await noteIds(store), ["b"]);
  });
});

describe("openSqliteStore: the log", () => {
  it("does not let the log grow without bound under steady load", async () => {
    using directory = createTemporaryDirectory();
    const tuning = { checkpointFrames: 100 };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    let largest = 0;
    const until = systemClock.monotonic() + 1500;
    let count = 0;
    const writer = async (number: number): Promise<void> => {
      for (let index = 0; systemClock.monotonic() < until; index += 1) {
        await insert(store, `${number} ${index}`, index);
        count += 1;
        largest = Math.max(largest, statSync(`${store.path}-wal`).size);
      }
    };
    await Promise.all([0, 1, 2, 3].map(writer));
    assert.equal((await noteIds(store)).length, count);
    assert.ok(largest < 40 * 100 * 4120, `the log grew to ${largest} bytes for ${count} transactions`);
  });

  it("does not let it grow on a slow disk either, where groups stay open for most of the time", async () => {
    using directory = createTemporaryDirectory();
    const sync = (done: (error: null) => void): void => void setTimeout(done, 60, null);
    const tuning = { sync, checkpointFrames: 100 };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    let largest = 0;
    const until = systemClock.monotonic() + 4000;
    const writer = async (number: number): Promise<void> => {
      for (let index = 0; systemClock.monotonic() < until; index += 1) {
        await insert(store, `${number} ${index} ${"x".repeat(2000)}`, index);
        largest = Math.max(largest, statSync(`${store.path}-wal`).size);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, number) => writer(number)));
    assert.ok(largest < 8 * 100 * 4120, `the log grew to ${largest} bytes`);
  });

  it("loses nothing when a checkpoint comes between a commit and its barrier", async () => {
    using directory = createTemporaryDirectory();
    const pending: ((error: null) => void)[] = [];
    const tuning = { sync: (done: (error: null) => void) => void pending.push(done) };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    const writing = insert(store, "a");
    await eventually(() => pending.length === 1);
    using other = new DatabaseSync(store.path);
    const checkpoint = other.prepare("PRAGMA wal_checkpoint(RESTART)").get() ?? {};
    assert.equal(checkpoint["busy"], 0);
    assert.equal(checkpoint["checkpointed"], checkpoint["log"]);
    // The database file alone, as it was synced by the checkpoint, now has what the barrier still waits for.
    // Another process copies it: closing a descriptor of the file in this one would drop SQLite's locks.
    const copy = join(directory.path, "copy.db");
    execFileSync("cp", [store.path, copy]);
    using alone = new DatabaseSync(copy);
    assert.deepEqual(
      alone
        .prepare("SELECT id FROM notes")
        .all()
        .map((row) => row["id"]),
      ["a"],
    );
    pending[0]?.(null);
    await writing;
    const later = insert(store, "b");
    await eventually(() => pending.length === 2);
    pending[1]?.(null);
    await later;
    assert.deepEqual(await noteIds(store), ["a", "b"]);
  });
});

describe("openSqliteStore: bad files", () => {
  it("says when the file is not a database", async () => {
    using directory = createTemporaryDirectory();
    writeFileSync(join(directory.path, DATABASE_FILE), "this is a text file, not a database\n".repeat(500));
    const opening = openSqliteStore({ ...basics, directory: directory.path });
    await assert.rejects(opening, unavailable(/store\.db is not usable: the file is not a database/));
  });

  it("says when the database is damaged", async () => {
    using directory = createTemporaryDirectory();
    const store = await openSqliteStore({ ...basics, directory: directory.path });
    await Promise.all(Array.from({ length: 500 }, (_, index) => insert(store, `${index} ${"x".repeat(500)}`)));
    await store[Symbol.asyncDispose]();
    truncateSync(store.path, 4096 * 3);
    const reading = openSqliteStore({ ...basics, directory: directory.path }).then(noteIds);
    await assert.rejects(reading, unavailable(/the database file is damaged; restore a backup/));
  });

  it("says when the directory is a file", async () => {
    using directory = createTemporaryDirectory();
    const path = join(directory.path, "file");
    writeFileSync(path, "");
    await assert.rejects(openSqliteStore({ ...basics, directory: path }), unavailable(/cannot be used: EEXIST/));
  });

  it("says when the directory belongs to somebody else", async () => {
    using directory = createTemporaryDirectory();
    chmodSync(directory.path, 0o500);
    // The superuser may write everywhere, so the test acts as nobody where it has to.
    const superuser = process.geteuid?.() === 0;
    if (superuser) process.seteuid?.(NOBODY);
    const opening = openSqliteStore({ ...basics, directory: directory.path });
    if (superuser) process.seteuid?.(0);
    await assert.rejects(opening, unavailable(/cannot be used: EACCES/));
    chmodSync(directory.path, 0o700);
  });

  it("makes directory and files for their owner alone", async () => {
    using directory = createTemporaryDirectory();
    const path = join(directory.path, "some", "where");
    await using store = await openSqliteStore({ ...basics, directory: path });
    await insert(store, "a");
    assert.equal(statSync(path).mode & 0o777, 0o700);
    for (const file of [store.path, `${store.path}-wal`, `${store.path}-shm`]) {
      assert.equal(statSync(file).mode & 0o777, 0o600, file);
    }
  });

  it("leaves one file when it closes", async () => {
    using directory = createTemporaryDirectory();
    mkdirSync(directory.path, { recursive: true });
    const store = await openSqliteStore({ ...basics, directory: directory.path });
    await insert(store, "a");
    await store[Symbol.asyncDispose]();
    assert.equal(existsSync(`${store.path}-wal`), false);
    assert.equal(existsSync(join(directory.path, "store.pid")), false);
  });
});
