import { suspicious, unusual } from "../misfit.ts";
import type { ScrubRecord } from "../scrub-record.ts";
import type { MetadataKind } from "../walk-result.ts";
import { boxesIn, freeBox, freeHeldBox, zeroHeld, type HeldBox } from "./box.ts";
import { readLocations, type ItemLocation } from "./item-locations.ts";
import { readProperties, type Items } from "./item-properties.ts";
import { KeptRanges } from "./kept-ranges.ts";

interface Item {
  readonly id: number;
  readonly type: string;
  /** Offset in the file of the type. */
  readonly typeAt: number;
  /** What follows the type: names. */
  readonly names: Buffer;
}

/** Types of items that are pictures, or made of pictures. */
const PICTURES = new Set([
  ...["hvc1", "hev1", "lhv1", "av01", "avc1", "vvc1", "jpeg", "j2k1", "unci", "hvt1"],
  ...["grid", "iden", "iovl", "tmap"],
]);
const FREE = Buffer.from("free", "latin1");
const KEPT = new Set(["hdlr", "pitm", "iinf", "iloc", "iprp", "iref", "idat", "dinf", "grpl"]);

/** Walks over the `meta` box of HEIF (ISO/IEC 23008-12): pictures stay; Exif, XMP, thumbnails and all others go. */
export function walkItems(meta: HeldBox, kept: KeptRanges, record: ScrubRecord): Items | undefined {
  const children = boxesIn(meta.content.subarray(4), meta.body + 4);
  const child = (type: string): HeldBox => {
    const [box, second] = children.filter((candidate) => candidate.type === type);
    if (box === undefined || second !== undefined) throw suspicious(`box ${type}`, meta.start);
    return box;
  };
  const handler = children.find(({ type }) => type === "hdlr");
  if (handler === undefined || handler.content.toString("latin1", 8, 12) !== "pict") {
    freeBox(meta, record, "location");
    return undefined;
  }
  zeroHeld(record, { bytes: handler.content.subarray(12), at: handler.body + 12, kind: "names" });
  for (const box of children) if (!KEPT.has(box.type)) freeHeldBox(box, record);
  const thumbnails = thumbnailIds(children.find(({ type }) => type === "iref"));
  const items = readItems(child("iinf"));
  const stays = ({ id, type }: Item): boolean => PICTURES.has(type) && !thumbnails.has(id);
  for (const item of items.values()) clearNames(item, stays(item), record);
  const primary = readPrimary(child("pitm"));
  const shown = items.get(primary);
  if (shown === undefined || !stays(shown)) throw suspicious("no picture", meta.start);
  const inline = children.find(({ type }) => type === "idat");
  const inlineKept = new KeptRanges();
  for (const location of readLocations(child("iloc"))) {
    const item = items.get(location.id);
    placeItem(location, { isKept: item !== undefined && stays(item), inline, inlineKept, kept });
  }
  inlineKept.zeroOthers(inline === undefined ? [] : [{ start: inline.body, end: inline.end }], record);
  return readProperties(child("iprp"), primary, record);
}

/** Items in media data are placed in the file, those in `idat` in that box. */
function placeItem(
  { extents, method, at }: ItemLocation,
  place: {
    readonly isKept: boolean;
    readonly inline: HeldBox | undefined;
    readonly inlineKept: KeptRanges;
    readonly kept: KeptRanges;
  },
): void {
  if (method > 1) throw unusual("items made of items", at);
  if (method === 1 && place.inline === undefined) throw suspicious("item location", at);
  const base = method === 1 ? (place.inline?.body ?? 0) : 0;
  const ranges = method === 1 ? place.inlineKept : place.kept;
  for (const { start, end } of extents) {
    if (place.isKept) ranges.keep(base + start, base + end);
    else ranges.remove(base + start, base + end);
  }
}

function readItems(box: HeldBox): Map<number, Item> {
  const { content, body, start } = box;
  if (content.length < 8) throw suspicious("item list", start);
  const head = content[0] === 0 ? 6 : 8;
  const items = new Map<number, Item>();
  for (const entry of boxesIn(content.subarray(head), body + head)) {
    if (entry.type !== "infe") throw suspicious("item list", entry.start);
    const item = readItem(entry);
    if (items.has(item.id)) throw suspicious("item twice", entry.start);
    items.set(item.id, item);
  }
  return items;
}

function readItem({ content, body, start }: HeldBox): Item {
  const version = content[0] ?? 0;
  if (version < 2) throw unusual("item list", start);
  const typeAt = version === 2 ? 8 : 10;
  if (content.length < typeAt + 4) throw suspicious("item list", start);
  return {
    id: version === 2 ? content.readUInt16BE(4) : content.readUInt32BE(4),
    type: content.toString("latin1", typeAt, typeAt + 4),
    typeAt: body + typeAt,
    names: content.subarray(typeAt + 4),
  };
}

/** Names go everywhere; what does not stay is given a type that nobody reads. */
function clearNames({ type, typeAt, names }: Item, isKept: boolean, record: ScrubRecord): void {
  zeroHeld(record, { bytes: names, at: typeAt + 4, kind: "names" });
  if (isKept || type === "free") return;
  record.found.add(KINDS[type] ?? (PICTURES.has(type) ? "thumbnail" : "application-data"));
  record.put(typeAt, typeAt + 4, FREE);
}
const KINDS: Readonly<Record<string, MetadataKind>> = { Exif: "exif", mime: "xmp" };

function readPrimary({ content, start }: HeldBox): number {
  if (content.length < (content[0] === 0 ? 6 : 8)) throw suspicious("primary item", start);
  return content[0] === 0 ? content.readUInt16BE(4) : content.readUInt32BE(4);
}

/** The items that are small versions of others. */
function thumbnailIds(box: HeldBox | undefined): ReadonlySet<number> {
  const ids = new Set<number>();
  if (box === undefined) return ids;
  const bytes = box.content[0] === 0 ? 2 : 4;
  for (const { type, content, start } of boxesIn(box.content.subarray(4), box.body + 4)) {
    if (content.length < bytes) throw suspicious("item reference", start);
    if (type === "thmb") ids.add(content.readUIntBE(0, bytes));
  }
  return ids;
}
