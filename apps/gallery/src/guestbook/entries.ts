import type { ReadTransaction, WriteTransaction } from "gatehouse/kernel";
import type { GalleryTables } from "../events/schema.ts";

/** One entry of a guestbook. */
export interface Entry {
  readonly id: string;
  readonly author: string;
  readonly message: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** Where an entry belongs. */
export interface EventKey {
  readonly tenant: string;
  readonly eventId: string;
}

/** The newest `limit` entries. */
export async function listEntries(
  transaction: ReadTransaction,
  { tenant, eventId }: EventKey,
  limit: number,
): Promise<Entry[]> {
  const rows = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_entries")
    .select(["id", "author", "message", "created_at"])
    .where("tenant", "=", tenant)
    .where("event_id", "=", eventId)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ created_at: createdAt, ...entry }) => ({ ...entry, createdAt }));
}

/** How many entries an event has. */
export async function countEntries(transaction: ReadTransaction, { tenant, eventId }: EventKey): Promise<number> {
  const row = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_entries")
    .select((expression) => expression.fn.countAll<number | string>().as("count"))
    .where("tenant", "=", tenant)
    .where("event_id", "=", eventId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Adds an entry. */
export async function addEntry(
  transaction: WriteTransaction,
  { tenant, eventId }: EventKey,
  entry: Entry & { readonly owner: string },
): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .insertInto("gallery_entries")
    .values({
      id: entry.id,
      tenant,
      event_id: eventId,
      author: entry.author,
      message: entry.message,
      owner: entry.owner,
      created_at: entry.createdAt,
    })
    .execute();
}
