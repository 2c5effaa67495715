import type { GuestServices } from "gatehouse/guests";
import type { Clock, Ids, Store } from "gatehouse/kernel";
import { addEntry } from "./guestbook/entries.ts";
import { addEvent, hasEvents, type GalleryEvent } from "./events/events.ts";

const DAY = 86_400_000;

const GREETINGS: readonly (readonly [author: string, message: string])[] = [
  ["Tante Ruth", "What a day! The speech, the rain, the accordion. I have not laughed like this in years."],
  ["Mehmet & Lea", "Thank you for having us. The children still talk about the fire engine."],
  ["Opa Karl", "Sixty years ago we danced in the same barn. May your floor hold as well as ours did."],
];

/** Fills an empty tenant with one event and a few greetings, so that there is something to look at. */
export async function seedDemonstration(
  parts: { store: Store; clock: Clock; ids: Ids; book: Pick<GuestServices["book"], "create"> },
  tenant: string,
): Promise<void> {
  const { store, clock, ids, book } = parts;
  const now = clock.now();
  const event: GalleryEvent = {
    id: ids.next(),
    tenant,
    slug: "anna-and-ben",
    title: "Anna & Ben",
    hosts: "Anna Kessler and Ben Okafor",
    place: "Hofgut Lindenthal",
    heldOn: new Date(now - 2 * DAY).toISOString().slice(0, 10),
    welcome:
      "Thank you for celebrating with us. Leave us a few words: we will read every one of them on a rainy Sunday.",
    visibility: "open",
    approval: "none",
  };
  await store.write(async (transaction) => {
    // In the same transaction: servers that start together must not both find nothing.
    if (await hasEvents(transaction, tenant)) return;
    await addEvent(transaction, event, now);
    const invitation = {
      tenant,
      collection: event.id,
      label: "All tables",
      scopes: ["view", "upload", "download"],
    } as const;
    await book.create(transaction, { ...invitation, lifetime: 30 * DAY });
    for (const [index, [author, message]] of GREETINGS.entries()) {
      const entry = {
        id: ids.next(),
        author,
        message,
        createdAt: now - (GREETINGS.length - index) * 3_600_000,
        owner: "demonstration",
      };
      await addEntry(transaction, { tenant, eventId: event.id }, entry);
    }
  });
}
