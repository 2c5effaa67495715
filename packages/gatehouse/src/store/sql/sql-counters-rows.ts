import { restoreTally, tallyKind } from "../../kernel/limit/tallies.ts";
import { decodeTally, encodeTally } from "../../kernel/limit/tally-codec.ts";
import { isFromFuture, type Tally, type TallyState } from "../../kernel/limit/tally.ts";
import type { LimitCheck } from "../../kernel/ports/counters.ts";
import type { SqlValue, Statement, WriteTransaction } from "../../kernel/ports/store.ts";
import { portableStatement } from "./statement.ts";

/** In front of the keys of counters several servers share, beside which snapshots of memory stand in the same table. */
const PREFIX = "shared:";
const PREFIX_END = "shared;";
const SWEPT_AT_ONCE = 500;

interface Row {
  readonly key: string;
  readonly state: Uint8Array;
}

/** The rows one transaction decides on. On PostgreSQL they are locked, in the order of their keys. */
export class CounterRows {
  readonly #states: ReadonlyMap<string, TallyState | undefined>;
  readonly #now: number;
  readonly #tallies = new Map<string, Tally>();
  readonly #changed = new Map<string, LimitCheck>();

  private constructor(states: ReadonlyMap<string, TallyState | undefined>, now: number) {
    this.#states = states;
    this.#now = now;
  }

  static async load(transaction: WriteTransaction, keys: readonly string[], now: number): Promise<CounterRows> {
    const sorted = [...new Set(keys)].map((key) => PREFIX + key).sort(byCodeUnit);
    const statementOf = transaction.dialect === "sqlite" ? readStatement : lockStatement;
    const states = new Map<string, TallyState | undefined>();
    for (const part of inPowersOfTwo(sorted)) {
      const rows = await transaction.execute<Row>(statementOf(part.length), part);
      for (const { key, state } of rows) states.set(key, decodeTally(state));
    }
    return new CounterRows(states, now);
  }

  tally(check: LimitCheck): Tally {
    const { key, rule } = check;
    const known = this.#tallies.get(key);
    if (known?.kind === tallyKind(rule)) return known;
    const state = known === undefined ? this.#states.get(PREFIX + key) : undefined;
    const tally = restoreTally(rule, state, this.#now);
    if (state !== undefined && isFromFuture(state, this.#now)) this.note(check);
    this.#tallies.set(key, tally);
    return tally;
  }

  /** Notes that the tally of a check has changed. */
  note(check: LimitCheck): void {
    this.#changed.set(check.key, check);
  }

  async save(transaction: WriteTransaction): Promise<void> {
    const changed = [...this.#changed.values()].sort((left, right) => byCodeUnit(left.key, right.key));
    for (const part of inPowersOfTwo(changed)) {
      const values = part.flatMap((check): SqlValue[] => {
        const tally = this.tally(check);
        return [PREFIX + check.key, encodeTally(tally.state()), Math.ceil(tally.emptyAt(check.rule) / 1000)];
      });
      await transaction.execute(saveStatement(part.length), values);
    }
  }
}

/** Forgets what is counted for some keys, or for all. */
export async function forgetCounters(transaction: WriteTransaction, keys?: readonly string[]): Promise<void> {
  if (keys === undefined) {
    await transaction.execute(FORGET_ALL, [PREFIX, PREFIX_END]);
    return;
  }
  for (const key of keys.toSorted(byCodeUnit)) await transaction.execute(FORGET, [PREFIX + key]);
}

/** Deletes rows that have counted for nothing for an hour by the time they are kept in, some hundreds at a time. */
export async function sweepCounters(transaction: WriteTransaction, now: number): Promise<void> {
  const hour = 60 * 60 * 1000;
  await transaction.execute(SWEEP, [now - hour, SWEPT_AT_ONCE]);
}

const FORGET = portableStatement("DELETE FROM limit_counters WHERE key = $1");
const FORGET_ALL = portableStatement("DELETE FROM limit_counters WHERE key >= $1 AND key < $2");
const SWEEP = portableStatement(
  "DELETE FROM limit_counters WHERE key IN " +
    "(SELECT key FROM limit_counters WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
);

/** Statements for each number of rows: parts are powers of two, so there are few. */
const readStatement = bySize((size) =>
  portableStatement(`SELECT key, state FROM limit_counters WHERE key IN (${list(size, (n) => `$${n + 1}`)})`),
);

/**
 * Reads by writing: every row is locked through the key's index, a missing one is created, and two transactions only
 * meet when they share a key. A query would lock what it scans under serialisable isolation, and a small table is
 * scanned as a whole.
 */
const lockStatement = bySize((size) =>
  portableStatement(
    `INSERT INTO limit_counters (key, state, expires_at) VALUES ${list(size, (n) => `($${n + 1}, '', 0)`)} ` +
      "ON CONFLICT (key) DO UPDATE SET expires_at = limit_counters.expires_at RETURNING key, state",
  ),
);

const saveStatement = bySize((size) =>
  portableStatement(
    "INSERT INTO limit_counters (key, state, expires_at) VALUES " +
      `${list(size, (n) => `($${3 * n + 1}, $${3 * n + 2}, $${3 * n + 3})`)} ` +
      "ON CONFLICT (key) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at",
  ),
);

function bySize(build: (size: number) => Statement): (size: number) => Statement {
  const built = new Map<number, Statement>();
  return (size) => {
    const statement = built.get(size) ?? build(size);
    built.set(size, statement);
    return statement;
  };
}

function list(size: number, item: (index: number) => string): string {
  return Array.from({ length: size }, (_, index) => item(index)).join(", ");
}

const LARGEST_PART = 64;

function inPowersOfTwo<Item>(items: readonly Item[]): Item[][] {
  const parts: Item[][] = [];
  let start = 0;
  while (start < items.length) {
    const size = Math.min(LARGEST_PART, 2 ** Math.floor(Math.log2(items.length - start)));
    parts.push(items.slice(start, start + size));
    start += size;
  }
  return parts;
}

/** The order of bytes, which both engines keep keys in; fingerprints are ASCII. */
function byCodeUnit(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
