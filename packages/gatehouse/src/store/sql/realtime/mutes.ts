import type { Clock } from "../../../kernel/clock.ts";
import type { Ids } from "../../../kernel/ids.ts";
import type { ActorAddress } from "../../../kernel/ports/actors.ts";
import type { Bus } from "../../../kernel/ports/bus.ts";
import type { Mute, Mutes, NewMute } from "../../../kernel/ports/mutes.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../../kernel/ports/store.ts";
import { Replica } from "../../replica.ts";
import { portableStatement } from "../statement.ts";

/** What mutes are built on. */
export interface MutesOptions {
  readonly store: Pick<Store, "read">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Milliseconds between looks at the table, for messages of the bus that were lost. Default 5000. */
  readonly pollInterval?: number;
  /** Receives failures of refreshing in the background. */
  readonly report: (error: unknown) => void;
}

interface MuteRow {
  readonly id: string;
  readonly tenant: string;
  readonly principal_type: Mute["principal"]["type"];
  readonly principal_id: string;
  readonly type: string;
  readonly key: string | null;
  readonly reason: string;
  readonly created_at: number;
  readonly expires_at: number;
}

const TOPIC = "gatehouse.mutes";
const POLL_INTERVAL = 5_000;

const COLUMNS = "id, tenant, principal_type, principal_id, type, key, reason, created_at, expires_at";
const IN_FORCE = portableStatement(`SELECT ${COLUMNS} FROM realtime_mutes WHERE expires_at > {now}`);
const LIST = portableStatement(
  `SELECT ${COLUMNS} FROM realtime_mutes WHERE tenant = $1 AND expires_at > {now}
   ORDER BY created_at DESC, id DESC LIMIT $2`,
);
const ADD = portableStatement(`INSERT INTO realtime_mutes (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`);
const LIFT = portableStatement(`DELETE FROM realtime_mutes WHERE tenant = $1 AND id = $2 RETURNING ${COLUMNS}`);
const PRUNE = portableStatement(
  `DELETE FROM realtime_mutes WHERE id IN
   (SELECT id FROM realtime_mutes WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) RETURNING id`,
);

/** Mutes in the table `realtime_mutes`. Resolves once those in force have been loaded. */
export async function createMutes(options: MutesOptions): Promise<Mutes> {
  const mutes = new ReplicatedMutes(options);
  await mutes.start();
  return mutes;
}

class ReplicatedMutes implements Mutes {
  readonly #options: MutesOptions;
  readonly #replica: Replica<readonly Mute[]>;
  #list: readonly Mute[] | undefined;
  #bySubject: ReadonlyMap<string, readonly Mute[]> = new Map();

  constructor(options: MutesOptions) {
    this.#options = options;
    const { bus, report, pollInterval: interval = POLL_INTERVAL } = options;
    this.#replica = new Replica({ bus, topic: TOPIC, report, interval, initial: [], load: () => this.#load() });
  }

  async start(): Promise<void> {
    await this.#replica.start();
  }

  find({ type, id, tenant }: Parameters<Mutes["find"]>[0], address: ActorAddress): Mute | undefined {
    if (this.#replica.value.length === 0) return undefined;
    const now = this.#options.clock.now();
    let longest: Mute | undefined;
    for (const mute of this.#index().get(subjectOf(tenant, type, id)) ?? []) {
      const applies = mute.expiresAt > now && concerns(mute, address);
      if (applies && (longest === undefined || mute.expiresAt > longest.expiresAt)) longest = mute;
    }
    return longest;
  }

  async add(transaction: WriteTransaction, { duration, ...mute }: NewMute): Promise<Mute> {
    const createdAt = await transaction.now();
    const added: Mute = { ...mute, id: this.#options.ids.next(), createdAt, expiresAt: createdAt + duration };
    const { id, tenant, principal, actor, reason, expiresAt } = added;
    const key = actor.key === undefined ? null : JSON.stringify(actor.key);
    const values = [id, tenant, principal.type, principal.id, actor.type, key, reason, createdAt, expiresAt];
    await transaction.execute(ADD, values);
    this.#changeAfterCommit(transaction, (mutes) => [...mutes, added]);
    return added;
  }

  async lift(transaction: WriteTransaction, { tenant, id }: Pick<Mute, "tenant" | "id">): Promise<Mute | undefined> {
    const [row] = await transaction.execute<MuteRow>(LIFT, [tenant, id]);
    if (row === undefined) return undefined;
    this.#changeAfterCommit(transaction, (mutes) => mutes.filter((mute) => mute.id !== id));
    return muteOf(row);
  }

  async list(transaction: ReadTransaction, tenant: string, limit: number): Promise<readonly Mute[]> {
    return (await transaction.execute<MuteRow>(LIST, [tenant, limit])).map(muteOf);
  }

  async prune(transaction: WriteTransaction, limit: number): Promise<number> {
    return (await transaction.execute(PRUNE, [await transaction.now(), limit])).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replica[Symbol.asyncDispose]();
  }

  /** Here it is so at once, whether or not the store can be read again just now. */
  #changeAfterCommit(transaction: WriteTransaction, change: (mutes: readonly Mute[]) => readonly Mute[]): void {
    transaction.afterCommit(() => {
      this.#replica.value = change(this.#replica.value);
      this.#replica.changed().catch(this.#options.report);
    });
  }

  /** Whoever speaks to an actor asks this: nobody else's mutes are looked at for it. */
  #index(): ReadonlyMap<string, readonly Mute[]> {
    const list = this.#replica.value;
    if (this.#list !== list) {
      this.#list = list;
      this.#bySubject = Map.groupBy(list, ({ tenant, principal }) => subjectOf(tenant, principal.type, principal.id));
    }
    return this.#bySubject;
  }

  async #load(): Promise<readonly Mute[]> {
    const rows = await this.#options.store.read((transaction) => transaction.execute<MuteRow>(IN_FORCE, []));
    return rows.map(muteOf);
  }
}

function subjectOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function concerns({ actor: { type, key } }: Mute, address: ActorAddress): boolean {
  if (type !== address.type) return false;
  return key === undefined || JSON.stringify(key) === JSON.stringify(address.key);
}

function muteOf({ id, tenant, principal_type, principal_id, type, key, reason, ...times }: MuteRow): Mute {
  // Only `add` writes the column.
  const actor = key === null ? { type } : { type, key: JSON.parse(key) as string[] };
  const principal = { type: principal_type, id: principal_id };
  return { id, tenant, principal, actor, reason, createdAt: times.created_at, expiresAt: times.expires_at };
}
