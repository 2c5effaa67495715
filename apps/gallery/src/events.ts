import type { ReadTransaction, WriteTransaction } from "gatehouse/kernel";
import type { GalleryTables } from "./schema.ts";

/** An event of a tenant: a wedding, a concert, a company party. */
export interface GalleryEvent {
  readonly id: string;
  readonly tenant: string;
  readonly slug: string;
  readonly title: string;
  readonly hosts: string;
  readonly place: string;
  readonly heldOn: string;
  readonly welcome: string;
}

/** The event at a slug, of this tenant alone. */
export async function findEvent(
  transaction: ReadTransaction,
  tenant: string,
  slug: string,
): Promise<GalleryEvent | undefined> {
  const row = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_events")
    .selectAll()
    .where("tenant", "=", tenant)
    .where("slug", "=", slug)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { held_on: heldOn, created_at: _createdAt, ...event } = row;
  return { ...event, heldOn };
}

/** All events of a tenant, newest first. */
export async function listEvents(transaction: ReadTransaction, tenant: string): Promise<GalleryEvent[]> {
  const rows = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_events")
    .selectAll()
    .where("tenant", "=", tenant)
    .orderBy("held_on", "desc")
    .orderBy("id", "desc")
    .limit(100)
    .execute();
  return rows.map(({ held_on: heldOn, created_at: _createdAt, ...event }) => ({ ...event, heldOn }));
}

/** Adds an event unless the tenant has one at the slug already. */
export async function addEvent(transaction: WriteTransaction, event: GalleryEvent, createdAt: number): Promise<void> {
  const { heldOn, ...columns } = event;
  await transaction
    .query<GalleryTables>()
    .insertInto("gallery_events")
    .values({ ...columns, held_on: heldOn, created_at: createdAt })
    .onConflict((conflict) => conflict.columns(["tenant", "slug"]).doNothing())
    .execute();
}
