import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sql } from "kysely";
import type { SqlValue, Store } from "../kernel/ports/store.ts";
import { portableStatement } from "../store/sql/statement.ts";
import {
  INSERT_NOTE,
  noteAmount,
  noteIds,
  useStore,
  type ContractTables,
  type CreateStoreFixture,
} from "./store-contract-fixture.ts";

/** What every transactional store promises about nesting, values and built queries. */
export function describeStoreValuesContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: nested transactions`, () => describeNesting(useStore(create)));
  describe(`${name}: values and queries`, () => describeValues(useStore(create)));
}

function describeNesting(current: () => Store): void {
  it("rolls back a nested transaction alone, with its effects", async () => {
    const store = current();
    const effects: string[] = [];
    await store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      const nested = transaction.nested(async (inner) => {
        inner.afterCommit(() => effects.push("never"));
        await inner.execute(INSERT_NOTE, ["b", 1]);
        throw new RangeError("no");
      });
      await assert.rejects(nested, RangeError);
      await transaction.nested(async (inner) => {
        inner.afterCommit(() => effects.push("inner"));
        await inner.execute(INSERT_NOTE, ["c", 1]);
        await inner.nested((innermost) => innermost.execute(INSERT_NOTE, ["d", 1]));
      });
    });
    assert.deepEqual(await noteIds(store), ["a", "c", "d"]);
    assert.deepEqual(effects, ["inner"]);
  });

  it("goes on after a constraint was broken in a nested transaction", async () => {
    const store = current();
    await store.write(async (transaction) => {
      await transaction.execute(INSERT_NOTE, ["a", 1]);
      await assert.rejects(transaction.nested((inner) => inner.execute(INSERT_NOTE, ["a", 2])));
      await transaction.execute(INSERT_NOTE, ["b", 1]);
    });
    assert.deepEqual(await noteIds(store), ["a", "b"]);
  });

  it("rolls nested transactions back with the one around them", async () => {
    const store = current();
    const failing = store.write(async (transaction) => {
      await transaction.nested((inner) => inner.execute(INSERT_NOTE, ["a", 1]));
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual(await noteIds(store), []);
  });
}

function describeValues(current: () => Store): void {
  const numbers = [0, -1, 1_767_225_600_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  for (const number of numbers) {
    it(`keeps the integer ${number}`, async () => {
      const store = current();
      await store.write((transaction) => transaction.execute(INSERT_NOTE, ["a", number]));
      assert.equal(await noteAmount(store, "a"), number);
    });
  }

  it("keeps texts of any script, blobs and null", async () => {
    const store = current();
    const text = "Grüße 👋 ' \" \\ %_ \u2028 日本";
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const insert = portableStatement("INSERT INTO notes (id, amount, bytes) VALUES ($1, 1, $2)");
    const parameters: SqlValue[] = [text, bytes];
    await store.write((transaction) => transaction.execute(insert, parameters));
    await store.write((transaction) => transaction.execute(insert, ["none", null]));
    const rows = await store.read((transaction) =>
      transaction.query<ContractTables>().selectFrom("notes").select(["id", "bytes"]).orderBy("id").execute(),
    );
    assert.deepEqual(
      rows.map((row) => [row.id, row.bytes === null ? null : [...row.bytes]]),
      [
        [text, [...bytes]],
        ["none", null],
      ],
    );
  });

  it("builds queries: insert, update, returning, counts and aggregates", async () => {
    const store = current();
    const counts = await store.write(async (transaction) => {
      const database = transaction.query<ContractTables>();
      const values = [1, 2, 3].map((value) => ({ id: `n${value}`, amount: value, bytes: null }));
      const inserted = await database.insertInto("notes").values(values).executeTakeFirst();
      const updated = await database.updateTable("notes").set({ amount: 9 }).where("amount", ">", 1).executeTakeFirst();
      const removed = await database.deleteFrom("notes").where("id", "=", "n1").returning("amount").execute();
      return [inserted.numInsertedOrUpdatedRows, updated.numUpdatedRows, removed];
    });
    assert.deepEqual(counts, [3n, 2n, [{ amount: 1 }]]);
    const total = await store.read((transaction) =>
      sql<{ total: number }>`SELECT CAST(SUM(amount) AS BIGINT) AS total FROM notes`.execute(
        transaction.query<ContractTables>(),
      ),
    );
    assert.deepEqual(total.rows, [{ total: 18 }]);
  });
}
