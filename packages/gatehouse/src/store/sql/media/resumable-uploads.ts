import type { MediaQuota, MediaRoom } from "../../../kernel/ports/media-grants.ts";
import type {
  NewResumableUpload,
  ResumableBounds,
  ResumableShortage,
  ResumableUpload,
  ResumableUploads,
} from "../../../kernel/ports/resumable-uploads.ts";
import type { ReadTransaction, SqlValue, WriteTransaction } from "../../../kernel/ports/store.ts";
import { portableStatement } from "../statement.ts";

const COLUMNS = `id, tenant, collection, grant_id, grant_generation, owner_type, owner_id, source, kind, parts, state,
  length, durable, reserved, epoch, writer, joined, name, declared_type, sha256, metadata, expires_at`;
const INSERT = portableStatement(
  `INSERT INTO media_uploads (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'receiving',
     $11, 0, $12, 0, NULL, NULL, $13, $14, $15, $16, $17)`,
);
const FIND = portableStatement(`SELECT ${COLUMNS} FROM media_uploads WHERE id = $1`);
const OPEN = portableStatement(
  `SELECT
     coalesce(sum(CASE WHEN tenant = $1 AND grant_id = $2 THEN 1 ELSE 0 END), 0) AS of_grant,
     coalesce(sum(CASE WHEN tenant = $1 AND owner_type = $3 AND owner_id = $4 THEN 1 ELSE 0 END), 0) AS of_owner,
     coalesce(sum(CASE WHEN source = $5 THEN 1 ELSE 0 END), 0) AS of_source
   FROM media_uploads WHERE state = 'receiving'
     AND ((tenant = $1 AND (grant_id = $2 OR (owner_type = $3 AND owner_id = $4))) OR source = $5)`,
);
const USAGE = portableStatement("SELECT files, bytes FROM media_upload_usage WHERE tenant = $1 AND grant_id = $2");
const USE = portableStatement(
  `INSERT INTO media_upload_usage (tenant, grant_id, files, bytes) VALUES ($1, $2, $3, $4)
   ON CONFLICT (tenant, grant_id) DO UPDATE SET
     files = media_upload_usage.files + excluded.files, bytes = media_upload_usage.bytes + excluded.bytes`,
);
const SHARE = portableStatement(
  `SELECT files, bytes FROM media_upload_shares
   WHERE tenant = $1 AND grant_id = $2 AND owner_type = $3 AND owner_id = $4`,
);
const USE_SHARE = portableStatement(
  `INSERT INTO media_upload_shares (tenant, grant_id, owner_type, owner_id, files, bytes)
   VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (tenant, grant_id, owner_type, owner_id) DO UPDATE SET
     files = media_upload_shares.files + excluded.files, bytes = media_upload_shares.bytes + excluded.bytes`,
);
const CLAIM = portableStatement(
  `UPDATE media_uploads SET epoch = epoch + 1, writer = $2
   WHERE id = $1 AND state = 'receiving' AND expires_at > $3 RETURNING epoch`,
);
const FENCE = portableStatement("UPDATE media_uploads SET epoch = epoch + 1 WHERE id = $1 AND state = 'receiving'");
const ADVANCE = portableStatement(
  `UPDATE media_uploads SET durable = $3, writer = CASE WHEN $4 = 1 THEN NULL ELSE writer END
   WHERE id = $1 AND epoch = $2 AND state = 'receiving' AND durable <= $3 RETURNING id`,
);
const RESERVE = portableStatement(
  "UPDATE media_uploads SET reserved = $3 WHERE id = $1 AND epoch = $2 AND state = 'receiving' RETURNING id",
);
const SET_LENGTH = portableStatement(
  `UPDATE media_uploads SET length = $3
   WHERE id = $1 AND epoch = $2 AND state = 'receiving' AND (length IS NULL OR length = $3) RETURNING id`,
);
const FINISH = portableStatement(
  `UPDATE media_uploads SET state = 'received', length = $3, durable = $3, reserved = $3, writer = NULL, expires_at = $4
   WHERE id = $1 AND epoch = $2 AND state = 'receiving' RETURNING id`,
);
const JOIN = portableStatement(
  "UPDATE media_uploads SET joined = $2, reserved = 0 WHERE id = $1 AND state = 'received' AND kind = 'part' AND joined IS NULL RETURNING id",
);
const END = portableStatement(
  "UPDATE media_uploads SET state = 'ended', reserved = 0, writer = NULL, epoch = epoch + 1, expires_at = $2 WHERE id = $1",
);
const EXPIRED = portableStatement(
  `SELECT ${COLUMNS} FROM media_uploads WHERE expires_at <= {now} ORDER BY expires_at LIMIT $1`,
);
const KEEP = portableStatement("UPDATE media_uploads SET expires_at = $2 WHERE id = $1");

interface Row {
  readonly id: string;
  readonly tenant: string;
  readonly collection: string;
  readonly grant_id: string;
  readonly grant_generation: number;
  readonly owner_type: string;
  readonly owner_id: string;
  readonly source: string | null;
  readonly kind: ResumableUpload["kind"];
  readonly parts: string;
  readonly state: ResumableUpload["state"];
  readonly length: number | null;
  readonly durable: number;
  readonly reserved: number;
  readonly epoch: number;
  readonly writer: string | null;
  readonly joined: string | null;
  readonly name: string;
  readonly declared_type: string | null;
  readonly sha256: string | null;
  readonly metadata: string;
  readonly expires_at: number;
}

interface Tables {
  readonly media_uploads: Pick<Row, "id" | "epoch" | "state">;
}

/**
 * Resumable uploads in the table `media_uploads`, with what counts for the quotas of grants and the shares of owners in
 * `media_upload_usage` and `media_upload_shares`. Expiry is judged by the database's clock.
 */
export function createResumableUploads(): ResumableUploads {
  return {
    begin,
    find,
    async claim(transaction, { id, writer }) {
      const before = await find(transaction, id);
      const [claimed] = await transaction.execute<Pick<Row, "epoch">>(CLAIM, [id, writer, await transaction.now()]);
      return before === undefined || claimed === undefined ? undefined : { ...before, epoch: Number(claimed.epoch) };
    },
    async fence(transaction, id) {
      await transaction.execute(FENCE, [id]);
    },
    advance: (transaction, { id, epoch, offset, closed }) =>
      changes(transaction, ADVANCE, [id, epoch, offset, closed ? 1 : 0]),
    reserve,
    setLength: (transaction, { id, epoch, length }) => changes(transaction, SET_LENGTH, [id, epoch, length]),
    shortage: (transaction, upload, room) => shortOf(transaction, upload, { more: { files: 0, bytes: 0 }, room }),
    async finish(transaction, { id, epoch, bytes, kept }) {
      const upload = await find(transaction, id);
      if (upload === undefined) return false;
      const until = (await transaction.now()) + kept;
      if (!(await changes(transaction, FINISH, [id, epoch, bytes, until]))) return false;
      await use(transaction, upload, { files: 0, bytes: bytes - upload.reserved });
      return true;
    },
    join,
    end,
    async expired(transaction, limit) {
      return (await transaction.execute<Row>(EXPIRED, [limit])).map(uploadOf);
    },
    async keep(transaction, id, milliseconds) {
      await transaction.execute(KEEP, [id, (await transaction.now()) + milliseconds]);
    },
    async remove(transaction, ids) {
      if (ids.length > 0)
        await transaction.query<Tables>().deleteFrom("media_uploads").where("id", "in", ids).execute();
    },
    async known(transaction, ids) {
      if (ids.length === 0) return new Set();
      const rows = transaction.query<Tables>().selectFrom("media_uploads").select("id").where("id", "in", ids);
      return new Set((await rows.execute()).map(({ id }) => id));
    },
    async epochs(transaction, ids) {
      if (ids.length === 0) return new Map();
      const rows = transaction.query<Tables>().selectFrom("media_uploads").select(["id", "epoch"]);
      const receiving = await rows.where("id", "in", ids).where("state", "=", "receiving").execute();
      return new Map(receiving.map(({ id, epoch }) => [id, Number(epoch)]));
    },
  };
}

async function begin(
  transaction: WriteTransaction,
  upload: NewResumableUpload,
  bounds: ResumableBounds,
): Promise<ResumableShortage | undefined> {
  const { tenant, grant, owner, source } = upload;
  const holder = [tenant, grant.id, owner.type, owner.id, source ?? null];
  const [open] = await transaction.execute<Record<"of_grant" | "of_owner" | "of_source", number>>(OPEN, holder);
  if (Number(open?.of_owner ?? 0) >= bounds.openPerOwner) return "owner";
  if (Number(open?.of_grant ?? 0) >= bounds.openPerGrant) return "grant";
  if (source !== undefined && Number(open?.of_source ?? 0) >= bounds.openPerSource) return "source";
  const wanted = { files: filesOf(upload), bytes: bounds.reserve };
  // What can never fit is refused before any of it is sent.
  const whole = upload.kind === "joined" ? bounds.reserve : (upload.length ?? bounds.reserve);
  const more = { ...wanted, bytes: Math.max(whole, bounds.reserve) };
  const shortage = await shortOf(transaction, upload, { more, room: bounds.room });
  if (shortage !== undefined) return shortage;
  await use(transaction, upload, wanted);
  await transaction.execute(INSERT, [
    ...[upload.id, tenant, upload.collection, grant.id, grant.generation, owner.type, owner.id, source ?? null],
    ...[upload.kind, JSON.stringify(upload.parts), upload.length ?? null, bounds.reserve, upload.name],
    ...[upload.declaredType ?? null, upload.announcedSha256 ?? null, upload.metadata],
    (await transaction.now()) + bounds.lifetime,
  ]);
  return undefined;
}

async function find(transaction: ReadTransaction, id: string): Promise<ResumableUpload | undefined> {
  const [row] = await transaction.execute<Row>(FIND, [id]);
  return row === undefined ? undefined : uploadOf(row);
}

async function end(
  transaction: WriteTransaction,
  { id, kept }: { readonly id: string; readonly kept: number },
): Promise<boolean> {
  const upload = await find(transaction, id);
  const isPart = upload?.kind === "part" && upload.joined === undefined;
  if (upload === undefined || !(upload.state === "receiving" || (upload.state === "received" && isPart))) return false;
  await use(transaction, upload, { files: -filesOf(upload), bytes: -upload.reserved });
  await transaction.execute(END, [id, (await transaction.now()) + kept]);
  return true;
}

async function reserve(
  transaction: WriteTransaction,
  { id, epoch, bytes }: { readonly id: string; readonly epoch: number; readonly bytes: number },
  room: MediaRoom,
): Promise<ResumableShortage | "writer" | undefined> {
  const upload = await find(transaction, id);
  if (upload === undefined || upload.epoch !== epoch) return "writer";
  const more = { files: 0, bytes: bytes - upload.reserved };
  const shortage = more.bytes > 0 ? await shortOf(transaction, upload, { more, room }) : undefined;
  if (shortage !== undefined) return shortage;
  if (!(await changes(transaction, RESERVE, [id, epoch, bytes]))) return "writer";
  await use(transaction, upload, more);
  return undefined;
}

async function join(transaction: WriteTransaction, parts: readonly string[], whole: string): Promise<boolean> {
  for (const part of parts) {
    const upload = await find(transaction, part);
    if (upload === undefined || !(await changes(transaction, JOIN, [part, whole]))) return false;
    await use(transaction, upload, { files: 0, bytes: -upload.reserved });
  }
  return true;
}

/** Parts are no files yet: what is put together of them is one. */
function filesOf({ kind }: Pick<ResumableUpload, "kind">): number {
  return kind === "part" ? 0 : 1;
}

type Counted = Pick<NewResumableUpload, "tenant" | "grant" | "owner">;

async function shortOf(
  transaction: ReadTransaction,
  { tenant, grant, owner }: Counted,
  { more, room: { quota, share } }: { readonly more: MediaQuota; readonly room: MediaRoom },
): Promise<"files" | "bytes" | "share" | undefined> {
  const under = [tenant, grant.id];
  const [all] = quota === undefined ? [] : await transaction.execute<MediaQuota>(USAGE, under);
  const shortage = exceeded(all, more, quota);
  if (shortage !== undefined) return shortage;
  const [own] =
    share === undefined ? [] : await transaction.execute<MediaQuota>(SHARE, [...under, owner.type, owner.id]);
  return exceeded(own, more, share) === undefined ? undefined : "share";
}

function exceeded(
  used: MediaQuota | undefined,
  more: MediaQuota,
  most: MediaQuota | undefined,
): "files" | "bytes" | undefined {
  if (most === undefined) return undefined;
  if (Number(used?.files ?? 0) + more.files > most.files) return "files";
  return Number(used?.bytes ?? 0) + more.bytes > most.bytes ? "bytes" : undefined;
}

async function use(transaction: WriteTransaction, { tenant, grant, owner }: Counted, more: MediaQuota): Promise<void> {
  if (more.files === 0 && more.bytes === 0) return;
  await transaction.execute(USE, [tenant, grant.id, more.files, more.bytes]);
  await transaction.execute(USE_SHARE, [tenant, grant.id, owner.type, owner.id, more.files, more.bytes]);
}

async function changes(
  transaction: WriteTransaction,
  statement: typeof CLAIM,
  parameters: readonly SqlValue[],
): Promise<boolean> {
  return (await transaction.execute(statement, parameters)).length === 1;
}

function uploadOf(row: Row): ResumableUpload {
  return {
    id: row.id,
    tenant: row.tenant,
    collection: row.collection,
    grant: { id: row.grant_id, generation: Number(row.grant_generation) },
    owner: { type: row.owner_type, id: row.owner_id },
    source: row.source ?? undefined,
    kind: row.kind,
    // Written by `begin` alone.
    parts: JSON.parse(row.parts) as readonly string[],
    length: row.length === null ? undefined : Number(row.length),
    name: row.name,
    declaredType: row.declared_type ?? undefined,
    announcedSha256: row.sha256 ?? undefined,
    metadata: row.metadata,
    state: row.state,
    offset: Number(row.durable),
    reserved: Number(row.reserved),
    epoch: Number(row.epoch),
    writer: row.writer ?? undefined,
    joined: row.joined ?? undefined,
    expiresAt: Number(row.expires_at),
  };
}
