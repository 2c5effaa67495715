import { decodeTally, encodeTally } from "../../kernel/limit/tally-codec.ts";
import type { ReadTransaction, Statement, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { portableStatement } from "../sql/statement.ts";
import type { CounterSnapshot, MemoryCounters } from "./memory-counters.ts";

const PREFIX = "memory:";
const PREFIX_END = "memory;";
const ROWS_AT_ONCE = 500;

/** What is written down. */
export interface SaveCountersOptions {
  /** `changed`, the default: lasting windows that have changed since the last call. `all`: everything, at shutdown. */
  readonly what?: "changed" | "all";
}

/**
 * Writes counters in memory to the table `limit_counters`, some hundreds in a transaction. When the store fails, what
 * was not written is noted as changed again.
 */
export async function saveCounters(
  store: Store,
  counters: MemoryCounters,
  options: SaveCountersOptions = {},
): Promise<void> {
  const snapshots = options.what === "all" ? counters.snapshot() : counters.changed();
  for (let start = 0; start < snapshots.length; start += ROWS_AT_ONCE) {
    const part = snapshots.slice(start, start + ROWS_AT_ONCE);
    try {
      await store.write((transaction) => writeSnapshots(transaction, part));
    } catch (error) {
      counters.markChanged(snapshots.slice(start));
      throw error;
    }
  }
}

/** Takes over the counters an earlier process has saved, as far as they still count. */
export async function loadCounters(store: Store, counters: MemoryCounters): Promise<void> {
  let last = PREFIX;
  for (;;) {
    const rows = await store.read((transaction) => readRows(transaction, last));
    counters.restore(rows.map(toSnapshot));
    const next = rows.at(-1)?.key;
    if (next === undefined || rows.length < ROWS_AT_ONCE) return;
    last = next;
  }
}

interface Row {
  readonly key: string;
  readonly state: Uint8Array;
}

async function writeSnapshots(transaction: WriteTransaction, snapshots: readonly CounterSnapshot[]): Promise<void> {
  for (const { key, horizon, state } of snapshots) {
    const name = `${PREFIX}${horizon}:${key}`;
    if (state === undefined) await transaction.execute(DELETE, [name]);
    else await transaction.execute(SAVE, [name, encodeTally(state), (await transaction.now()) + horizon]);
  }
}

function readRows(transaction: ReadTransaction, after: string): Promise<Row[]> {
  return transaction.execute<Row>(READ, [after, PREFIX_END, ROWS_AT_ONCE]);
}

function toSnapshot({ key, state }: Row): CounterSnapshot {
  const [, horizon, ...rest] = key.split(":");
  return { key: rest.join(":"), horizon: Number(horizon), state: decodeTally(state) };
}

const SAVE: Statement = portableStatement(
  "INSERT INTO limit_counters (key, state, expires_at) VALUES ($1, $2, $3) " +
    "ON CONFLICT (key) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at",
);
const DELETE: Statement = portableStatement("DELETE FROM limit_counters WHERE key = $1");
const READ: Statement = portableStatement(
  "SELECT key, state FROM limit_counters " + "WHERE key > $1 AND key < $2 AND expires_at > {now} ORDER BY key LIMIT $3",
);
