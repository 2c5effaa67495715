import type { ByteFeed, Steps } from "../byte-feed.ts";
import { suspicious } from "../misfit.ts";
import type { ScrubRecord } from "../scrub-record.ts";
import type { MetadataKind } from "../walk-result.ts";

/** A box of ISO base media (ISO/IEC 14496-12, 4.2), an atom of QuickTime. Offsets are of the file. */
export interface Box {
  readonly type: string;
  readonly start: number;
  /** Where its content begins: behind size and type. */
  readonly body: number;
  /** Infinite for a last box that says no size. */
  readonly end: number;
}

/** A box whose content is in memory. */
export interface HeldBox extends Box {
  readonly content: Buffer;
}

const FREE = Buffer.from("free", "latin1");

/** Reads the head of the next box before `limit`; `undefined` at the end of a file without more. */
export function* nextBox(feed: ByteFeed, limit: number): Steps<Box | undefined> {
  const start = feed.position;
  if (start === limit || (yield* feed.some()) === undefined) return undefined;
  const head = yield* feed.take(8);
  const type = head.toString("latin1", 4);
  const short = head.readUInt32BE(0);
  const long = short === 1 ? (yield* feed.take(8)).readBigUInt64BE(0) : undefined;
  const box = { type, start, body: feed.position, end: endOf({ start, short, long, limit }) };
  if (box.end < box.body || box.end > limit) throw suspicious("box size", start);
  return box;
}

/** The boxes that a buffer consists of. `offset` is where in the file the buffer begins. */
export function boxesIn(content: Buffer, offset: number): HeldBox[] {
  const boxes: HeldBox[] = [];
  for (let at = 0; at < content.length;) {
    const start = offset + at;
    const isLong = at + 8 <= content.length && content.readUInt32BE(at) === 1;
    const body = at + (isLong ? 16 : 8);
    if (body > content.length) throw suspicious("box size", start);
    const long = isLong ? content.readBigUInt64BE(at + 8) : undefined;
    const end = endOf({ start, short: content.readUInt32BE(at), long, limit: offset + content.length }) - offset;
    if (end < body || end > content.length) throw suspicious("box size", start);
    const type = content.toString("latin1", at + 4, at + 8);
    boxes.push({ type, start, body: offset + body, end: offset + end, content: content.subarray(body, end) });
    at = end;
  }
  return boxes;
}

interface SaidSize {
  readonly start: number;
  readonly short: number;
  readonly long: bigint | undefined;
  readonly limit: number;
}

/** A size of 0 reaches to the end of the file, which only the outermost boxes may. */
function endOf({ start, short, long, limit }: SaidSize): number {
  if (short === 0) {
    if (limit === Number.POSITIVE_INFINITY) return limit;
    throw suspicious("box size", start);
  }
  if (long === undefined) return start + short;
  if (long > BigInt(Number.MAX_SAFE_INTEGER - start)) throw suspicious("box size", start);
  return start + Number(long);
}

/** Makes a box free space of the same size, so that nothing behind it moves. */
export function freeBox(box: Box, record: ScrubRecord, kind: MetadataKind): void {
  record.found.add(kind);
  record.put(box.start + 4, box.start + 8, FREE);
  record.zero(box.body, box.end);
}

/** Goes over a box that is not on the list of those that stay. What was free already has to be empty too. */
export function* passFree(feed: ByteFeed, box: Box, record: ScrubRecord): Steps<void> {
  if (box.end === Number.POSITIVE_INFINITY) throw suspicious("box size", box.start);
  if (box.type !== "free" && box.type !== "skip" && box.type !== "wide") {
    yield* feed.skip(box.end - feed.position);
    freeBox(box, record, METADATA[box.type] ?? "application-data");
    return;
  }
  let isEmpty = true;
  yield* feed.each(box.end - box.body, (piece) => (isEmpty &&= isZero(piece)));
  if (isEmpty) return;
  record.found.add("free-space");
  record.zero(box.body, box.end);
}

/** The same for a box in memory. */
export function freeHeldBox(box: HeldBox, record: ScrubRecord): void {
  if (box.type !== "free" && box.type !== "skip") {
    freeBox(box, record, METADATA[box.type] ?? "application-data");
  } else if (!isZero(box.content)) {
    record.found.add("free-space");
    record.zero(box.body, box.end);
  }
}
const METADATA: Readonly<Record<string, MetadataKind>> = { udta: "location", meta: "location", uuid: "xmp" };

/** Puts zeros where something else stands. */
export function zeroHeld(
  record: ScrubRecord,
  place: { readonly bytes: Buffer; readonly at: number; readonly kind: MetadataKind },
): void {
  if (isZero(place.bytes)) return;
  record.found.add(place.kind);
  record.zero(place.at, place.at + place.bytes.length);
}

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const piece = bytes.subarray(at, at + ZEROS.length);
    if (piece.compare(ZEROS, 0, piece.length) !== 0) return false;
  }
  return true;
}
const ZEROS = Buffer.alloc(16_384);
