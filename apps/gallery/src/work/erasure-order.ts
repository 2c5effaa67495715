import { deny, problems, type ReadTransaction } from "gatehouse/kernel";
import { defineOrderType, type AnyOrderType, type WorkEffect, type WorkResource, type WorkSpace } from "gatehouse/work";
import { z } from "zod";
import type { Caption } from "../captions/captions.ts";
import { findEntriesAt, findEntry, type WrittenEntry } from "../guestbook/writings.ts";
import { languages } from "../language.ts";
import { captionId } from "./caption-resource.ts";
import type { EntrySnapshot } from "./entry-resource.ts";
import type { Farewell } from "./farewell.ts";
import type { GuestSnapshot } from "./guest-resource.ts";
import type { PhotoSnapshot } from "./photo-resource.ts";

/** What orders to erase a guest are made with. */
export interface ErasureParts {
  readonly guests: WorkResource<GuestSnapshot>;
  readonly photos: WorkResource<PhotoSnapshot>;
  readonly captions: WorkResource<Caption>;
  readonly entries: WorkResource<EntrySnapshot>;
  readonly farewell: WorkEffect<Farewell>;
}

const DAY = 86_400_000;
/** Entries of an event that are looked through for the guest's name. */
const MOST_ENTRIES = 1000;
/** Entries that are handed out. */
const MOST_CANDIDATES = 100;
const MENTIONS = "mentions";

const Item = z.strictObject({
  /** What the guest has called themselves in guestbooks. */
  names: z.array(z.string()),
  /** Entries of others with one of these names in them. */
  entries: z.array(z.strictObject({ id: z.string(), author: z.string(), message: z.string() })),
});
const Result = z.strictObject({
  /** The entries that name the guest, by their identifiers. The name is taken out of them. */
  mentions: z.array(z.string().max(100)).max(MOST_CANDIDATES),
});

/**
 * Erases all there is of a guest: what they brought in every form, what they wrote, by which invitations they came, and
 * their name in what others wrote. The order itself is sealed under the guest's own key, which is destroyed at the end.
 */
export function erasureOrder({ guests, photos, captions, entries, farewell }: ErasureParts): AnyOrderType {
  return defineOrderType({
    ...{ type: "gallery.erase-guest", version: 1, title: "Erase a guest's data", risk: "high", revert: false },
    description:
      "Say which of the entries name the guest. Once two people have approved it, all there is of the guest is erased for good.",
    input: z.strictObject({ guest: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/) }),
    item: Item,
    result: Result,
    review: { high: { approvals: 2, stepUp: false, expires: DAY } },
    subject: ({ guest }) => guest,
    resources: [guests, photos, captions, entries],
    effects: [farewell],
    async items({ input: { guest }, tenant, transaction }) {
      const found = await guests.read(transaction, { tenant, id: guest });
      if (found === undefined) return deny(problems.NOT_FOUND, { detail: "Nothing is kept of such a guest." });
      const { names, candidates } = await mentionsOf(transaction, { tenant, entries: found.entries });
      if (candidates.length === 0) return [];
      const handed = candidates.map(({ id, author, message }) => ({ id, author, message }));
      return [{ key: MENTIONS, input: { names, entries: handed } }];
    },
    validate: ({ item: { input: handed }, result: { mentions } }) =>
      mentions
        .filter((id) => !handed.entries.some((entry) => entry.id === id))
        .map((id) => ({ code: "entry_unknown", message: `There is no entry ${id} among them.`, field: "/mentions" })),
    async preview(space, { input: { guest }, items }) {
      const found = await space.read(guests, guest);
      if (found === undefined) return;
      const events = new Set([...found.events, ...found.likes]);
      for (const id of found.photos) note(events, await erasePhoto(space, { photos, captions }, id));
      for (const id of found.entries) note(events, await eraseEntry(space, entries, id));
      for (const { key, input: handed, result } of items)
        for (const id of result.mentions)
          note(events, await takeNames(space, entries, { id, key, names: handed.names }));
      // Of somebody who has not been here for long nothing else is left.
      if ((await space.read(guests, guest)) !== undefined) await space.delete(guests, guest);
      space.invoke(farewell, guest, { guest, events: [...events].toSorted() });
    },
  });
}

function note(events: Set<string>, event: string | undefined): void {
  if (event !== undefined) events.add(event);
}

/** Erases a photo with what is said of it; the event it was of. */
async function erasePhoto(
  space: WorkSpace,
  { photos, captions }: Pick<ErasureParts, "photos" | "captions">,
  id: string,
): Promise<string | undefined> {
  const photo = await space.read(photos, id);
  if (photo === undefined) return undefined;
  for (const language of languages.tags) {
    const caption = captionId(id, language);
    if ((await space.read(captions, caption)) !== undefined) await space.delete(captions, caption);
  }
  await space.delete(photos, id);
  return photo.event;
}

async function eraseEntry(space: WorkSpace, entries: ErasureParts["entries"], id: string): Promise<string | undefined> {
  const entry = await space.read(entries, id);
  if (entry !== undefined) await space.delete(entries, id);
  return entry?.event;
}

interface Mention {
  readonly id: string;
  /** Of the item that has found it. */
  readonly key: string;
  readonly names: readonly string[];
}

/** Takes a guest's names out of what somebody else wrote. */
async function takeNames(
  space: WorkSpace,
  entries: ErasureParts["entries"],
  { id, key, names }: Mention,
): Promise<string | undefined> {
  const entry = await space.read(entries, id);
  if (entry === undefined) return undefined;
  const said = { author: without(entry.author, names), message: without(entry.message, names) };
  await space.update(entries, id, said, { sources: [key] });
  return entry.event;
}

/** What a guest has called themselves, and the entries of others with one of these names in them. */
async function mentionsOf(
  transaction: ReadTransaction,
  { tenant, entries }: { readonly tenant: string; readonly entries: readonly string[] },
): Promise<{ readonly names: readonly string[]; readonly candidates: readonly WrittenEntry[] }> {
  const own: WrittenEntry[] = [];
  for (const id of entries) {
    const entry = await findEntry(transaction, { tenant, id });
    if (entry !== undefined) own.push(entry);
  }
  const names = [...new Set(own.map(({ author }) => author.trim()))].toSorted();
  const events = [...new Set(own.map(({ event }) => event))];
  const all = await findEntriesAt(transaction, { tenant, events }, MOST_ENTRIES);
  const others = all.filter(({ id }) => !entries.includes(id));
  const candidates = others.filter(
    ({ author, message }) => without(author + "\n" + message, names) !== author + "\n" + message,
  );
  return { names, candidates: candidates.slice(0, MOST_CANDIDATES) };
}

/** A text with a mark where a name stood. */
function without(text: string, names: readonly string[]): string {
  // Longer names first: one may be part of another.
  const longest = names.filter((name) => name !== "").toSorted((left, right) => right.length - left.length);
  return longest.reduce((rest, name) => rest.replaceAll(wholeName(name), "…"), text);
}

/** A name, but not where it is a part of a longer word. */
function wholeName(name: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])${RegExp.escape(name)}(?![\\p{L}\\p{N}])`, "giu");
}
