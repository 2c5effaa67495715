import type { ReadTransaction, WriteTransaction } from "gatehouse/kernel";
import type { GalleryTables } from "../events/schema.ts";

/** Somebody within a tenant, by all that what they wrote may be kept under: themselves, and their sessions. */
export interface Writers {
  readonly tenant: string;
  readonly owners: readonly string[];
}

/** An entry with its event. */
export interface WrittenEntry {
  readonly id: string;
  readonly event: string;
  readonly author: string;
  readonly message: string;
}

/** Entries of somebody, the oldest first. */
export async function findEntriesOf(
  transaction: ReadTransaction,
  { tenant, owners }: Writers,
): Promise<readonly WrittenEntry[]> {
  return entries(transaction, tenant).where("owner", "in", owners).orderBy("id").execute();
}

/** Entries of events, the newest first. */
export async function findEntriesAt(
  transaction: ReadTransaction,
  { tenant, events }: { readonly tenant: string; readonly events: readonly string[] },
  limit: number,
): Promise<readonly WrittenEntry[]> {
  if (events.length === 0) return [];
  return entries(transaction, tenant).where("event_id", "in", events).orderBy("id", "desc").limit(limit).execute();
}

/** One of them. */
export async function findEntry(
  transaction: ReadTransaction,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): Promise<WrittenEntry | undefined> {
  return entries(transaction, tenant).where("id", "=", id).executeTakeFirst();
}

/** Changes what an entry says. */
export async function changeEntry(
  transaction: WriteTransaction,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  { author, message }: Pick<WrittenEntry, "author" | "message">,
): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .updateTable("gallery_entries")
    .set({ author, message })
    .where("tenant", "=", tenant)
    .where("id", "=", id)
    .execute();
}

/** Removes an entry. */
export async function removeEntry(
  transaction: WriteTransaction,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .deleteFrom("gallery_entries")
    .where("tenant", "=", tenant)
    .where("id", "=", id)
    .execute();
}

/** Events that somebody likes. */
export async function findLikesOf(
  transaction: ReadTransaction,
  { tenant, owners }: Writers,
): Promise<readonly string[]> {
  const rows = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_likes")
    .select("event_id")
    .distinct()
    .where("tenant", "=", tenant)
    .where("owner", "in", owners)
    .orderBy("event_id")
    .execute();
  return rows.map(({ event_id: event }) => event);
}

/** Takes all likes of somebody back. */
export async function removeLikesOf(transaction: WriteTransaction, { tenant, owners }: Writers): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .deleteFrom("gallery_likes")
    .where("tenant", "=", tenant)
    .where("owner", "in", owners)
    .execute();
}

function entries(transaction: ReadTransaction, tenant: string) {
  return transaction
    .query<GalleryTables>()
    .selectFrom("gallery_entries")
    .select(["id", "event_id as event", "author", "message"])
    .where("tenant", "=", tenant);
}
