import { suspicious } from "../misfit.ts";
import type { HeldBox } from "./box.ts";

/** Where the data of an item are. */
export interface ItemLocation {
  readonly id: number;
  /** 0: offsets of the file; 1: of the box `idat`; 2: of another item. */
  readonly method: number;
  readonly extents: readonly { readonly start: number; readonly end: number }[];
  /** For messages. */
  readonly at: number;
}

const MOST_EXTENTS = 65_536;

/** Reads numbers of the lengths that the box itself says. */
class Cursor {
  readonly #content: Buffer;
  readonly #start: number;
  #at = 4;

  constructor({ content, start }: HeldBox) {
    this.#content = content;
    this.#start = start;
  }

  number(bytes: number): number {
    if (this.#at + bytes > this.#content.length) throw suspicious("item location", this.#start);
    const at = this.#at;
    this.#at += bytes;
    if (bytes === 0) return 0;
    if (bytes <= 4) return this.#content.readUIntBE(at, bytes);
    const value = this.#content.readBigUInt64BE(at);
    if (value > MOST_OFFSET) throw suspicious("item location", this.#start);
    return Number(value);
  }
}
/** Sums with it stay whole numbers. */
const MOST_OFFSET = 1n << 51n;

/** Reads `iloc` (ISO/IEC 14496-12, 8.11.3). */
export function readLocations(box: HeldBox): ItemLocation[] {
  const version = box.content[0] ?? 0;
  if (version > 2) throw suspicious("item location", box.start);
  const cursor = new Cursor(box);
  const sizes = cursor.number(2);
  const [offset, length, base, index] = [12, 8, 4, 0].map((shift) => (sizes >> shift) & 0x0f);
  if ([offset, length, base, index].some((size) => size !== 0 && size !== 4 && size !== 8)) {
    throw suspicious("item location", box.start);
  }
  const layout = { offset: offset ?? 0, length: length ?? 0, base: base ?? 0, index: version === 0 ? 0 : (index ?? 0) };
  const locations: ItemLocation[] = [];
  let extents = 0;
  for (let left = cursor.number(version < 2 ? 2 : 4); left > 0; left -= 1) {
    const location = readLocation(cursor, { box, version, layout });
    extents += location.extents.length;
    if (extents > MOST_EXTENTS) throw suspicious("too many parts", box.start);
    locations.push(location);
  }
  return locations;
}

interface Layout {
  readonly offset: number;
  readonly length: number;
  readonly base: number;
  readonly index: number;
}

function readLocation(
  cursor: Cursor,
  { box, version, layout }: { readonly box: HeldBox; readonly version: number; readonly layout: Layout },
): ItemLocation {
  const id = cursor.number(version < 2 ? 2 : 4);
  const method = version === 0 ? 0 : cursor.number(2) & 0x0f;
  if (cursor.number(2) !== 0) throw suspicious("data in another file", box.start);
  const base = cursor.number(layout.base);
  const extents: { start: number; end: number }[] = [];
  for (let left = cursor.number(2); left > 0; left -= 1) {
    cursor.number(layout.index);
    const start = base + cursor.number(layout.offset);
    extents.push({ start, end: start + cursor.number(layout.length) });
  }
  return { id, method, extents, at: box.start };
}
