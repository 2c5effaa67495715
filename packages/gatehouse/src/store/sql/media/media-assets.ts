import type {
  AssetChange,
  AssetCount,
  AssetFindings,
  AssetQuery,
  AssetState,
  MediaAsset,
  MediaAssets,
  MediaVariant,
} from "../../../kernel/ports/media-assets.ts";
import type { ReceivedFile } from "../../../kernel/ports/media-intake.ts";
import type { ReadTransaction, WriteTransaction } from "../../../kernel/ports/store.ts";
import type { CoreTables, MediaAssetsTable, MediaVariantsTable } from "../schema.ts";
import { portableStatement } from "../statement.ts";

type Origin = Pick<ReceivedFile, "grant" | "name"> & Partial<Pick<ReceivedFile, "declaredType" | "announcedSha256">>;

const ADD = portableStatement(
  `INSERT INTO media_assets (id, tenant, collection, state, reason, owner_type, owner_id, bytes, origin, findings,
     quarantined, received_at, changed_at)
   VALUES ($1, $2, $3, 'received', '', $4, $5, $6, $7, '{}', 1, $8, $8)`,
);
const FIND = portableStatement("SELECT * FROM media_assets WHERE id = $1");
/** States come as a text such as ` received held `: neither engine binds lists. */
const CHANGE = portableStatement(
  `UPDATE media_assets SET state = $3, reason = $4, findings = coalesce($5, findings),
     scanned_by = coalesce($6, scanned_by), quarantined = CASE WHEN CAST($7 AS BIGINT) = 0 THEN 0 ELSE quarantined END,
     changed_at = $8,
     published_at = CASE WHEN CAST($9 AS BIGINT) = 1 THEN coalesce(published_at, $8) ELSE published_at END
   WHERE id = $1 AND $2 LIKE '% ' || state || ' %' RETURNING id`,
);
const DELETE_VARIANTS = portableStatement("DELETE FROM media_variants WHERE asset = $1");
const ADD_VARIANT = portableStatement(
  `INSERT INTO media_variants (asset, name, key, type, bytes, sha256, width, height)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);
const REMOVE = portableStatement("DELETE FROM media_assets WHERE id = $1");
const COUNTED = "SELECT state, reason, COUNT(*) AS count, MIN(received_at) AS oldest FROM media_assets";
const COUNTS = portableStatement(`${COUNTED} GROUP BY state, reason ORDER BY state, reason`);
const COUNTS_OF_TENANT = portableStatement(
  `${COUNTED} WHERE tenant = $1 GROUP BY state, reason ORDER BY state, reason`,
);
const SCANNED_BY_OTHERS = portableStatement(
  `SELECT * FROM media_assets
   WHERE ((state = 'published' AND received_at >= $2) OR state = 'held') AND coalesce(scanned_by, '') <> $1
     AND (received_at > $3 OR (received_at = $3 AND id > $4))
   ORDER BY received_at, id LIMIT $5`,
);

/** Assets in the tables `media_assets` and `media_variants`. */
export function createMediaAssets(): MediaAssets {
  return {
    add,
    change,
    list,
    setVariants,
    variants,
    async find(transaction, id) {
      const [row] = await transaction.execute<MediaAssetsTable>(FIND, [id]);
      return row === undefined ? undefined : assetOf(row);
    },
    async remove(transaction, id) {
      await transaction.execute(DELETE_VARIANTS, [id]);
      await transaction.execute(REMOVE, [id]);
    },
    async counts(transaction, tenant) {
      const statement = tenant === undefined ? COUNTS : COUNTS_OF_TENANT;
      const rows = await transaction.execute<AssetCount>(statement, tenant === undefined ? [] : [tenant]);
      return rows.map(({ count, oldest, ...row }) => ({ ...row, count: Number(count), oldest: Number(oldest) }));
    },
    async scannedByOthers(transaction, { by, since, limit, after }) {
      const page = [after?.receivedAt ?? 0, after?.id ?? "", limit];
      return (await transaction.execute<MediaAssetsTable>(SCANNED_BY_OTHERS, [by, since, ...page])).map(assetOf);
    },
  };
}

async function add(transaction: WriteTransaction, file: ReceivedFile): Promise<void> {
  const { id, tenant, collection, owner, bytes, grant, name, declaredType, announcedSha256 } = file;
  const origin = JSON.stringify({ grant, name, declaredType, announcedSha256 } satisfies Record<keyof Origin, unknown>);
  const now = await transaction.now();
  await transaction.execute(ADD, [id, tenant, collection, owner.type, owner.id, bytes, origin, now]);
}

async function change(transaction: WriteTransaction, id: string, step: AssetChange): Promise<boolean> {
  const { from, to, reason = "", findings, scannedBy, quarantined } = step;
  const rows = await transaction.execute(CHANGE, [
    ...[id, ` ${from.join(" ")} `, to, reason],
    findings === undefined ? null : JSON.stringify(findings),
    scannedBy ?? null,
    quarantined === false ? 0 : 1,
    await transaction.now(),
    to === "published" ? 1 : 0,
  ]);
  return rows.length > 0;
}

async function list(transaction: ReadTransaction, query: AssetQuery): Promise<readonly MediaAsset[]> {
  const { tenant, collection, states, owner, after, limit } = query;
  let rows = transaction.query<CoreTables>().selectFrom("media_assets").selectAll().where("tenant", "=", tenant);
  if (collection !== undefined) rows = rows.where("collection", "=", collection);
  if (states !== undefined) rows = rows.where("state", "in", states);
  if (owner !== undefined) rows = rows.where("owner_type", "=", owner.type).where("owner_id", "=", owner.id);
  if (after !== undefined) {
    rows = rows.where((where) =>
      where.or([
        where("received_at", "<", after.receivedAt),
        where.and([where("received_at", "=", after.receivedAt), where("id", "<", after.id)]),
      ]),
    );
  }
  const found = await rows.orderBy("received_at", "desc").orderBy("id", "desc").limit(limit).execute();
  return found.map(assetOf);
}

async function setVariants(transaction: WriteTransaction, id: string, wanted: readonly MediaVariant[]): Promise<void> {
  await transaction.execute(DELETE_VARIANTS, [id]);
  for (const { name, key, type, bytes, sha256, width, height } of wanted) {
    await transaction.execute(ADD_VARIANT, [id, name, key, type, bytes, sha256, width ?? null, height ?? null]);
  }
}

async function variants(
  transaction: ReadTransaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly MediaVariant[]>> {
  if (ids.length === 0) return new Map();
  const rows = await transaction
    .query<CoreTables>()
    .selectFrom("media_variants")
    .selectAll()
    .where("asset", "in", ids)
    .orderBy("name")
    .execute();
  const byAsset = new Map<string, MediaVariant[]>();
  for (const row of rows) byAsset.set(row.asset, [...(byAsset.get(row.asset) ?? []), variantOf(row)]);
  return byAsset;
}

function assetOf(row: MediaAssetsTable): MediaAsset {
  // Written above.
  const origin = JSON.parse(row.origin) as Origin;
  const findings = JSON.parse(row.findings) as AssetFindings;
  return {
    ...{ id: row.id, tenant: row.tenant, collection: row.collection, reason: row.reason, bytes: row.bytes, findings },
    // The table admits no other.
    state: row.state as AssetState,
    owner: { type: row.owner_type, id: row.owner_id },
    ...{ grant: origin.grant, name: origin.name },
    declaredType: origin.declaredType,
    announcedSha256: origin.announcedSha256,
    scannedBy: row.scanned_by ?? undefined,
    quarantined: row.quarantined === 1,
    receivedAt: row.received_at,
    changedAt: row.changed_at,
    publishedAt: row.published_at ?? undefined,
  };
}

function variantOf({ asset: _, width, height, ...variant }: MediaVariantsTable): MediaVariant {
  return { ...variant, ...(width === null ? {} : { width }), ...(height === null ? {} : { height }) };
}
