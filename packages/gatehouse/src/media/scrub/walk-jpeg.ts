import type { ByteFeed, Steps } from "./byte-feed.ts";
import { orientationOnly, readOrientation } from "./exif-orientation.ts";
import { suspicious, unusual } from "./misfit.ts";
import type { ScrubRecord } from "./scrub-record.ts";
import type { MediaFacts, MetadataKind } from "./walk-result.ts";

/** Markers, by their second byte; ITU-T T.81, table B.1. */
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const APP15 = 0xef;
const COM = 0xfe;
const DHT = 0xc4;
const DAC = 0xcc;
const DQT = 0xdb;
const DNL = 0xdc;
const DRI = 0xdd;
/** SOF0 to SOF15 without the three markers among them that begin no frame; hierarchical ones are not taken apart. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xca, 0xcb]);

const EXIF = "Exif\0\0";
const JFIF_BYTES = 14;
const ADOBE_BYTES = 12;
const ICC_HEADER_BYTES = 14;
const ICC_SIGNATURE_AT = ICC_HEADER_BYTES + 36;

interface Segment {
  readonly marker: number;
  /** Offset of its marker. */
  readonly start: number;
  readonly end: number;
  readonly body: Buffer;
}

/** What the header has said so far. */
interface Header {
  size: { readonly width: number; readonly height: number } | undefined;
  orientation: number | undefined;
  /** Where the orientation is said again. */
  insertAt: number;
  orientationStays: boolean;
  /** Which of the application segments that occur once are there. */
  readonly kept: Set<string>;
}

/** Walks over a JPEG file: of application segments JFIF, colour profile and Adobe stay, without their thumbnails. */
export function* walkJpeg(feed: ByteFeed, record: ScrubRecord): Steps<MediaFacts> {
  yield* feed.skip(2);
  const header: Header = {
    size: undefined,
    orientation: undefined,
    insertAt: 2,
    orientationStays: false,
    kept: new Set(),
  };
  let marker = yield* nextMarker(feed);
  while (marker !== EOI) {
    yield* walkSegment(feed, { marker, header, record });
    marker = yield* marker === SOS ? endOfScan(feed) : nextMarker(feed);
  }
  if (header.size === undefined || !header.kept.has("scan")) throw suspicious("no picture", feed.position);
  const end = feed.position;
  record.trailing = yield* feed.rest();
  if (record.trailing > 0) record.found.add("trailing-data");
  record.drop(end, feed.position);
  const orientation = header.orientation ?? 1;
  if (orientation !== 1 && !header.orientationStays) {
    record.put(header.insertAt, header.insertAt, orientationSegment(orientation));
  }
  return { ...header.size, orientation, frames: 1, duration: undefined };
}

/** The next marker, where one has to be; any number of 0xFF may stand before it. */
function* nextMarker(feed: ByteFeed): Steps<number> {
  if ((yield* feed.byte()) !== 0xff) throw suspicious("no marker", feed.position - 1);
  let marker = yield* feed.byte();
  while (marker === 0xff) marker = yield* feed.byte();
  return marker;
}

/** Goes over entropy-coded data to the marker that ends it; stuffed zeros and restart markers belong to the data. */
function* endOfScan(feed: ByteFeed): Steps<number> {
  let afterFF = false;
  for (;;) {
    const some = yield* feed.some();
    if (some === undefined) throw suspicious("truncated", feed.position);
    let at = 0;
    while (at < some.length) {
      if (!afterFF) {
        at = some.indexOf(0xff, at) + 1;
        if (at === 0) break;
      }
      const next = some[at];
      afterFF = next === undefined || next === 0xff;
      if (next === undefined) break;
      at += 1;
      if (next === 0 || next === 0xff || (next >= 0xd0 && next <= 0xd7)) continue;
      feed.consume(at);
      return next;
    }
    feed.consume(some.length);
  }
}

function* walkSegment(
  feed: ByteFeed,
  { marker, header, record }: { readonly marker: number; readonly header: Header; readonly record: ScrubRecord },
): Steps<void> {
  const start = feed.position - 2;
  const length = (yield* feed.take(2)).readUInt16BE(0);
  if (length < 2) throw suspicious("segment length", start);
  const segment: Segment = { marker, start, end: start + 2 + length, body: yield* feed.take(length - 2) };
  if (marker === SOS) {
    if (header.size === undefined) throw suspicious("scan before frame", start);
    header.kept.add("scan");
  } else if (FRAMES.has(marker)) {
    header.size = frameSize(segment, header);
  } else if (marker >= APP0 && marker <= APP15) {
    walkApplicationSegment(segment, header, record);
  } else if (marker === COM) {
    record.found.add("comment");
    record.drop(segment.start, segment.end);
  } else if (!isTable(segment)) {
    throw suspicious("unknown marker", start);
  }
}

/** Whether a segment is one of those that decoding needs, and holds nothing else. */
function isTable({ marker, body }: Segment): boolean {
  if (marker === DQT)
    return isFilledBy(body, (at) => ((body[at] ?? 0) <= 0x03 ? 65 : (body[at] ?? 0) <= 0x13 ? 129 : 0));
  if (marker === DHT) return isFilledBy(body, (at) => huffmanTableBytes(body, at));
  if (marker === DAC) return body.length % 2 === 0;
  return (marker === DRI || marker === DNL) && body.length === 2;
}

/** Whether tables, each as long as it says at its beginning, fill a segment; 0 stands for what is no table. */
function isFilledBy(body: Buffer, bytesAt: (at: number) => number): boolean {
  let at = 0;
  while (at < body.length) {
    const bytes = bytesAt(at);
    if (bytes === 0) return false;
    at += bytes;
  }
  return at === body.length;
}

/** Class and destination, how many codes there are of each of 16 lengths, and a symbol for each code. */
function huffmanTableBytes(body: Buffer, at: number): number {
  if (((body[at] ?? 0) & 0xec) !== 0) return 0;
  return body.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 17);
}

function frameSize({ body, start }: Segment, header: Header): { width: number; height: number } {
  if (header.size !== undefined) throw suspicious("second frame", start);
  if (body.length < 6) throw suspicious("frame header", start);
  const height = body.readUInt16BE(1);
  const width = body.readUInt16BE(3);
  if (width === 0) throw suspicious("frame header", start);
  if (height === 0) throw unusual("height after the scan", start);
  return { width, height };
}

function walkApplicationSegment(segment: Segment, header: Header, record: ScrubRecord): void {
  const stays = keptBytes(segment, header, record);
  if (stays === undefined) {
    record.found.add(kindOf(segment));
    record.drop(segment.start, segment.end);
  } else if (stays.length > 0) {
    record.put(segment.start, segment.end, stays);
  }
}

/** What stays of a segment: nothing at all, other bytes, or, for empty bytes, the segment as it is. */
function keptBytes(segment: Segment, header: Header, record: ScrubRecord): Buffer | undefined {
  const { marker, body, end } = segment;
  const name = body.toString("latin1", 0, ICC_HEADER_BYTES);
  if (marker === APP0 && name.startsWith("JFIF\0") && body.length >= JFIF_BYTES && once("JFIF", header)) {
    header.insertAt = end;
    if (body.length === JFIF_BYTES) return Buffer.alloc(0);
    record.found.add("thumbnail");
    return segmentOf(APP0, Buffer.concat([body.subarray(0, JFIF_BYTES - 2), Buffer.alloc(2)]));
  }
  if (marker === APP1 && name.startsWith(EXIF)) return keptExif(segment, header);
  if (marker === APP2 && name.startsWith("ICC_PROFILE\0")) return keptProfile(body, header);
  if (marker === APP14 && name.startsWith("Adobe") && body.length >= ADOBE_BYTES && once("Adobe", header)) {
    if (body.length === ADOBE_BYTES) return Buffer.alloc(0);
    record.found.add("application-data");
    return segmentOf(APP14, body.subarray(0, ADOBE_BYTES));
  }
  return undefined;
}

/** Exif goes, but for one that is just what we would put there ourselves. */
function keptExif({ body, start }: Segment, header: Header): Buffer | undefined {
  const orientation = readOrientation(body.subarray(EXIF.length));
  const isOurs =
    orientation !== undefined &&
    orientation !== 1 &&
    header.orientation === undefined &&
    start === header.insertAt &&
    body.subarray(EXIF.length).equals(orientationOnly(orientation));
  header.orientation ??= orientation;
  if (!isOurs) return undefined;
  header.orientationStays = true;
  return Buffer.alloc(0);
}

/** A profile in several segments stays where its first one is a profile by its signature. */
function keptProfile(body: Buffer, header: Header): Buffer | undefined {
  if (body[12] === 1 && body.toString("latin1", ICC_SIGNATURE_AT, ICC_SIGNATURE_AT + 4) === "acsp") {
    header.kept.add("profile");
  }
  return header.kept.has("profile") && once(`profile ${body[12]}`, header) ? Buffer.alloc(0) : undefined;
}

function once(name: string, header: Header): boolean {
  if (header.kept.has(name)) return false;
  header.kept.add(name);
  return true;
}

function kindOf({ marker, body }: Segment): MetadataKind {
  const name = body.toString("latin1", 0, 34);
  if (marker === APP1 && name.startsWith("Exif\0")) return "exif";
  if (marker === APP1 && name.startsWith("http://ns.adobe.com/x")) return "xmp";
  if (name.startsWith("MPF\0")) return "multi-picture";
  if (name.startsWith("JFXX\0")) return "thumbnail";
  return name.startsWith("Photoshop 3.0\0") ? "iptc" : "application-data";
}

function segmentOf(marker: number, body: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([head, body]);
}

function orientationSegment(orientation: number): Buffer {
  return segmentOf(APP1, Buffer.concat([Buffer.from(EXIF, "latin1"), orientationOnly(orientation)]));
}
