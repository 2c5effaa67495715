import type { UploadRecords } from "../../kernel/ports/uploads.ts";
import { portableStatement } from "./statement.ts";

const WAITING = portableStatement(
  `SELECT coalesce(sum(bytes), 0) AS total,
     coalesce(sum(CASE WHEN tenant = $1 AND owner = $2 THEN bytes ELSE 0 END), 0) AS bytes,
     coalesce(sum(CASE WHEN tenant = $1 AND owner = $2 THEN 1 ELSE 0 END), 0) AS files
   FROM uploads WHERE state <> 'taken' AND expires_at > $3`,
);
const RESERVE = portableStatement(
  "INSERT INTO uploads (id, tenant, owner, state, bytes, expires_at) VALUES ($1, $2, $3, 'arriving', $4, $5)",
);
const ARRIVE = portableStatement(
  `UPDATE uploads SET state = 'pending', bytes = $2, expires_at = $3
   WHERE id = $1 AND state = 'arriving' AND expires_at > $4 RETURNING id`,
);
const TAKE = portableStatement(
  `UPDATE uploads SET state = 'taken', expires_at = NULL
   WHERE id = $1 AND tenant = $2 AND owner = $3 AND state = 'pending' AND expires_at > $4 RETURNING id`,
);
const FORGET = portableStatement("UPDATE uploads SET state = 'pending', expires_at = 0 WHERE id = $1");
const FORGET_ARRIVING = portableStatement("UPDATE uploads SET expires_at = 0 WHERE state = 'arriving'");
const EXPIRED = portableStatement("SELECT id FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2");

interface UploadTables {
  readonly uploads: { readonly id: string };
}

interface Waiting {
  readonly total: number;
  readonly bytes: number;
  readonly files: number;
}

/** Uploads in the table `uploads`. Expiry is judged by the database's clock. */
export function createUploadRecords(): UploadRecords {
  return {
    async reserve(transaction, { id, tenant, owner, bytes, lifetime }, quota) {
      const now = await transaction.now();
      const [row] = await transaction.execute<Waiting>(WAITING, [tenant, owner, now]);
      const full =
        Number(row?.files ?? 0) >= quota.files ||
        Number(row?.bytes ?? 0) + bytes > quota.bytes ||
        Number(row?.total ?? 0) + bytes > quota.total;
      if (full) return false;
      await transaction.execute(RESERVE, [id, tenant, owner, bytes, now + lifetime]);
      return true;
    },
    async arrive(transaction, { id, bytes, lifetime }) {
      const now = await transaction.now();
      return (await transaction.execute(ARRIVE, [id, bytes, now + lifetime, now])).length === 1;
    },
    async take(transaction, { id, tenant, owner }) {
      return (await transaction.execute(TAKE, [id, tenant, owner, await transaction.now()])).length === 1;
    },
    async forget(transaction, id) {
      await transaction.execute(FORGET, [id]);
    },
    async forgetArriving(transaction) {
      await transaction.execute(FORGET_ARRIVING, []);
    },
    async expired(transaction, limit) {
      const rows = await transaction.execute<{ readonly id: string }>(EXPIRED, [await transaction.now(), limit]);
      return rows.map(({ id }) => id);
    },
    async remove(transaction, ids) {
      if (ids.length > 0)
        await transaction.query<UploadTables>().deleteFrom("uploads").where("id", "in", ids).execute();
    },
    async known(transaction, ids) {
      if (ids.length === 0) return new Set();
      const rows = transaction.query<UploadTables>().selectFrom("uploads").select("id").where("id", "in", ids);
      return new Set((await rows.execute()).map(({ id }) => id));
    },
  };
}
