import type { ClaimAnswer, IdempotencyClaim, IdempotencyRecords } from "../../kernel/ports/idempotency.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { portableStatement } from "./statement.ts";

interface ClaimedRow {
  readonly attempt: number;
  readonly created_at: number;
  readonly expires_at: number;
}

interface RecordRow {
  readonly fingerprint: string;
  readonly state: "started" | "done" | "unknown";
  readonly lease_until: number;
  readonly body: string | null;
  readonly created_at: number;
  readonly expires_at: number;
}

/**
 * One statement claims a free key, a key whose record has expired, and the key of the same request whose
 * execution was abandoned or outlived its lease. Everything else is left alone and returns no row; on
 * PostgreSQL the row stays locked all the same, so that what is read next cannot change.
 */
const CLAIM = portableStatement(
  `INSERT INTO idempotency_records
     (id, fingerprint, owner, state, lease_until, attempt, body, created_at, expires_at)
   VALUES ($1, $2, $3, 'started', $4, 1, NULL, $5, $6)
   ON CONFLICT (id) DO UPDATE SET
     fingerprint = excluded.fingerprint,
     owner = excluded.owner,
     state = excluded.state,
     lease_until = excluded.lease_until,
     attempt = CASE WHEN idempotency_records.expires_at <= excluded.created_at
       THEN 1 ELSE idempotency_records.attempt + 1 END,
     body = NULL,
     created_at = CASE WHEN idempotency_records.expires_at <= excluded.created_at
       THEN excluded.created_at ELSE idempotency_records.created_at END,
     expires_at = excluded.expires_at
   WHERE idempotency_records.expires_at <= excluded.created_at
     OR (idempotency_records.fingerprint = excluded.fingerprint
       AND (idempotency_records.state = 'unknown'
         OR (idempotency_records.state = 'started' AND idempotency_records.lease_until <= excluded.created_at)))
   RETURNING attempt, created_at, expires_at`,
);
const FIND = portableStatement(
  `SELECT fingerprint, state, lease_until, body, created_at, expires_at FROM idempotency_records WHERE id = $1`,
);
const OWNED = "WHERE id = $1 AND owner = $2 AND state = 'started'";
const RENEW = portableStatement(
  `UPDATE idempotency_records SET lease_until = $3,
     expires_at = CASE WHEN expires_at < $3 THEN $3 ELSE expires_at END ${OWNED} RETURNING id`,
);
const COMPLETE = portableStatement(
  `UPDATE idempotency_records SET state = 'done', lease_until = 0, body = $3 ${OWNED} RETURNING id`,
);
const FORGET = portableStatement(`DELETE FROM idempotency_records ${OWNED}`);
const ABANDON = portableStatement(`UPDATE idempotency_records SET state = 'unknown', lease_until = 0 ${OWNED}`);
const PRUNE = portableStatement(
  `DELETE FROM idempotency_records WHERE id IN
   (SELECT id FROM idempotency_records WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
   RETURNING id`,
);

/** Idempotency records in the table `idempotency_records`. Leases and expiry are judged by the database's clock. */
export function createIdempotencyRecords(): IdempotencyRecords {
  return {
    async claim(transaction, claim) {
      const now = await transaction.now();
      const { id, fingerprint, owner, lease } = claim;
      // A record must outlive its lease, or another request could claim the key while this one runs.
      const expiresAt = now + Math.max(claim.ttl, lease);
      const parameters = [id, fingerprint, owner, now + lease, now, expiresAt];
      const [row] = await transaction.execute<ClaimedRow>(CLAIM, parameters);
      if (row === undefined) return present(transaction, claim, now);
      return { kind: "claimed", createdAt: row.created_at, expiresAt: row.expires_at, attempt: row.attempt };
    },
    async renew(transaction, claim) {
      const until = (await transaction.now()) + claim.lease;
      return (await transaction.execute(RENEW, [claim.id, claim.owner, until])).length > 0;
    },
    async complete(transaction, claim, body) {
      return (await transaction.execute(COMPLETE, [claim.id, claim.owner, body])).length > 0;
    },
    async forget(transaction, claim) {
      await transaction.execute(FORGET, [claim.id, claim.owner]);
    },
    async abandon(transaction, claim) {
      await transaction.execute(ABANDON, [claim.id, claim.owner]);
    },
    async prune(transaction, limit) {
      return (await transaction.execute(PRUNE, [await transaction.now(), limit])).length;
    },
  };
}

/** What is known about a key that could not be claimed. */
async function present(transaction: WriteTransaction, claim: IdempotencyClaim, now: number): Promise<ClaimAnswer> {
  const [row] = await transaction.execute<RecordRow>(FIND, [claim.id]);
  if (row === undefined) throw new Error("An idempotency record vanished while it was being claimed.");
  if (row.fingerprint !== claim.fingerprint) return { kind: "mismatch", fingerprint: row.fingerprint };
  if (row.state === "done") {
    return { kind: "done", result: { body: row.body ?? "", createdAt: row.created_at, expiresAt: row.expires_at } };
  }
  return { kind: "running", retryAfter: row.lease_until - now };
}
