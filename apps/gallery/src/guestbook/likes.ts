import type { ReadTransaction, WriteTransaction } from "gatehouse/kernel";
import type { EventKey } from "./entries.ts";
import type { GalleryTables } from "../events/schema.ts";

/** How an event is liked, seen by one guest. */
export interface Likes {
  readonly count: number;
  /** Whether this guest is among them. */
  readonly mine: boolean;
}

/** The likes of an event; `owner` is the fingerprint of the guest's session. */
export async function countLikes(
  transaction: ReadTransaction,
  { tenant, eventId }: EventKey,
  owner: string,
): Promise<Likes> {
  const row = await transaction
    .query<GalleryTables>()
    .selectFrom("gallery_likes")
    .select((expression) => [
      expression.fn.countAll<number | string>().as("count"),
      expression.fn
        .sum<number | string | null>(expression.case().when("owner", "=", owner).then(1).else(0).end())
        .as("mine"),
    ])
    .where("tenant", "=", tenant)
    .where("event_id", "=", eventId)
    .executeTakeFirstOrThrow();
  return { count: Number(row.count), mine: Number(row.mine ?? 0) > 0 };
}

/** Sets or takes back a guest's like; doing either twice changes nothing. */
export async function setLike(
  transaction: WriteTransaction,
  { tenant, eventId }: EventKey,
  like: { owner: string; liked: boolean; at: number },
): Promise<void> {
  const tables = transaction.query<GalleryTables>();
  if (like.liked) {
    await tables
      .insertInto("gallery_likes")
      .values({ tenant, event_id: eventId, owner: like.owner, created_at: like.at })
      .onConflict((conflict) => conflict.columns(["tenant", "event_id", "owner"]).doNothing())
      .execute();
    return;
  }
  await tables
    .deleteFrom("gallery_likes")
    .where("tenant", "=", tenant)
    .where("event_id", "=", eventId)
    .where("owner", "=", like.owner)
    .execute();
}
