import type { GuestServices } from "gatehouse/guests";
import type { MediaAsset, ReadTransaction } from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import { defineResource, type WorkResource } from "gatehouse/work";
import { likesTopic } from "../guestbook/like-button.ts";
import { findEntriesOf, findLikesOf, removeLikesOf } from "../guestbook/writings.ts";
import type { OrderNews } from "./order-news.ts";

/** A guest as orders know them: what there is of theirs. */
export interface GuestSnapshot {
  /** Join tokens they came in by. */
  readonly invitations: readonly string[];
  /** Events these are for. */
  readonly events: readonly string[];
  /** Photos and videos they brought, in whatever state. */
  readonly photos: readonly string[];
  readonly entries: readonly string[];
  /** Events they like. */
  readonly likes: readonly string[];
}

/** What guests are read and erased with. */
export interface GuestResourceParts {
  readonly guests: Pick<GuestServices, "traces" | "tokens">;
  readonly media: Pick<MediaServices, "assets">;
  readonly news: Pick<OrderNews, "topic">;
}

interface Asked {
  readonly tenant: string;
  readonly id: string;
}

const PAGE = 200;

/** Guests: erasing one ends their sessions and erases every trace but what they brought and wrote, which is erased before. */
export function guestResource({
  guests: { traces, tokens },
  media: { assets },
  news,
}: GuestResourceParts): WorkResource<GuestSnapshot> {
  /** What a guest wrote before entries were kept under guests is kept under their sessions. */
  async function ownersOf(transaction: ReadTransaction, { tenant, id }: Asked) {
    const trace = await traces.find(transaction, { tenant, guest: id });
    return { trace, owners: [id, ...(trace?.sessions ?? [])] };
  }

  return defineResource<GuestSnapshot>({
    type: "guest",
    label: (id) => `guest ${id}`,
    async read(transaction, { tenant, id }) {
      const { trace, owners } = await ownersOf(transaction, { tenant, id });
      const photos = (await photosOf(assets, transaction, { tenant, id })).map((asset) => asset.id);
      const entries = (await findEntriesOf(transaction, { tenant, owners })).map((entry) => entry.id);
      const likes = await findLikesOf(transaction, { tenant, owners });
      if (trace === undefined && photos.length + entries.length + likes.length === 0) return undefined;
      const invitations = trace?.invitations ?? [];
      const events = new Set<string>();
      for (const token of invitations) {
        const found = await tokens.find(transaction, { tenant, id: token });
        if (found !== undefined) events.add(found.collection);
      }
      return { invitations, events: [...events].toSorted(), photos, entries, likes };
    },
    async write(transaction, { tenant, id }, snapshot) {
      if (snapshot !== undefined) throw new TypeError("Orders change nothing about guests but erase them.");
      const { owners } = await ownersOf(transaction, { tenant, id });
      const likes = await findLikesOf(transaction, { tenant, owners });
      await removeLikesOf(transaction, { tenant, owners });
      await traces.erase(transaction, { tenant, guest: id });
      transaction.afterCommit(() => likes.forEach((event) => news.topic(tenant, likesTopic(event))));
    },
  });
}

/** All files of a guest, the newest first. */
async function photosOf(
  assets: MediaServices["assets"],
  transaction: ReadTransaction,
  { tenant, id }: Asked,
): Promise<readonly MediaAsset[]> {
  const found: MediaAsset[] = [];
  for (;;) {
    const last = found.at(-1);
    const page = await assets.list(transaction, {
      ...{ tenant, owner: { type: "guest", id }, limit: PAGE },
      ...(last === undefined ? {} : { after: { receivedAt: last.receivedAt, id: last.id } }),
    });
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}
