import type { WriteTransaction } from "../../../kernel/ports/store.ts";
import {
  STORED_STATES,
  type DueTransfer,
  type StorageRole,
  type StoredFiles,
  type StoredRecord,
  type StoredState,
  type StoredStep,
} from "../../../kernel/ports/stored-files.ts";
import { portableStatement } from "../statement.ts";

interface FileRow {
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly type: string;
  readonly state: StoredState;
  readonly revision: number;
  readonly stored_at: number;
  readonly evict_at: number | null;
  readonly verified_at: number | null;
  readonly damaged: StorageRole | null;
}

interface FileTables {
  readonly stored_files: { readonly key: string };
}

interface ConditionRow {
  readonly files: number;
  readonly bytes: number;
  readonly damaged: number;
  readonly least: number | null;
}

const COLUMNS = "key, bytes, sha256, type, state, revision, stored_at, evict_at, verified_at, damaged";
const ADD = portableStatement(
  `INSERT INTO stored_files (key, bytes, sha256, type, state, revision, stored_at, archive_at, hot_checked_at,
     archive_checked_at, paused_until)
   VALUES ($1, $2, $3, $4, 'hot', 1, $5, $6, $5, 0, 0)
   ON CONFLICT (key) DO UPDATE SET bytes = $2, sha256 = $3, type = $4, state = 'hot',
     revision = stored_files.revision + 1, stored_at = $5, archive_at = $6, evict_at = NULL, verified_at = NULL,
     hot_checked_at = $5, archive_checked_at = 0, damaged = NULL, paused_until = 0`,
);
const RELEASE = portableStatement("DELETE FROM stored_files WHERE key = $1 AND state NOT IN ('evicting', 'removed')");
const FIND = portableStatement(`SELECT ${COLUMNS} FROM stored_files WHERE key = $1`);
const STEP = portableStatement(
  `UPDATE stored_files SET state = $4, paused_until = 0,
     evict_at = CASE WHEN $4 = 'hot' THEN NULL ELSE coalesce($5, evict_at) END,
     archive_at = coalesce($6, archive_at),
     verified_at = CASE WHEN $4 = 'hot' THEN NULL WHEN $3 = 'hot' THEN $7 ELSE verified_at END,
     archive_checked_at = CASE WHEN $3 = 'hot' THEN $7 ELSE archive_checked_at END,
     hot_checked_at = CASE WHEN $3 = 'archived' THEN $7 ELSE hot_checked_at END
   WHERE key = $1 AND revision = $2 AND state = $3 RETURNING key`,
);
const REMOVE = portableStatement(
  "UPDATE stored_files SET state = 'removed', damaged = NULL, paused_until = 0 WHERE key = $1 RETURNING key",
);
const FORGET = portableStatement("DELETE FROM stored_files WHERE key = $1 AND state = 'removed'");
const HASTEN = portableStatement(
  `UPDATE stored_files SET archive_at = $2,
     evict_at = CASE WHEN evict_at IS NULL THEN NULL ELSE CAST($2 AS BIGINT) END,
     paused_until = 0
   WHERE key = $1 AND state IN ('hot', 'copied') RETURNING key`,
);
const DUE_CONDITIONS: Readonly<Record<DueTransfer, string>> = {
  copy: "state = 'hot' AND archive_at <= $1 AND damaged IS NULL ORDER BY archive_at",
  evict: "state IN ('copied', 'evicting') AND evict_at <= $1 AND damaged IS NULL ORDER BY evict_at",
  remove: "state = 'removed' AND 0 <= $1 ORDER BY paused_until",
};
const dueStatement = (transfer: DueTransfer): ReturnType<typeof portableStatement> =>
  portableStatement(
    `UPDATE stored_files SET paused_until = $3 WHERE key IN (
       SELECT key FROM stored_files WHERE paused_until <= $1 AND ${DUE_CONDITIONS[transfer]} LIMIT $2)
     RETURNING ${COLUMNS}`,
  );
const DUE = { copy: dueStatement("copy"), evict: dueStatement("evict"), remove: dueStatement("remove") };
const HELD: Readonly<Record<StorageRole, string>> = {
  hot: "state IN ('hot', 'copied')",
  archive: "state IN ('copied', 'archived')",
};
const byPlace = (
  make: (place: StorageRole) => string,
): Readonly<Record<StorageRole, ReturnType<typeof portableStatement>>> => ({
  hot: portableStatement(make("hot")),
  archive: portableStatement(make("archive")),
});
const LEAST_CHECKED = byPlace(
  (place) =>
    `SELECT ${COLUMNS} FROM stored_files WHERE ${HELD[place]} AND ${place}_checked_at < $1
     ORDER BY ${place}_checked_at, key LIMIT $2`,
);
const CHECKED = byPlace(
  (place) =>
    `UPDATE stored_files SET ${place}_checked_at = $3,
       damaged = CASE WHEN CAST($4 AS BIGINT) = 0 THEN '${place}' WHEN damaged = '${place}' THEN NULL ELSE damaged END
     WHERE key = $1 AND revision = $2`,
);
const UNCHECK = byPlace(
  (place) => `UPDATE stored_files SET ${place}_checked_at = 0 WHERE ${HELD[place]} RETURNING key`,
);
const TOTALS = portableStatement(
  `SELECT state, COUNT(*) AS files, CAST(coalesce(SUM(bytes), 0) AS BIGINT) AS bytes
   FROM stored_files GROUP BY state ORDER BY state`,
);
const CONDITION = byPlace(
  (place) =>
    `SELECT COUNT(*) AS files, CAST(coalesce(SUM(bytes), 0) AS BIGINT) AS bytes,
       coalesce(SUM(CASE WHEN damaged = '${place}' THEN 1 ELSE 0 END), 0) AS damaged,
       MIN(${place}_checked_at) AS least
     FROM stored_files WHERE ${HELD[place]}`,
);

/** Records of files in the table `stored_files`. */
export function createStoredFiles(): StoredFiles {
  return {
    step,
    async add(transaction, { key, bytes, sha256, type, archiveAt }) {
      await transaction.execute(ADD, [key, bytes, sha256, type, await transaction.now(), archiveAt]);
    },
    async release(transaction, key) {
      await transaction.execute(RELEASE, [key]);
      return (await transaction.execute(FIND, [key])).length === 0;
    },
    async find(transaction, key) {
      const [row] = await transaction.execute<FileRow>(FIND, [key]);
      return row === undefined ? undefined : recordOf(row);
    },
    async unknown(transaction, keys) {
      if (keys.length === 0) return [];
      const query = transaction.query<FileTables>().selectFrom("stored_files").select("key").where("key", "in", keys);
      const known = new Set((await query.execute()).map(({ key }) => key));
      return keys.filter((key) => !known.has(key));
    },
    remove: async (transaction, key) => (await transaction.execute(REMOVE, [key])).length > 0,
    async forget(transaction, key) {
      await transaction.execute(FORGET, [key]);
    },
    hasten: async (transaction, key) => (await transaction.execute(HASTEN, [key, await transaction.now()])).length > 0,
    async due(transaction, { transfer, limit, pause }) {
      const now = await transaction.now();
      return (await transaction.execute<FileRow>(DUE[transfer], [now, limit, now + pause])).map(recordOf);
    },
    async leastChecked(transaction, { place, limit, before }) {
      return (await transaction.execute<FileRow>(LEAST_CHECKED[place], [before, limit])).map(recordOf);
    },
    async checked(transaction, { key, revision, place, intact }) {
      await transaction.execute(CHECKED[place], [key, revision, await transaction.now(), intact ? 1 : 0]);
    },
    uncheck: async (transaction, place) => (await transaction.execute(UNCHECK[place], [])).length,
    async totals(transaction) {
      const rows = await transaction.execute<{ state: StoredState; files: number; bytes: number }>(TOTALS, []);
      return STORED_STATES.map((state) => rows.find((row) => row.state === state) ?? { state, files: 0, bytes: 0 }).map(
        ({ state, files, bytes }) => ({ state, files: Number(files), bytes: Number(bytes) }),
      );
    },
    async condition(transaction, place) {
      const [row] = await transaction.execute<ConditionRow>(CONDITION[place], []);
      const { files = 0, bytes = 0, damaged = 0, least = null } = row ?? {};
      const counts = { files: Number(files), bytes: Number(bytes), damaged: Number(damaged) };
      return { ...counts, leastCheckedAt: least ?? undefined };
    },
  };
}

/** What leaves `hot` has just been verified in the archive; what leaves `archived`, at the hot target. */
async function step(
  transaction: WriteTransaction,
  { key, revision, from, to, evictAt, archiveAt }: StoredStep,
): Promise<boolean> {
  const values = [key, revision, from, to, evictAt ?? null, archiveAt ?? null, await transaction.now()];
  return (await transaction.execute(STEP, values)).length > 0;
}

function recordOf({ stored_at, evict_at, verified_at, damaged, ...row }: FileRow): StoredRecord {
  return {
    ...row,
    storedAt: stored_at,
    evictAt: evict_at ?? undefined,
    verifiedAt: verified_at ?? undefined,
    damaged: damaged ?? undefined,
  };
}
