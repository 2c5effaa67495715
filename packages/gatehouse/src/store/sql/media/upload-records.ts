import type { WriteTransaction } from "../../../kernel/ports/store.ts";
import type { UploadQuota, UploadRecords, UploadRoom } from "../../../kernel/ports/uploads.ts";
import { portableStatement } from "../statement.ts";

const OTHERS = portableStatement(
  `SELECT coalesce(sum(bytes), 0) AS total,
     coalesce(sum(CASE WHEN tenant = $1 AND owner = $2 THEN bytes ELSE 0 END), 0) AS bytes,
     coalesce(sum(CASE WHEN tenant = $1 AND owner = $2 THEN 1 ELSE 0 END), 0) AS files,
     coalesce(sum(CASE WHEN tenant = $1 AND state = 'arriving' THEN bytes ELSE 0 END), 0) AS of_tenant,
     coalesce(sum(CASE WHEN source = $3 AND state = 'arriving' THEN bytes ELSE 0 END), 0) AS of_source
   FROM uploads WHERE state <> 'taken' AND expires_at > $4 AND id <> $5`,
);
const RESERVE = portableStatement(
  `INSERT INTO uploads (id, tenant, owner, source, state, bytes, expires_at)
   VALUES ($1, $2, $3, $4, 'arriving', $5, $6)`,
);
const EXTEND = portableStatement(
  "UPDATE uploads SET bytes = $2 WHERE id = $1 AND state = 'arriving' AND expires_at > $3 RETURNING id",
);
const ARRIVE = portableStatement(
  `UPDATE uploads SET state = 'pending', source = NULL, bytes = $2, expires_at = $3
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

type Others = Readonly<Record<"total" | "bytes" | "files" | "of_tenant" | "of_source", number>>;

/** Parts of the total that one tenant and one source may have arriving at once. */
const TENANT_PART = 2;
const SOURCE_PART = 8;

/** Whether the quota has room for so many bytes of a file besides all others. */
async function hasRoom(
  transaction: WriteTransaction,
  { id, tenant, owner, source, bytes }: UploadRoom,
  quota: UploadQuota,
): Promise<boolean> {
  const now = await transaction.now();
  const [others] = await transaction.execute<Others>(OTHERS, [tenant, owner, source ?? null, now, id]);
  const held = (what: keyof Others): number => Number(others?.[what] ?? 0);
  const shareOf = (part: number): number => Math.max(quota.total / part, Math.min(quota.bytes, quota.total));
  return (
    held("files") < quota.files &&
    held("bytes") + bytes <= quota.bytes &&
    held("of_tenant") + bytes <= shareOf(TENANT_PART) &&
    (source === undefined || held("of_source") + bytes <= shareOf(SOURCE_PART)) &&
    held("total") + bytes <= quota.total
  );
}

/** Uploads in the table `uploads`. Expiry is judged by the database's clock. */
export function createUploadRecords(): UploadRecords {
  return {
    async reserve(transaction, { announced, lifetime, ...file }, quota) {
      const { id, tenant, owner, source, bytes } = file;
      const wanted = { ...file, bytes: Math.max(bytes, announced ?? 0) };
      if (!(await hasRoom(transaction, wanted, quota))) return false;
      const expiry = (await transaction.now()) + lifetime;
      await transaction.execute(RESERVE, [id, tenant, owner, source ?? null, bytes, expiry]);
      return true;
    },
    async extend(transaction, file, quota) {
      if (!(await hasRoom(transaction, file, quota))) return false;
      const { id, bytes } = file;
      return (await transaction.execute(EXTEND, [id, bytes, await transaction.now()])).length === 1;
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
