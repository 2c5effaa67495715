import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { Ban, Bans, BanSubject, NewBan } from "../../kernel/ports/bans.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { Replica } from "../replica.ts";
import { portableStatement } from "./statement.ts";

/** What bans are built on. */
export interface BansOptions {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Milliseconds between looks at the table, for messages of the bus that were lost. Default 15 000. */
  readonly pollInterval?: number;
  /** Receives failures of refreshing in the background. */
  readonly report?: (error: unknown) => void;
}

interface BanRow {
  readonly id: string;
  readonly subject_kind: BanSubject["kind"];
  readonly subject_value: string;
  readonly reason: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly violations: number;
  readonly entrance: string | null;
}

const TOPIC = "gatehouse.bans";
const POLL_INTERVAL = 15_000;
const PRUNED_AT_ONCE = 500;
/** Violations kept of a subject: more than any threshold, few enough for a flood. */
const KEPT_VIOLATIONS = 256;
const KEPT_FOR = 24 * 60 * 60 * 1000;

const COLUMNS = "id, subject_kind, subject_value, reason, created_at, expires_at, violations, entrance";
const LIST = portableStatement(`SELECT ${COLUMNS} FROM bans WHERE expires_at > $1 ORDER BY created_at DESC, id DESC`);
const ADD = portableStatement(`INSERT INTO bans (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`);
const LIFT = portableStatement(`DELETE FROM bans WHERE id = $1 RETURNING ${COLUMNS}`);
const PRUNE_BANS = portableStatement(
  "DELETE FROM bans WHERE id IN (SELECT id FROM bans WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
);
/** Takes the subject's row, made when there is none, and keeps other servers out of it until the end. */
const TAKE_VIOLATIONS = portableStatement(
  `INSERT INTO violations (subject_kind, subject_value, times, expires_at) VALUES ($1, $2, '[]', 0)
   ON CONFLICT (subject_kind, subject_value) DO UPDATE SET expires_at = violations.expires_at
   RETURNING times`,
);
const KEEP_VIOLATIONS = portableStatement(
  "UPDATE violations SET times = $3, expires_at = $4 WHERE subject_kind = $1 AND subject_value = $2",
);
const PRUNE_VIOLATIONS = portableStatement(
  `DELETE FROM violations WHERE (subject_kind, subject_value) IN
   (SELECT subject_kind, subject_value FROM violations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`,
);

/**
 * Bans in the table `bans`, with a replica in memory that look-ups use. Other servers hear of changes over the
 * bus at once, and by looking at the table now and then. Resolves once the bans in force have been loaded.
 */
export async function createBans(options: BansOptions): Promise<Bans> {
  const bans = new ReplicatedBans(options);
  await bans.start();
  return bans;
}

class ReplicatedBans implements Bans {
  readonly #options: BansOptions;
  readonly #replica: Replica<ReadonlyMap<string, readonly Ban[]>>;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BansOptions) {
    this.#options = options;
    const { bus, report, pollInterval: interval = POLL_INTERVAL } = options;
    this.#replica = new Replica({ bus, topic: TOPIC, report, interval, initial: new Map(), load: () => this.#load() });
  }

  async start(): Promise<void> {
    const { report, pollInterval = POLL_INTERVAL } = this.#options;
    await this.#replica.start();
    const prune = (): void => void this.#prune().catch((error: unknown) => report?.(error));
    this.#timer = setInterval(prune, pollInterval).unref();
  }

  find(subjects: readonly BanSubject[], entrance: string): Ban | undefined {
    const bySubject = this.#replica.value;
    if (bySubject.size === 0) return undefined;
    const now = this.#options.clock.now();
    let strongest: Ban | undefined;
    for (const subject of subjects) {
      for (const ban of bySubject.get(keyOf(subject)) ?? []) {
        const applies = ban.expiresAt > now && (ban.entrance === undefined || ban.entrance === entrance);
        if (applies && (strongest === undefined || ban.expiresAt > strongest.expiresAt)) strongest = ban;
      }
    }
    return strongest;
  }

  async add({ duration, ...ban }: NewBan): Promise<Ban> {
    const { clock, ids, store } = this.#options;
    const createdAt = clock.now();
    const added: Ban = { ...ban, id: ids.next(), createdAt, expiresAt: createdAt + duration };
    await store.write((transaction) => transaction.execute(ADD, columns(added)));
    await this.#replica.changed();
    return added;
  }

  async lift(id: string, transaction?: WriteTransaction): Promise<Ban | undefined> {
    const { store, report } = this.#options;
    if (transaction === undefined) {
      const [row] = await store.write((own) => own.execute<BanRow>(LIFT, [id]));
      if (row === undefined) return undefined;
      await this.#replica.changed();
      return banOf(row);
    }
    const [row] = await transaction.execute<BanRow>(LIFT, [id]);
    if (row === undefined) return undefined;
    transaction.afterCommit(() => void this.#replica.changed().catch((error: unknown) => report?.(error)));
    return banOf(row);
  }

  list(): readonly Ban[] {
    const now = this.#options.clock.now();
    return [...this.#replica.value.values()]
      .flat()
      .filter((ban) => ban.expiresAt > now)
      .toSorted((left, right) => right.createdAt - left.createdAt || (left.id < right.id ? 1 : -1));
  }

  violate(subject: BanSubject, window: number): Promise<number> {
    return this.#options.store.write((transaction) => recordViolation(transaction, subject, window));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#replica[Symbol.asyncDispose]();
  }

  async #load(): Promise<ReadonlyMap<string, readonly Ban[]>> {
    const { store, clock } = this.#options;
    const now = clock.now();
    const rows = await store.read((transaction) => transaction.execute<BanRow>(LIST, [now]));
    return Map.groupBy(rows.map(banOf), (ban) => keyOf(ban.subject));
  }

  async #prune(): Promise<void> {
    const { store, clock } = this.#options;
    const parameters = [clock.now(), PRUNED_AT_ONCE];
    await store.write(async (transaction) => {
      await transaction.execute(PRUNE_BANS, parameters);
      await transaction.execute(PRUNE_VIOLATIONS, parameters);
    });
  }
}

async function recordViolation(transaction: WriteTransaction, subject: BanSubject, window: number): Promise<number> {
  const now = await transaction.now();
  const { kind, value } = subject;
  const [row] = await transaction.execute<{ times: string }>(TAKE_VIOLATIONS, [kind, value]);
  // Written below, as an array of numbers.
  const earlier = JSON.parse(row?.times ?? "[]") as number[];
  const kept = Math.max(window, KEPT_FOR);
  const times = [...earlier.filter((at) => at > now - kept), now].slice(-KEPT_VIOLATIONS);
  await transaction.execute(KEEP_VIOLATIONS, [kind, value, JSON.stringify(times), now + kept]);
  return times.filter((at) => at > now - window).length;
}

function keyOf(subject: BanSubject): string {
  return `${subject.kind} ${subject.value}`;
}

function columns(ban: Ban) {
  const { id, subject, reason, createdAt, expiresAt, violations, entrance } = ban;
  return [id, subject.kind, subject.value, reason, createdAt, expiresAt, violations, entrance ?? null];
}

function banOf(row: BanRow): Ban {
  const ban: Ban = {
    id: row.id,
    subject: { kind: row.subject_kind, value: row.subject_value },
    reason: row.reason,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    violations: row.violations,
  };
  return row.entrance === null ? ban : { ...ban, entrance: row.entrance };
}
