import type { Lease, Leases } from "../../kernel/ports/leases.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { portableStatement } from "./statement.ts";

interface LeaseRow {
  readonly epoch: number;
  readonly expires_at: number;
}

/** A row stays after its release, so that the epoch goes on growing. */
const ACQUIRE = portableStatement(
  `INSERT INTO leases (name, holder, epoch, expires_at) VALUES ($1, $2, 1, $3)
   ON CONFLICT (name) DO UPDATE
   SET holder = excluded.holder, epoch = leases.epoch + 1, expires_at = excluded.expires_at
   WHERE leases.expires_at <= $4 OR leases.holder = excluded.holder
   RETURNING epoch, expires_at`,
);
const OURS = "WHERE name = $1 AND holder = $2 AND epoch = $3";
const RENEW = portableStatement(
  `UPDATE leases SET expires_at = $4 ${OURS} AND expires_at > $5 RETURNING epoch, expires_at`,
);
const RELEASE = portableStatement(`UPDATE leases SET expires_at = 0 ${OURS}`);

/**
 * Leases in the table `leases`, judged by the database's clock. A holder that acquires a name it already holds
 * gets a new epoch, which fences off its former self; an expired lease cannot be renewed, only acquired again.
 */
export function createLeases(store: Store): Leases {
  return {
    acquire: (name, holder, duration) =>
      store.write(async (transaction) => {
        const now = await transaction.now();
        const [row] = await transaction.execute<LeaseRow>(ACQUIRE, [name, holder, now + duration, now]);
        return row === undefined ? undefined : lease(name, holder, row);
      }),
    renew: ({ name, holder, epoch }, duration) =>
      store.write(async (transaction) => {
        const now = await transaction.now();
        const [row] = await transaction.execute<LeaseRow>(RENEW, [name, holder, epoch, now + duration, now]);
        return row === undefined ? undefined : lease(name, holder, row);
      }),
    release: ({ name, holder, epoch }) =>
      store.write(async (transaction) => {
        await transaction.execute(RELEASE, [name, holder, epoch]);
      }),
  };
}

function lease(name: string, holder: string, row: LeaseRow): Lease {
  return { name, holder, epoch: row.epoch, expiresAt: row.expires_at };
}
