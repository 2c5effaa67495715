import type { Session, Sessions } from "../../kernel/ports/sessions.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { portableStatement } from "./statement.ts";

interface SessionRow {
  readonly id: string;
  readonly tenant: string;
  readonly principal_type: Session["principalType"];
  readonly principal_id: string;
  /** JSON array of texts. */
  readonly grants: string;
  readonly created_at: number;
  readonly seen_at: number;
  readonly expires_at: number;
  readonly ended_at: number | null;
}

const COLUMNS = "id, tenant, principal_type, principal_id, grants, created_at, seen_at, expires_at";
const FIND = portableStatement(`SELECT ${COLUMNS}, ended_at FROM sessions WHERE id = $1`);
const CREATE = portableStatement(
  `INSERT INTO sessions (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (id) DO NOTHING RETURNING id`,
);
const TOUCH = portableStatement(
  `UPDATE sessions SET seen_at = CASE WHEN seen_at < $2 THEN $2 ELSE seen_at END
   WHERE id = $1 AND expires_at > {now} AND ended_at IS NULL RETURNING id`,
);
const END = portableStatement("DELETE FROM sessions WHERE id = $1");
const MARK_ENDED = portableStatement(
  `INSERT INTO sessions (${COLUMNS}, ended_at) VALUES ($1, $2, 'anonymous', '-', '[]', $3, $3, $4, $3)
   ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at,
     expires_at = CASE WHEN sessions.expires_at < excluded.expires_at THEN excluded.expires_at ELSE sessions.expires_at END
   WHERE sessions.ended_at IS NULL OR sessions.ended_at > excluded.ended_at`,
);
const END_ALL = portableStatement(
  "DELETE FROM sessions WHERE tenant = $1 AND principal_type = $2 AND principal_id = $3 RETURNING id",
);
const PRUNE = portableStatement(
  `DELETE FROM sessions WHERE id IN
   (SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
   RETURNING id`,
);

/**
 * Sessions in the table `sessions`. `find` also returns sessions that have expired and are not pruned yet,
 * so that the caller can tell an ended session from one that never was; check `expiresAt`.
 */
export function createSessions(): Sessions {
  return {
    async find(transaction, id) {
      const [row] = await transaction.execute<SessionRow>(FIND, [id]);
      return row === undefined ? undefined : session(row);
    },
    async create(transaction, created) {
      const { id, tenant, principalType, principalId, grants, createdAt, seenAt, expiresAt } = created;
      const values = [id, tenant, principalType, principalId, JSON.stringify(grants), createdAt, seenAt, expiresAt];
      const inserted = await transaction.execute(CREATE, values);
      if (inserted.length === 0) await ensureSame(transaction, created);
    },
    async touch(transaction, id, seenAt) {
      return (await transaction.execute(TOUCH, [id, seenAt])).length > 0;
    },
    async end(transaction, id) {
      await transaction.execute(END, [id]);
    },
    async markEnded(transaction, { id, tenant, endedAt, expiresAt }) {
      await transaction.execute(MARK_ENDED, [id, tenant, endedAt, expiresAt]);
    },
    async endAll(transaction, { tenant, principalType, principalId }) {
      return (await transaction.execute(END_ALL, [tenant, principalType, principalId])).length;
    },
    async prune(transaction, now, limit) {
      return (await transaction.execute(PRUNE, [now, limit])).length;
    },
  };
}

/** Two first writes of one browser create the same session; anything else under a taken identifier is a bug. */
async function ensureSame(transaction: WriteTransaction, created: Session): Promise<void> {
  const [row] = await transaction.execute<SessionRow>(FIND, [created.id]);
  const same =
    row !== undefined &&
    row.ended_at === null &&
    row.tenant === created.tenant &&
    row.principal_type === created.principalType &&
    row.principal_id === created.principalId;
  if (!same) throw new Error("A session with this identifier has ended, or belongs to another principal.");
}

function session(row: SessionRow): Session {
  const kept: Session = {
    id: row.id,
    tenant: row.tenant,
    principalType: row.principal_type,
    principalId: row.principal_id,
    // Written by `create` from an array of texts.
    grants: JSON.parse(row.grants) as string[],
    createdAt: row.created_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
  };
  return row.ended_at === null ? kept : { ...kept, endedAt: row.ended_at };
}
