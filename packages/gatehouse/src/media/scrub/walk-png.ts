import { crc32 } from "node:zlib";
import type { ByteFeed, Steps } from "./byte-feed.ts";
import { orientationOnly, readOrientation } from "./exif-orientation.ts";
import { suspicious } from "./misfit.ts";
import type { ScrubRecord } from "./scrub-record.ts";
import type { MediaFacts, MetadataKind } from "./walk-result.ts";

/** What makes the picture, its colours, its shape and its movement; PNG (third edition), chapter 11. */
const KEPT = new Set([
  ...["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI"],
  ...["bKGD", "pHYs", "acTL", "fcTL", "fdAT"],
]);
/** The most bytes of chunks that say a few numbers: in what is longer anything could be. */
const MOST_KEPT_BYTES: Readonly<Record<string, number>> = {
  ...{ IHDR: 13, PLTE: 768, IEND: 0, tRNS: 256, cHRM: 32, gAMA: 4, sBIT: 4, sRGB: 1, cICP: 4, mDCV: 24, cLLI: 8 },
  ...{ bKGD: 6, pHYs: 9, acTL: 8, fcTL: 26 },
};
const KINDS: Readonly<Record<string, MetadataKind>> = {
  eXIf: "exif",
  iTXt: "text",
  tEXt: "text",
  tIME: "creation-time",
  zTXt: "text",
};
const SIGNATURE_BYTES = 8;
const MOST_CHUNK_BYTES = 0x7fffffff;
/** Chunks that are looked into. */
const READ = new Set(["IHDR", "fcTL", "eXIf"]);
/** They are small; what claims to be larger is passed over unread. */
const MOST_READ_BYTES = 65_536;
const TYPE = /^[A-Za-z]{2}[A-Z][A-Za-z]$/;

interface Chunk {
  readonly type: string;
  readonly start: number;
  readonly length: number;
  /** Of its type; the rest is added in passing. */
  readonly crc: number;
}

interface Picture {
  size: { readonly width: number; readonly height: number } | undefined;
  orientation: number | undefined;
  orientationStays: boolean;
  /** Where the first picture data begin. */
  dataAt: number | undefined;
  frames: number;
  duration: number;
  animated: boolean;
}

/** Walks over a PNG or APNG file. Checksums of what stays are checked; it ends at IEND. */
export function* walkPng(feed: ByteFeed, record: ScrubRecord): Steps<MediaFacts> {
  yield* feed.skip(SIGNATURE_BYTES);
  const picture: Picture = {
    size: undefined,
    orientation: undefined,
    orientationStays: false,
    dataAt: undefined,
    frames: 0,
    duration: 0,
    animated: false,
  };
  for (let type = ""; type !== "IEND";) {
    const chunk = yield* nextChunk(feed);
    type = chunk.type;
    if ((type === "IHDR") !== (picture.size === undefined)) throw suspicious("header chunk", chunk.start);
    yield* walkChunk(feed, { chunk, picture, record });
  }
  const { size, dataAt, animated } = picture;
  if (size === undefined || dataAt === undefined) throw suspicious("no picture", feed.position);
  const end = feed.position;
  record.trailing = yield* feed.rest();
  if (record.trailing > 0) record.found.add("trailing-data");
  record.drop(end, feed.position);
  const orientation = picture.orientation ?? 1;
  if (orientation !== 1 && !picture.orientationStays) record.put(dataAt, dataAt, orientationChunk(orientation));
  return {
    ...size,
    orientation,
    frames: animated ? picture.frames : 1,
    duration: animated ? picture.duration : undefined,
  };
}

function* nextChunk(feed: ByteFeed): Steps<Chunk> {
  const start = feed.position;
  const head = yield* feed.take(8);
  const length = head.readUInt32BE(0);
  const type = head.toString("latin1", 4);
  if (length > MOST_CHUNK_BYTES) throw suspicious("chunk length", start);
  if (!TYPE.test(type)) throw suspicious("chunk type", start);
  return { type, start, length, crc: crc32(head.subarray(4)) };
}

interface Visit {
  readonly chunk: Chunk;
  readonly picture: Picture;
  readonly record: ScrubRecord;
}

function* walkChunk(feed: ByteFeed, { chunk, picture, record }: Visit): Steps<void> {
  const { type, start, length } = chunk;
  const isCritical = type.charCodeAt(0) < 0x60;
  if (!KEPT.has(type) && isCritical) throw suspicious("unknown critical chunk", start);
  if (!KEPT.has(type) && type !== "eXIf") {
    record.found.add(KINDS[type] ?? "application-data");
    yield* feed.skip(length + 4);
    record.drop(start, start + length + 12);
    return;
  }
  if (length > (MOST_KEPT_BYTES[type] ?? MOST_CHUNK_BYTES)) throw suspicious("chunk length", start);
  const isRead = READ.has(type) && length <= MOST_READ_BYTES;
  const pieces: Buffer[] = [];
  let { crc } = chunk;
  yield* feed.each(length, (piece) => {
    crc = crc32(piece, crc);
    if (isRead) pieces.push(Buffer.from(piece));
  });
  const isSound = (yield* feed.take(4)).readUInt32BE(0) === crc;
  if (type === "eXIf") return keepOrientation({ chunk, picture, record }, Buffer.concat(pieces));
  if (!isSound) throw suspicious("checksum", start);
  readChunk(chunk, picture, Buffer.concat(pieces));
}

/** Exif goes, but for one that is just what we would put there ourselves. */
function keepOrientation({ chunk, picture, record }: Visit, body: Buffer): void {
  const { start, length } = chunk;
  const orientation = readOrientation(body);
  const isFirst = picture.orientation === undefined && picture.dataAt === undefined;
  picture.orientation ??= orientation;
  if (isFirst && orientation !== undefined && orientation !== 1 && body.equals(orientationOnly(orientation))) {
    picture.orientationStays = true;
    return;
  }
  record.found.add("exif");
  record.drop(start, start + length + 12);
}

function readChunk({ type, start, length }: Chunk, picture: Picture, body: Buffer): void {
  if (type === "IHDR") {
    if (length !== 13) throw suspicious("header chunk", start);
    picture.size = { width: body.readUInt32BE(0), height: body.readUInt32BE(4) };
    if (picture.size.width === 0 || picture.size.height === 0) throw suspicious("header chunk", start);
  } else if (type === "IDAT") {
    picture.dataAt ??= start;
  } else if (type === "acTL") {
    picture.animated = true;
  } else if (type === "fcTL") {
    if (length !== 26) throw suspicious("frame chunk", start);
    picture.frames += 1;
    picture.duration += (body.readUInt16BE(20) * 1000) / (body.readUInt16BE(22) || 100);
  } else if (type === "IEND" && length !== 0) {
    throw suspicious("data in the end chunk", start);
  }
}

function orientationChunk(orientation: number): Buffer {
  const body = Buffer.concat([Buffer.from("eXIf", "latin1"), orientationOnly(orientation)]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length - 4, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}
