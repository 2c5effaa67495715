import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransactionMisuseError, type Store } from "../kernel/ports/store.ts";
import { portableStatement } from "../store/sql/statement.ts";
import {
  INSERT_NOTE,
  NOTE_AMOUNT,
  NOTE_IDS,
  noteAmount,
  noteIds,
  useStore,
  type ContractTables,
  type CreateStoreFixture,
} from "./store-contract-fixture.ts";
import { describeStoreValuesContract } from "./store-contract-values.ts";

const INCREMENT = portableStatement("UPDATE notes SET amount = $2 WHERE id = $1");

/** What every transactional store promises. Run it in a test file of the adapter. */
export function describeStoreContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: transactions`, () => describeTransactions(useStore(create)));
  describe(`${name}: isolation`, () => describeIsolation(useStore(create)));
  describeStoreValuesContract(name, create);
}

function describeTransactions(current: () => Store): void {
  it("shows a write to every read after it", async () => {
    const store = current();
    await store.write((transaction) => transaction.execute(INSERT_NOTE, ["a", 1]));
    assert.equal(await noteAmount(store, "a"), 1);
  });

  it("answers with what the work returned", async () => {
    assert.equal(await current().write(async () => "answer"), "answer");
    assert.equal(await current().read(async () => "answer"), "answer");
  });

  it("rolls back a transaction that throws, and rejects with its error", async () => {
    const store = current();
    const failing = store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual(await noteIds(store), []);
  });

  it("fails one of many at once alone", async () => {
    const store = current();
    const writes = Array.from({ length: 40 }, (_, index) =>
      store.write(async (transaction) => {
        await transaction.execute(INSERT_NOTE, [String(index).padStart(2, "0"), index]);
        if (index % 4 === 0) throw new RangeError(`number ${index}`);
        return index;
      }),
    );
    const answers = await Promise.allSettled(writes);
    const kept = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    assert.deepEqual(
      kept,
      Array.from({ length: 40 }, (_, index) => index).filter((index) => index % 4 !== 0),
    );
    assert.deepEqual((await noteIds(store)).map(Number), kept);
  });

  it("goes on after a statement that breaks a constraint", async () => {
    const store = current();
    await store.write((transaction) => transaction.execute(INSERT_NOTE, ["a", 1]));
    const clash = store.write((transaction) => transaction.execute(INSERT_NOTE, ["a", 2]));
    const other = store.write((transaction) => transaction.execute(INSERT_NOTE, ["b", 2]));
    await assert.rejects(clash);
    await other;
    assert.deepEqual(await noteIds(store), ["a", "b"]);
  });

  it("runs effects after the commit, in order, and none of a rolled back transaction", async () => {
    const store = current();
    const effects: string[] = [];
    await store.write(async (transaction) => {
      transaction.afterCommit(() => effects.push("first"));
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      transaction.afterCommit(() => effects.push("second"));
      assert.deepEqual(effects, []);
    });
    assert.deepEqual(effects, ["first", "second"]);
    const failing = store.write(async (transaction) => {
      transaction.afterCommit(() => effects.push("never"));
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual(effects, ["first", "second"]);
  });

  it("fails with a statement that nobody waits for, and does what others of them say", async () => {
    const store = current();
    await store.write(async (transaction) => transaction.later(INSERT_NOTE, ["a", 1]));
    assert.deepEqual(await noteIds(store), ["a"]);
    const clash = store.write(async (transaction) => {
      transaction.later(INSERT_NOTE, ["b", 1]);
      transaction.later(INSERT_NOTE, ["a", 2]);
    });
    await assert.rejects(clash, (error: Error) => error.name !== "TransactionMisuseError");
    assert.deepEqual(await noteIds(store), ["a"]);
  });

  it("survives an effect that throws", async () => {
    const store = current();
    await store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      transaction.afterCommit(() => {
        throw new RangeError("an effect of the test");
      });
    });
    assert.equal(await noteAmount(store, "a"), 1);
  });

  it("refuses a transaction object that is used after its end", async () => {
    const store = current();
    const kept = await store.write(async (transaction) => ({ transaction }));
    await assert.rejects(kept.transaction.execute(INSERT_NOTE, ["a", 1]), TransactionMisuseError);
    const read = await store.read(async (transaction) => ({ transaction }));
    await assert.rejects(read.transaction.execute(NOTE_IDS, []), TransactionMisuseError);
    const query = read.transaction.query<ContractTables>().selectFrom("notes").selectAll();
    await assert.rejects(query.execute(), TransactionMisuseError);
    assert.deepEqual(await noteIds(store), []);
  });

  it("says it is up", async () => {
    const health = await current().health();
    assert.equal(health.state, "up");
    assert.ok(health.latency >= 0);
    assert.ok(health.detail.length > 0);
  });
}

function describeIsolation(current: () => Store): void {
  it("loses no update among transactions that read and then write the same row", async () => {
    const store = current();
    await store.write((transaction) => transaction.execute(INSERT_NOTE, ["a", 0]));
    const increment = () =>
      store.write(async (transaction) => {
        const [row] = await transaction.execute<{ amount: number }>(NOTE_AMOUNT, ["a"]);
        await transaction.execute(INCREMENT, ["a", (row?.amount ?? 0) + 1]);
      });
    await Promise.all(Array.from({ length: 30 }, increment));
    assert.equal(await noteAmount(store, "a"), 30);
  });

  it("keeps a read on its snapshot", async () => {
    const store = current();
    await store.write((transaction) => transaction.execute(INSERT_NOTE, ["a", 1]));
    const seen = await store.read(async (transaction) => {
      const first = await transaction.execute(NOTE_IDS, []);
      const writing = store.write((other) => other.execute(INSERT_NOTE, ["b", 1]));
      const second = await transaction.execute(NOTE_IDS, []);
      return { first, second, writing };
    });
    await seen.writing;
    assert.deepEqual(seen.second, seen.first);
    assert.deepEqual(await noteIds(store), ["a", "b"]);
  });

  it("never shows a read what is not committed", async () => {
    const store = current();
    const reads: Promise<string[]>[] = [];
    const failing = store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      reads.push(noteIds(store));
      await transaction.execute(INSERT_NOTE, ["b", 1]);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual(await Promise.all(reads), [[]]);
  });

  it("refuses to change anything in a read", async () => {
    const store = current();
    await assert.rejects(store.read((transaction) => transaction.execute(INSERT_NOTE, ["a", 1])));
    assert.deepEqual(await noteIds(store), []);
  });

  it("gives a transaction one time", async () => {
    const store = current();
    const [first, second] = await store.write(async (transaction) => {
      const earlier = await transaction.now();
      for (let index = 0; index < 20; index += 1) await transaction.execute(INSERT_NOTE, [`n${index}`, index]);
      return [earlier, await transaction.now()];
    });
    assert.equal(first, second);
    assert.ok(Number.isSafeInteger(first));
    const later = await store.write((transaction) => transaction.now());
    assert.ok(later >= (first ?? 0));
  });
}
