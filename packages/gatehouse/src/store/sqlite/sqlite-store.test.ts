import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../kernel/clock.ts";
import { StoreUnavailableError, TransactionMisuseError, type Store } from "../../kernel/ports/store.ts";
import { createTemporaryDirectory, eventually } from "../../testing/sqlite-fixture.ts";
import { contractMigrations, INSERT_NOTE, NOTE_IDS, noteIds } from "../../testing/store-contract-fixture.ts";
import { DATABASE_FILE } from "./data-directory.ts";
import { openSqliteStore } from "./sqlite-store.ts";

const basics = { clock: systemClock, migrations: contractMigrations };

function insert(store: Store, id: string): Promise<unknown> {
  return store.write((transaction) => transaction.execute(INSERT_NOTE, [id, 1]));
}

describe("openSqliteStore: group commit", () => {
  it("shares one sync among the transactions of one turn", async () => {
    using directory = createTemporaryDirectory();
    let syncs = 0;
    const sync = (done: (error: null) => void): void => {
      syncs += 1;
      setImmediate(done, null);
    };
    const tuning = { sync, batchBudget: 60_000 };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    await Promise.all(Array.from({ length: 50 }, (_, index) => insert(store, String(index))));
    assert.equal(syncs, 1);
  });

  it("syncs nothing for a transaction that changed nothing", async () => {
    using directory = createTemporaryDirectory();
    let syncs = 0;
    const sync = (done: (error: null) => void): void => {
      syncs += 1;
      setImmediate(done, null);
    };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning: { sync } });
    await store.write((transaction) => transaction.execute(NOTE_IDS, []));
    assert.equal(syncs, 0);
  });

  it("answers only after a sync that began after the commit, in order", async () => {
    using directory = createTemporaryDirectory();
    const pending: ((error: null) => void)[] = [];
    const tuning = { sync: (done: (error: null) => void) => void pending.push(done) };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    const answered: string[] = [];
    const write = (id: string) => insert(store, id).then(() => answered.push(id));
    const first = write("first");
    await eventually(() => pending.length === 1);
    // The next batch executes while the first sync is in flight, and two of them share the second sync.
    const others = [write("second")];
    await delay(20);
    others.push(write("third"));
    await delay(20);
    assert.deepEqual([answered, pending.length], [[], 1]);
    pending[0]?.(null);
    await first;
    assert.deepEqual([answered, pending.length], [["first"], 2]);
    pending[1]?.(null);
    await Promise.all(others);
    assert.deepEqual([answered, pending.length], [["first", "second", "third"], 2]);
  });

  it("commits once what is written in many turns while a sync is in flight, and each member fails alone", async () => {
    using directory = createTemporaryDirectory();
    const pending: ((error: null) => void)[] = [];
    const tuning = { sync: (done: (error: null) => void) => void pending.push(done) };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    const file = new DatabaseSync(join(directory.path, DATABASE_FILE), { readOnly: true });
    const committed = () => file.prepare(NOTE_IDS.sqlite).all().length;
    const first = insert(store, "first");
    await eventually(() => pending.length === 1);
    const others = Array.from({ length: 5 }, async (_, index) => {
      await delay(3 * index);
      if (index !== 2) return insert(store, String(index));
      return assert.rejects(
        store.write(async (transaction) => {
          await transaction.execute(INSERT_NOTE, ["taken back", 1]);
          throw new Error("changed its mind");
        }),
        /changed its mind/,
      );
    });
    await delay(50);
    assert.deepEqual([committed(), pending.length], [1, 1]);
    pending[0]?.(null);
    await first;
    assert.deepEqual([committed(), pending.length], [5, 2]);
    pending[1]?.(null);
    await Promise.all(others);
    assert.deepEqual(await noteIds(store), ["0", "1", "3", "4", "first"]);
    file.close();
  });

  it("refuses what is left open for a sync that fails, and takes it back", async () => {
    using directory = createTemporaryDirectory();
    const pending: ((error: Error | null) => void)[] = [];
    const tuning = { sync: (done: (error: Error | null) => void) => void pending.push(done), reopenInterval: 60_000 };
    const report = (): void => undefined;
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning, report });
    const writes = [insert(store, "first")];
    await eventually(() => pending.length === 1);
    writes.push(insert(store, "second"));
    const refused = Promise.all(writes.map((write) => assert.rejects(write, StoreUnavailableError)));
    await delay(20);
    pending[0]?.(new Error("EIO: i/o error, fdatasync"));
    await refused;
    await store.reopen();
    assert.deepEqual(await noteIds(store), []);
  });

  it("finishes what is left open for a sync before it closes", async () => {
    using directory = createTemporaryDirectory();
    const sync = (done: (error: null) => void): void => void setTimeout(() => done(null), 30);
    const store = await openSqliteStore({ ...basics, directory: directory.path, tuning: { sync } });
    const first = insert(store, "first");
    await delay(10);
    const second = insert(store, "second");
    await delay(5);
    await store[Symbol.asyncDispose]();
    await Promise.all([first, second]);
    await using again = await openSqliteStore({ ...basics, directory: directory.path });
    assert.deepEqual(await noteIds(again), ["first", "second"]);
  });

  it("shows no read what could still be lost", async () => {
    using directory = createTemporaryDirectory();
    const pending: ((error: null) => void)[] = [];
    const tuning = { sync: (done: (error: null) => void) => void pending.push(done) };
    await using store = await openSqliteStore({ ...basics, directory: directory.path, tuning });
    const writing = insert(store, "a");
    await eventually(() => pending.length === 1);
    let seen: string[] | undefined;
    const reading = noteIds(store).then((ids) => (seen = ids));
    await delay(20);
    assert.equal(seen, undefined);
    pending[0]?.(null);
    await Promise.all([writing, reading]);
    assert.deepEqual(seen, ["a"]);
  });

  it("lets the event loop turn while many transactions are waiting", async () => {
    using directory = createTemporaryDirectory();
    await using store = await openSqliteStore({ ...basics, directory: directory.path });
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await Promise.all(Array.from({ length: 20_000 }, (_, index) => insert(store, String(index))));
    clearInterval(timer);
    assert.ok(turns > 20, `the timer ran ${turns} times`);
  });

  it("runs a transaction and its effects in the caller's asynchronous context", async () => {
    await using store = await openSqliteStore({ ...basics, memory: true });
    const context = new AsyncLocalStorage<string>();
    const seen = await Promise.all(
      ["a", "b"].map((name) =>
        context.run(name, () =>
          store.write(async (transaction) => {
            const effects: (string | undefined)[] = [];
            transaction.afterCommit(() => effects.push(context.getStore()));
            return { effects, work: context.getStore() };
          }),
        ),
      ),
    );
    assert.deepEqual(seen, [
      { effects: ["a"], work: "a" },
      { effects: ["b"], work: "b" },
    ]);
  });

  it("reports an effect that throws and answers all the same", async () => {
    const reports: unknown[] = [];
    await using store = await openSqliteStore({ ...basics, memory: true, report: (error) => reports.push(error) });
    const failing = new RangeError("an effect of the test");
    await store.write(async (transaction) => {
      transaction.afterCommit(() => {
        throw failing;
      });
    });
    assert.deepEqual(reports, [failing]);
  });
});

describe("openSqliteStore: rules of transactions", () => {
  it("rejects a transaction that waits for something foreign at once in development", async () => {
    await using store = await openSqliteStore({ ...basics, memory: true, profile: "development" });
    const foreign = store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      await delay(50);
      await transaction.execute(INSERT_NOTE, ["b", 1]);
    });
    const neighbour = insert(store, "c");
    await assert.rejects(foreign, (error) => {
      assert.ok(error instanceof TransactionMisuseError);
      assert.match(error.message, /may await nothing but the transaction/);
      return true;
    });
    await neighbour;
    await delay(60);
    assert.deepEqual(await noteIds(store), ["c"]);
  });

  it("never lets an abandoned nested transaction reach the transactions after it", async () => {
    await using store = await openSqliteStore({ ...basics, memory: true, profile: "development" });
    let late: unknown;
    const foreign = store.write((transaction) =>
      transaction.nested(async (inner) => {
        await delay(30);
        await inner.execute(INSERT_NOTE, ["late", 1]).catch((error: unknown) => (late = error));
        throw new RangeError("late");
      }),
    );
    await assert.rejects(foreign, TransactionMisuseError);
    for (let index = 0; late === undefined; index += 1) await insert(store, `n${index}`);
    assert.ok(late instanceof TransactionMisuseError);
    assert.equal((await noteIds(store)).includes("late"), false);
  });

  it("reports a foreign wait in production and lets it finish within its time", async () => {
    const reports: unknown[] = [];
    const report = (error: unknown): void => void reports.push(error);
    await using store = await openSqliteStore({ ...basics, memory: true, report });
    await store.write(async (transaction) => {
      await delay(10);
      await transaction.execute(INSERT_NOTE, ["a", 1]);
    });
    assert.equal(reports.length, 1);
    assert.match(String(reports[0]), /holding up all writers/);
    assert.deepEqual(await noteIds(store), ["a"]);
  });

  it("rolls a foreign wait back in production when its time is over", async () => {
    const tuning = { foreignWaitTimeout: 30 };
    await using store = await openSqliteStore({ ...basics, memory: true, tuning });
    const foreign = store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      await new Promise(() => undefined);
    });
    const neighbour = insert(store, "b");
    await assert.rejects(foreign, /rolled back after 30 ms/);
    await neighbour;
    assert.deepEqual(await noteIds(store), ["b"]);
  });

  it("refuses the outer transaction while a nested one runs", async () => {
    await using store = await openSqliteStore({ ...basics, memory: true });
    const mixed = store.write((transaction) =>
      Promise.all([
        transaction.nested((inner) => inner.execute(INSERT_NOTE, ["a", 1])),
        transaction.execute(INSERT_NOTE, ["b", 1]),
      ]),
    );
    await assert.rejects(mixed, /A nested transaction is running/);
    assert.deepEqual(await noteIds(store), []);
  });

  it("refuses to start transactions through the query builder", async () => {
    await using store = await openSqliteStore({ ...basics, memory: true });
    const begun = store.write((transaction) =>
      transaction
        .query()
        .transaction()
        .execute(async () => undefined),
    );
    await assert.rejects(begun, /use transaction\.nested\(\) instead/);
  });

  it("fails closed when a statement ends the transaction of the store", async () => {
    await using store = await openSqliteStore({ ...basics, memory: true });
    const rogue = { sqlite: "COMMIT", postgres: "COMMIT" };
    await assert.rejects(store.write((transaction) => transaction.execute(rogue, [])));
    await assert.rejects(insert(store, "a"), StoreUnavailableError);
  });

  it("refuses everything once it is closed", async () => {
    using directory = createTemporaryDirectory();
    const store = await openSqliteStore({ ...basics, directory: directory.path });
    const last = insert(store, "a");
    await store[Symbol.asyncDispose]();
    await last;
    await assert.rejects(insert(store, "b"), StoreUnavailableError);
    await assert.rejects(noteIds(store), StoreUnavailableError);
    assert.equal((await store.health()).state, "down");
  });
});
