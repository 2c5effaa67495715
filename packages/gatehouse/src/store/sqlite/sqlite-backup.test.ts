import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { contractMigrations, INSERT_NOTE, noteIds } from "../../testing/store-contract-fixture.ts";
import { DirectoryInUseError } from "./directory-lock.ts";
import { backupStore, restoreStore } from "./sqlite-backup.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";

function open(directory: string): Promise<SqliteStore> {
  return openSqliteStore({ clock: systemClock, migrations: contractMigrations, directory });
}

function insert(store: Store, id: string): Promise<unknown> {
  return store.write((transaction) => transaction.execute(INSERT_NOTE, [id, 1]));
}

/** A backup of a store with one note. */
async function createBackup(directory: string): Promise<string> {
  await using store = await open(join(directory, "source"));
  await insert(store, "a");
  return (await backupStore(store, join(directory, "backup.db"))).file;
}

describe("backupStore", () => {
  it("copies what was acknowledged before it, consistently, while writers go on", async () => {
    using directory = createTemporaryDirectory();
    await using store = await open(join(directory.path, "source"));
    const pad = "x".repeat(500);
    await Promise.all(Array.from({ length: 3000 }, (_, index) => insert(store, `before ${index} ${pad}`)));
    const state = { running: true, count: 0 };
    const pairs = async (): Promise<void> => {
      for (; state.running; state.count += 1) {
        await store.write(async (transaction) => {
          await transaction.execute(INSERT_NOTE, [`left ${state.count}`, 1]);
          await transaction.execute(INSERT_NOTE, [`right ${state.count}`, 1]);
        });
      }
    };
    const writing = pairs();
    const file = join(directory.path, "backup.db");
    const backup = await backupStore(store, file);
    const written = state.count;
    state.running = false;
    await writing;
    assert.equal(backup.file, file);
    assert.equal(backup.bytes, readFileSync(file).length);
    assert.ok(written > 0, "no transaction ran during the backup");
    using copy = new DatabaseSync(file, { readOnly: true });
    const ids = copy
      .prepare("SELECT id FROM notes")
      .all()
      .map((row) => String(row["id"]));
    assert.equal(ids.filter((id) => id.startsWith("before")).length, 3000);
    assert.equal(ids.filter((id) => id.startsWith("left")).length, ids.filter((id) => id.startsWith("right")).length);
  });

  it("leaves nothing but the complete file, and never overwrites one", async () => {
    using directory = createTemporaryDirectory();
    const file = await createBackup(directory.path);
    assert.deepEqual(readdirSync(directory.path).toSorted(), ["backup.db", "source"]);
    await using store = await open(join(directory.path, "source"));
    await assert.rejects(backupStore(store, file), /exists already/);
    await assert.rejects(
      backupStore(store, join(directory.path, "missing", "backup.db")),
      /There is no folder .*missing; make it first/,
    );
  });

  it("keeps the file to its owner from its first byte on", async () => {
    using directory = createTemporaryDirectory();
    await using store = await open(join(directory.path, "source"));
    await Promise.all(Array.from({ length: 500 }, (_, index) => insert(store, `${index} ${"x".repeat(2000)}`)));
    const seen = new Set<string>();
    const watcher = watch(directory.path, () => {
      for (const name of readdirSync(directory.path)) {
        const stat = statSync(join(directory.path, name), { throwIfNoEntry: false });
        if (stat?.isFile()) seen.add(`${name} ${(stat.mode & 0o777).toString(8)}`);
      }
    });
    const previous = process.umask(0);
    try {
      await backupStore(store, join(directory.path, "backup.db"));
    } finally {
      process.umask(previous);
      watcher.close();
    }
    assert.equal(statSync(join(directory.path, "backup.db")).mode & 0o777, 0o600);
    assert.deepEqual(
      [...seen].filter((entry) => !entry.endsWith(" 600")),
      [],
    );
    assert.ok(seen.has("backup.db.partial 600"), [...seen].join(", "));
  });

  it("refuses a store in memory", async () => {
    await using store = await openSqliteStore({ clock: systemClock, migrations: contractMigrations, memory: true });
    await assert.rejects(backupStore(store, "/nowhere/backup.db"), /in memory cannot be backed up/);
  });
});

describe("restoreStore", () => {
  it("brings a backup back into an empty directory", async () => {
    using directory = createTemporaryDirectory();
    const file = await createBackup(directory.path);
    const target = join(directory.path, "target");
    await restoreStore(file, target);
    await using store = await open(target);
    assert.deepEqual(await noteIds(store), ["a"]);
    await insert(store, "b");
  });

  // A backup that was made readable, to be copied elsewhere, must not become a store everybody on the machine reads.
  it("leaves the store to its owner alone, whoever may read the backup", async () => {
    using directory = createTemporaryDirectory();
    const file = await createBackup(directory.path);
    const target = join(directory.path, "target");
    mkdirSync(target);
    writeFileSync(join(target, "store.lock"), "", { mode: 0o644 });
    for (const mode of [0o644, 0o444]) {
      chmodSync(file, mode);
      await restoreStore(file, target, { force: true });
      for (const name of ["store.db", "store.lock"]) {
        assert.equal(statSync(join(target, name)).mode & 0o777, 0o600, name);
      }
    }
  });

  it("makes a lock that nobody else can hold", async () => {
    using directory = createTemporaryDirectory();
    await using _store = await open(join(directory.path, "data"));
    assert.equal(statSync(join(directory.path, "data", "store.lock")).mode & 0o777, 0o600);
  });

  it("refuses a directory that holds something, unless it is forced, and then keeps the old store aside", async () => {
    using directory = createTemporaryDirectory();
    const file = await createBackup(directory.path);
    const source = join(directory.path, "source");
    writeFileSync(join(source, "key"), "kept");
    {
      await using store = await open(source);
      await insert(store, "later");
    }
    await assert.rejects(restoreStore(file, source), /is not empty \(key, store\.db\)/);
    await restoreStore(file, source, { force: true });
    const [aside = ""] = readdirSync(source).filter((name) => name.startsWith("replaced-"));
    using old = new DatabaseSync(join(source, aside, "store.db"), { readOnly: true });
    assert.equal(old.prepare("SELECT id FROM notes").all().length, 2);
    assert.equal(readFileSync(join(source, "key"), "utf8"), "kept");
    await using store = await open(source);
    assert.deepEqual(await noteIds(store), ["a"]);
  });

  it("refuses while a store is open on the directory, also when it is forced", async () => {
    using directory = createTemporaryDirectory();
    const file = await createBackup(directory.path);
    const source = join(directory.path, "source");
    await using store = await open(source);
    await insert(store, "b");
    await assert.rejects(restoreStore(file, source, { force: true }), DirectoryInUseError);
    assert.deepEqual(await noteIds(store), ["a", "b"]);
  });

  it("refuses files that are missing, damaged, foreign or no database, and touches nothing", async () => {
    using directory = createTemporaryDirectory();
    const file = await createBackup(directory.path);
    const target = join(directory.path, "target");
    const foreign = join(directory.path, "foreign.db");
    {
      using database = new DatabaseSync(foreign);
      database.exec("CREATE TABLE other (id INTEGER)");
    }
    const text = join(directory.path, "text.db");
    writeFileSync(text, "not a database at all".repeat(500));
    await assert.rejects(restoreStore(join(directory.path, "missing.db"), target), /There is no file/);
    await assert.rejects(restoreStore(foreign, target), /not a backup of a store/);
    await assert.rejects(restoreStore(text, target), /not a sound backup/);
    truncateSync(file, 4096 * 2);
    await assert.rejects(restoreStore(file, target), /damaged|not a sound backup/);
    assert.equal(existsSync(target), false);
  });
});
