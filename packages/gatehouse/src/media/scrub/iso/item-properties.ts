import { suspicious } from "../misfit.ts";
import type { ScrubRecord } from "../scrub-record.ts";
import { boxesIn, freeHeldBox, type HeldBox } from "./box.ts";

/** What the pictures of a file say of themselves. */
export interface Items {
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
}

/** Properties that decoding, colours and turning need. What describes a picture in words, or its making, goes. */
const KEPT = new Set([
  ...["ispe", "pixi", "colr", "irot", "imir", "clap", "pasp", "auxC", "rloc", "lsel"],
  ...["hvcC", "lhvC", "avcC", "vvcC", "av1C", "jpgC", "j2kH", "uncC", "cmpd", "a1op", "a1lx", "iscl"],
  ...["mdcv", "clli", "cclv", "amve", "reve", "ndwt"],
]);
/** Quarters of a turn against the clock, as orientations of Exif. */
const TURNS = [1, 8, 3, 6];

/** Walks over `iprp`. The size is the largest that any picture has. */
export function readProperties(box: HeldBox, primary: number, record: ScrubRecord): Items {
  const children = boxesIn(box.content, box.body);
  const container = children.find(({ type }) => type === "ipco");
  if (container === undefined) throw suspicious("no properties", box.start);
  const properties = boxesIn(container.content, container.body);
  let size = { width: 0, height: 0 };
  for (const property of properties) {
    if (!KEPT.has(property.type)) freeHeldBox(property, record);
    if (property.type === "ispe") size = larger(size, property);
  }
  if (size.width === 0 || size.height === 0) throw suspicious("no size", box.start);
  const turn = children
    .filter(({ type }) => type === "ipma")
    .flatMap((associations) => propertiesOf(associations, primary))
    .map((index) => properties[index - 1])
    .find((property) => property?.type === "irot");
  for (const child of children) if (child.type !== "ipco" && child.type !== "ipma") freeHeldBox(child, record);
  return { ...size, orientation: TURNS[(turn?.content[0] ?? 0) & 0x03] ?? 1 };
}

function larger(
  size: { width: number; height: number },
  { content, start }: HeldBox,
): { width: number; height: number } {
  if (content.length < 12) throw suspicious("no size", start);
  const [width, height] = [content.readUInt32BE(4), content.readUInt32BE(8)];
  return width * height > size.width * size.height ? { width, height } : size;
}

/** The numbers, from 1 on, of the properties of an item. */
function propertiesOf({ content, start }: HeldBox, item: number): number[] {
  const wideId = (content[0] ?? 0) >= 1 ? 4 : 2;
  const wideIndex = ((content[3] ?? 0) & 1) === 1 ? 2 : 1;
  const read = (at: number, bytes: number): number => {
    if (at + bytes > content.length) throw suspicious("item properties", start);
    return content.readUIntBE(at, bytes);
  };
  let at = 8;
  for (let left = read(4, 4); left > 0; left -= 1) {
    const id = read(at, wideId);
    const count = read(at + wideId, 1);
    at += wideId + 1;
    const indexes = Array.from({ length: count }, (_, index) => read(at + index * wideIndex, wideIndex));
    if (id === item) return indexes.map((index) => index & (wideIndex === 2 ? 0x7fff : 0x7f));
    at += count * wideIndex;
  }
  return [];
}
