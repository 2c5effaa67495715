import type { ReadTransaction, WriteTransaction } from "gatehouse/kernel";
import type { GalleryTables } from "./schema.ts";

/** Who may look at an event: everybody, or whoever was invited. Photos are for those who were invited, always. */
export type Visibility = "open" | "invited";

/** Who approves photos of guests before they appear. */
export type Approval = "none" | "hosts";

/** What hosts say about an event. */
export interface EventDetails {
  readonly title: string;
  readonly hosts: string;
  readonly place: string;
  /** ISO 8601 date. */
  readonly heldOn: string;
  readonly welcome: string;
  readonly visibility: Visibility;
  readonly approval: Approval;
}

/** An event of a tenant: a wedding, a concert, a company party. */
export interface GalleryEvent extends EventDetails {
  readonly id: string;
  readonly tenant: string;
  readonly slug: string;
}

/** An account in a tenant. */
export interface HostKey {
  readonly tenant: string;
  readonly account: string;
}

/** The most events a list shows. */
const MOST_LISTED = 100;

/** The event at a slug, of this tenant alone. */
export async function findEvent(
  transaction: ReadTransaction,
  tenant: string,
  slug: string,
): Promise<GalleryEvent | undefined> {
  const row = await rows(transaction, tenant).where("slug", "=", slug).executeTakeFirst();
  return row === undefined ? undefined : eventOf(row);
}

/** An event by its identifier, of this tenant alone. */
export async function findEventById(
  transaction: ReadTransaction,
  tenant: string,
  id: string,
): Promise<GalleryEvent | undefined> {
  const row = await rows(transaction, tenant).where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : eventOf(row);
}

/** The events that everybody may look at, the latest first. */
export async function listOpenEvents(transaction: ReadTransaction, tenant: string): Promise<GalleryEvent[]> {
  const found = await rows(transaction, tenant)
    .where("visibility", "=", "open")
    .orderBy("held_on", "desc")
    .orderBy("id", "desc")
    .limit(MOST_LISTED)
    .execute();
  return found.map(eventOf);
}

/** The events of a host, the latest first. */
export async function listEventsOf(
  transaction: ReadTransaction,
  { tenant, account }: HostKey,
): Promise<GalleryEvent[]> {
  const mine = transaction
    .query<GalleryTables>()
    .selectFrom("gallery_hosts")
    .select("event_id")
    .where("tenant", "=", tenant)
    .where("account_id", "=", account);
  const found = await rows(transaction, tenant)
    .where("id", "in", mine)
    .orderBy("held_on", "desc")
    .orderBy("id", "desc")
    .limit(MOST_LISTED)
    .execute();
  return found.map(eventOf);
}

/** All events of a tenant, the latest first. */
export async function listEvents(transaction: ReadTransaction, tenant: string): Promise<GalleryEvent[]> {
  const found = await rows(transaction, tenant).orderBy("held_on", "desc").orderBy("id", "desc").execute();
  return found.map(eventOf);
}

/** The tenants that have events. */
export async function listTenants(transaction: ReadTransaction): Promise<string[]> {
  const events = transaction.query<GalleryTables>().selectFrom("gallery_events");
  const found = await events.select("tenant").distinct().orderBy("tenant").execute();
  return found.map(({ tenant }) => tenant);
}

/** Whether a tenant has any event. */
export async function hasEvents(transaction: ReadTransaction, tenant: string): Promise<boolean> {
  return (await rows(transaction, tenant).limit(1).executeTakeFirst()) !== undefined;
}

/** Adds an event; `false` where the tenant has one at the slug already. */
export async function addEvent(
  transaction: WriteTransaction,
  { heldOn, ...event }: GalleryEvent,
  createdAt: number,
): Promise<boolean> {
  const added = await transaction
    .query<GalleryTables>()
    .insertInto("gallery_events")
    .values({ ...event, held_on: heldOn, created_at: createdAt })
    .onConflict((conflict) => conflict.columns(["tenant", "slug"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return added !== undefined;
}

/** Changes what is said about an event. Its slug stays, for it is printed on cards. */
export async function changeEvent(
  transaction: WriteTransaction,
  { tenant, id }: Pick<GalleryEvent, "tenant" | "id">,
  { heldOn, ...details }: EventDetails,
): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .updateTable("gallery_events")
    .set({ ...details, held_on: heldOn })
    .where("tenant", "=", tenant)
    .where("id", "=", id)
    .execute();
}

/** Removes an event with what guests wrote there. Its photos are the pipeline's. */
export async function removeEvent(
  transaction: WriteTransaction,
  { tenant, id }: Pick<GalleryEvent, "tenant" | "id">,
): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .deleteFrom("gallery_events")
    .where("tenant", "=", tenant)
    .where("id", "=", id)
    .execute();
}

/** Makes an account a host of an event; does nothing where it is one. */
export async function addHost(
  transaction: WriteTransaction,
  { tenant, account, eventId }: HostKey & { readonly eventId: string },
  createdAt: number,
): Promise<void> {
  await transaction
    .query<GalleryTables>()
    .insertInto("gallery_hosts")
    .values({ tenant, event_id: eventId, account_id: account, created_at: createdAt })
    .onConflict((conflict) => conflict.columns(["event_id", "account_id"]).doNothing())
    .execute();
}

/** Whether an account is a host of an event. */
export async function isHost(
  transaction: ReadTransaction,
  { tenant, account, eventId }: HostKey & { readonly eventId: string },
): Promise<boolean> {
  const row = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_hosts")
    .select("event_id")
    .where("tenant", "=", tenant)
    .where("event_id", "=", eventId)
    .where("account_id", "=", account)
    .executeTakeFirst();
  return row !== undefined;
}

function rows(transaction: ReadTransaction, tenant: string) {
  return transaction.query<GalleryTables>().selectFrom("gallery_events").selectAll().where("tenant", "=", tenant);
}

function eventOf({ held_on: heldOn, created_at: _createdAt, ...row }: GalleryTables["gallery_events"]): GalleryEvent {
  const { visibility, approval, ...event } = row;
  return {
    ...event,
    heldOn,
    visibility: visibility === "open" ? "open" : "invited",
    approval: approval === "none" ? "none" : "hosts",
  };
}
