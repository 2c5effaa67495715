import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import type { Migration, Store } from "../kernel/ports/store.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { portableMigration } from "../store/migrations/portable-migration.ts";
import { portableStatement } from "../store/sql/statement.ts";

/** One empty database for a contract. Disposing it removes the database; the stores opened on it are closed before. */
export interface StoreFixture extends AsyncDisposable {
  /** Opens a store on the database; again after the one before was closed. */
  open(migrations: readonly Migration[]): Promise<Store>;
  /** Whether the data is still there when it is opened again. */
  readonly lasting: boolean;
}

/** Makes an empty database. */
export type CreateStoreFixture = () => Promise<StoreFixture>;

/** The platform's tables and one for the contracts themselves. */
export const contractMigrations: readonly Migration[] = [
  ...coreMigrations,
  portableMigration(
    "9001_contract",
    `CREATE TABLE notes (
      id {id} NOT NULL PRIMARY KEY,
      amount {integer} NOT NULL,
      bytes {bytes}
    ) {strict}`,
  ),
];

interface NotesTable {
  readonly id: string;
  readonly amount: number;
  readonly bytes: Uint8Array | null;
}

/** The tables of the contracts as the query builder sees them. */
export interface ContractTables {
  readonly notes: NotesTable;
}

/** Adds a note: identifier, amount. */
export const INSERT_NOTE = portableStatement("INSERT INTO notes (id, amount) VALUES ($1, $2)");
/** The amount of a note by its identifier. */
export const NOTE_AMOUNT = portableStatement("SELECT amount FROM notes WHERE id = $1");
/** All identifiers, in order. */
export const NOTE_IDS = portableStatement("SELECT id FROM notes ORDER BY id");
const CLEAR = portableStatement("DELETE FROM notes");

/** Opens one store for a suite and empties the table of notes before each test. */
export function useStore(create: CreateStoreFixture): () => Store {
  let fixture: StoreFixture | undefined;
  let store: Store | undefined;
  function current(): Store {
    assert.ok(store !== undefined);
    return store;
  }
  before(async () => {
    fixture = await create();
    store = await fixture.open(contractMigrations);
  });
  beforeEach(() => current().write((transaction) => transaction.execute(CLEAR, [])));
  after(async () => {
    await store?.[Symbol.asyncDispose]();
    await fixture?.[Symbol.asyncDispose]();
  });
  return current;
}

/** The identifiers of all notes. */
export async function noteIds(store: Store): Promise<string[]> {
  const rows = await store.read((transaction) => transaction.execute<{ id: string }>(NOTE_IDS, []));
  return rows.map((row) => row.id);
}

/** The amount of a note. */
export async function noteAmount(store: Store, id: string): Promise<number | undefined> {
  const rows = await store.read((transaction) => transaction.execute<{ amount: number }>(NOTE_AMOUNT, [id]));
  return rows[0]?.amount;
}
