import type { Ids } from "../../kernel/ids.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import type { ClaimedJob, DeadJob, Jobs, NewJob } from "../../kernel/ports/jobs.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { subscribeLastingly } from "../lasting-subscription.ts";
import { portableStatement } from "./statement.ts";

/** What jobs are kept with. */
export interface JobsParts {
  readonly store: Store;
  readonly bus: Bus;
  readonly ids: Ids;
  /** Receives failures of telling other servers. */
  readonly report?: (error: unknown) => void;
}

interface JobRow {
  readonly id: string;
  readonly queue: string;
  readonly kind: string;
  readonly tenant: string;
  readonly payload: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly attempts: number;
  readonly run_at: number;
  readonly created_at: number;
}

type DeadRow = Omit<JobRow, "queue" | "epoch" | "attempts" | "run_at"> & {
  readonly dead_at: number;
  readonly reason: string;
};

const ATTEMPTS = 10;
const LONGEST_REASON = 500;
const KEPT_DEAD = 30 * 86_400_000;

/** A job that is there already comes earlier where the new one would have. */
const ADD = portableStatement(
  `INSERT INTO jobs (id, queue, kind, tenant, key, payload, state, epoch, attempt, attempts, run_at, leased_until, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, 0, $7, $8, 0, $9)
   ON CONFLICT (queue, key) WHERE state = 'waiting' AND key IS NOT NULL DO UPDATE
   SET run_at = CASE WHEN jobs.run_at < excluded.run_at THEN jobs.run_at ELSE excluded.run_at END
   RETURNING id`,
);
const CLAIM_TEXT = (lock: string): string =>
  `UPDATE jobs SET epoch = epoch + 1, attempt = attempt + 1, leased_until = $4
   WHERE id IN (
     SELECT id FROM jobs WHERE queue = $1 AND state = 'waiting' AND run_at <= $2 AND leased_until <= $2
     ORDER BY run_at, id LIMIT $3${lock})
   RETURNING id, queue, kind, tenant, payload, epoch, attempt, attempts, run_at, created_at`;
const CLAIM = Object.freeze({
  sqlite: portableStatement(CLAIM_TEXT("")).sqlite,
  postgres: portableStatement(CLAIM_TEXT(" FOR UPDATE SKIP LOCKED")).postgres,
});
const OURS = "WHERE id = $1 AND epoch = $2 AND state = 'waiting'";
const RENEW = portableStatement(`UPDATE jobs SET leased_until = $3 ${OURS} AND leased_until > $4 RETURNING id`);
const COMPLETE = portableStatement(`DELETE FROM jobs ${OURS} RETURNING id`);
const FAIL = portableStatement(
  `UPDATE jobs SET leased_until = 0, run_at = $3, reason = $4,
     state = CASE WHEN CAST($5 AS BIGINT) = 1 OR attempt >= attempts THEN 'dead' ELSE state END,
     dead_at = CASE WHEN $5 = 1 OR attempt >= attempts THEN CAST($6 AS BIGINT) ELSE NULL END
   ${OURS} RETURNING state`,
);
const TAKE_BACK = portableStatement("UPDATE jobs SET leased_until = 0 WHERE queue = $1 AND state = 'waiting'");
const DUE = portableStatement(
  `SELECT MIN(CASE WHEN run_at < leased_until THEN leased_until ELSE run_at END) AS at, {now} AS now
   FROM jobs WHERE queue = $1 AND state = 'waiting'`,
);
const DEAD = portableStatement(
  `SELECT id, kind, tenant, payload, attempt, created_at, dead_at, reason FROM jobs
   WHERE queue = $1 AND state = 'dead' ORDER BY dead_at DESC, id LIMIT $2`,
);
const REVIVE = portableStatement(
  `UPDATE jobs SET state = 'waiting', attempt = 0, run_at = $2, leased_until = 0, dead_at = NULL
   WHERE id = $1 AND state = 'dead' AND NOT EXISTS (
     SELECT 1 FROM jobs AS other WHERE other.queue = jobs.queue AND other.key = jobs.key AND other.state = 'waiting')
   RETURNING queue`,
);
const PRUNE = portableStatement(
  `DELETE FROM jobs WHERE id IN (
     SELECT id FROM jobs WHERE state = 'dead' AND dead_at <= $1 ORDER BY dead_at LIMIT $2) RETURNING id`,
);

/** Jobs in the table `jobs`. Servers tell each other of new ones over the bus once they are durable. */
export function createJobs(parts: JobsParts): Jobs {
  return new SqlJobs(parts);
}

class SqlJobs implements Jobs {
  readonly #parts: JobsParts;

  constructor(parts: JobsParts) {
    this.#parts = parts;
  }

  async add(transaction: WriteTransaction, job: NewJob): Promise<string> {
    const { queue, kind, tenant, key, payload, runAt, attempts = ATTEMPTS } = job;
    const now = await transaction.now();
    const id = this.#parts.ids.next();
    const [row] = await transaction.execute<{ id: string }>(ADD, [
      ...[id, queue, kind, tenant, key ?? null, JSON.stringify(payload)],
      ...[attempts, runAt ?? now, now],
    ]);
    this.#tell(transaction, queue);
    return row?.id ?? id;
  }

  claim(
    queue: string,
    { limit, duration }: { readonly limit: number; readonly duration: number },
  ): Promise<readonly ClaimedJob[]> {
    return this.#parts.store.write(async (transaction) => {
      const now = await transaction.now();
      const rows = await transaction.execute<JobRow>(CLAIM, [queue, now, limit, now + duration]);
      return rows.toSorted((left, right) => left.run_at - right.run_at || (left.id < right.id ? -1 : 1)).map(jobOf);
    });
  }

  renew({ id, epoch }: ClaimedJob, duration: number): Promise<boolean> {
    return this.#parts.store.write(async (transaction) => {
      const now = await transaction.now();
      return (await transaction.execute(RENEW, [id, epoch, now + duration, now])).length > 0;
    });
  }

  async complete(transaction: WriteTransaction, { id, epoch }: Pick<ClaimedJob, "id" | "epoch">): Promise<boolean> {
    return (await transaction.execute(COMPLETE, [id, epoch])).length > 0;
  }

  async fail(
    transaction: WriteTransaction,
    { id, epoch }: ClaimedJob,
    { reason, runAt, final = false }: { readonly reason: string; readonly runAt: number; readonly final?: boolean },
  ): Promise<"again" | "dead" | "lost"> {
    const now = await transaction.now();
    const values = [id, epoch, runAt, reason.slice(0, LONGEST_REASON), final ? 1 : 0, now];
    const [row] = await transaction.execute<{ state: string }>(FAIL, values);
    if (row === undefined) return "lost";
    return row.state === "dead" ? "dead" : "again";
  }

  async takeBack(transaction: WriteTransaction, queue: string): Promise<void> {
    await transaction.execute(TAKE_BACK, [queue]);
  }

  async due(queue: string): Promise<number | undefined> {
    const [row] = await this.#parts.store.read((transaction) =>
      transaction.execute<{ at: number | null; now: number }>(DUE, [queue]),
    );
    return row === undefined || row.at === null ? undefined : Math.max(0, row.at - row.now);
  }

  listen(queue: string, added: () => void): Promise<AsyncDisposable> {
    const { bus, report } = this.#parts;
    const heard = { heard: added, ...(report === undefined ? {} : { report }) };
    return subscribeLastingly(bus, topicOf(queue), heard);
  }

  async dead(transaction: Parameters<Jobs["dead"]>[0], queue: string, limit: number): Promise<readonly DeadJob[]> {
    return (await transaction.execute<DeadRow>(DEAD, [queue, limit])).map(deadJobOf);
  }

  async revive(transaction: WriteTransaction, id: string): Promise<boolean> {
    const [row] = await transaction.execute<{ queue: string }>(REVIVE, [id, await transaction.now()]);
    if (row === undefined) return false;
    this.#tell(transaction, row.queue);
    return true;
  }

  async prune(transaction: WriteTransaction, limit: number): Promise<number> {
    const now = await transaction.now();
    return (await transaction.execute(PRUNE, [now - KEPT_DEAD, limit])).length;
  }

  /** A message that is lost delays a job until its worker next looks by itself. */
  #tell(transaction: WriteTransaction, queue: string): void {
    const { bus, report } = this.#parts;
    transaction.afterCommit(() => {
      bus.publish(topicOf(queue), "").catch((error: unknown) => report?.(error));
    });
  }
}

function topicOf(queue: string): string {
  return `gatehouse.jobs.${queue}`;
}

function jobOf({ created_at, run_at: _, payload, ...row }: JobRow): ClaimedJob {
  return { ...row, payload: JSON.parse(payload), createdAt: created_at };
}

function deadJobOf({ created_at, dead_at, payload, ...row }: DeadRow): DeadJob {
  return { ...row, payload: JSON.parse(payload), createdAt: created_at, deadAt: dead_at };
}
