import type { ByteFeed, Steps } from "./byte-feed.ts";
import { orientationOnly, readOrientation } from "./exif-orientation.ts";
import { suspicious } from "./misfit.ts";
import type { ScrubRecord } from "./scrub-record.ts";
import type { MediaFacts, MetadataKind } from "./walk-result.ts";

const RIFF_HEADER_BYTES = 8;
const FRAME_HEADER_BYTES = 16;
const FLAG_ICC = 0x20;
const FLAG_ALPHA = 0x10;
const FLAG_EXIF = 0x08;
const FLAG_ANIMATION = 0x02;
const KNOWN_FLAGS = FLAG_ICC | FLAG_ALPHA | FLAG_ANIMATION;
/** Enough of picture data to read its size. */
const PICTURE_HEAD_BYTES = 10;
const MOST_EXIF_BYTES = 1 << 20;

interface Chunk {
  readonly type: string;
  readonly start: number;
  readonly length: number;
  /** Behind its padding. */
  readonly end: number;
}

interface Picture {
  width: number;
  height: number;
  pictures: number;
  frames: number;
  duration: number;
  flags: { readonly at: number; readonly value: number } | undefined;
  orientation: number | undefined;
  orientationStays: boolean;
  /** Bytes of the chunks that stay, as they will be. */
  bytes: number;
}

/** Walks over a WebP file. Its flags and sizes are made to fit what stays. */
export function* walkWebp(feed: ByteFeed, record: ScrubRecord): Steps<MediaFacts> {
  const head = yield* feed.take(RIFF_HEADER_BYTES + 4);
  const bytes = head.readUInt32LE(4);
  const end = RIFF_HEADER_BYTES + bytes;
  const picture: Picture = {
    width: 0,
    height: 0,
    pictures: 0,
    frames: 0,
    duration: 0,
    flags: undefined,
    orientation: undefined,
    orientationStays: false,
    bytes: 4,
  };
  while (feed.position < end) {
    const chunk = yield* nextChunk(feed, end);
    picture.bytes += yield* walkChunk(feed, { chunk, picture, record });
  }
  if (picture.pictures + picture.frames === 0) throw suspicious("no picture", feed.position);
  record.trailing = yield* feed.rest();
  if (record.trailing > 0) record.found.add("trailing-data");
  record.drop(end, feed.position);
  finish(end, { picture, record });
  if (picture.bytes !== bytes) record.put(4, RIFF_HEADER_BYTES, littleEndian(picture.bytes));
  const { width, height, frames, duration } = picture;
  const orientation = picture.orientation ?? 1;
  return frames > 0
    ? { width, height, orientation, frames, duration }
    : { width, height, orientation, frames: 1, duration: undefined };
}

/** Says the orientation again, where there is one, and puts the flags right. */
function finish(end: number, { picture, record }: Pick<Visit, "picture" | "record">): void {
  const { flags, orientation = 1 } = picture;
  if (flags === undefined) return;
  if (orientation !== 1 && !picture.orientationStays) {
    const body = orientationOnly(orientation);
    const chunk = Buffer.concat([Buffer.from("EXIF", "latin1"), littleEndian(body.length), body]);
    record.put(end, end, chunk);
    picture.bytes += chunk.length;
  }
  const value = (flags.value & KNOWN_FLAGS) | (orientation === 1 ? 0 : FLAG_EXIF);
  if (value !== flags.value) record.put(flags.at, flags.at + 1, Buffer.from([value]));
}

function* nextChunk(feed: ByteFeed, limit: number): Steps<Chunk> {
  const start = feed.position;
  if (start + 8 > limit) throw suspicious("chunk length", start);
  const head = yield* feed.take(8);
  const length = head.readUInt32LE(4);
  const end = start + 8 + length + (length % 2);
  if (end > limit) throw suspicious("chunk length", start);
  return { type: head.toString("latin1", 0, 4), start, length, end };
}

interface Visit {
  readonly chunk: Chunk;
  readonly picture: Picture;
  readonly record: ScrubRecord;
}

/** Resolves to how many bytes of the chunk stay. */
function* walkChunk(feed: ByteFeed, visit: Visit): Steps<number> {
  const { chunk, picture } = visit;
  if (chunk.type === "VP8X") {
    if (chunk.start !== RIFF_HEADER_BYTES + 4 || chunk.length !== 10) throw suspicious("header chunk", chunk.start);
    const body = yield* feed.take(chunk.length);
    picture.flags = { at: chunk.start + 8, value: body[0] ?? 0 };
    sized(picture, body.readUIntLE(4, 3) + 1, body.readUIntLE(7, 3) + 1);
  } else if (chunk.type === "VP8 " || chunk.type === "VP8L") {
    picture.pictures += 1;
    if (picture.pictures > 1) throw suspicious("second picture", chunk.start);
    yield* walkPicture(feed, chunk, picture);
  } else if (chunk.type === "ANMF") {
    return yield* walkFrame(feed, visit);
  } else if (chunk.type === "EXIF") {
    return yield* walkExif(feed, visit);
  } else if (chunk.type === "ALPH" || chunk.type === "ANIM" || chunk.type === "ICCP") {
    yield* feed.skip(chunk.end - feed.position);
  } else {
    return yield* dropChunk(feed, visit);
  }
  return chunk.end - chunk.start;
}

/** Exif goes, but for one that is just what we would put there ourselves, at the end. */
function* walkExif(feed: ByteFeed, visit: Visit): Steps<number> {
  const { chunk, picture } = visit;
  if (chunk.length > MOST_EXIF_BYTES) return yield* dropChunk(feed, visit);
  const body = yield* feed.take(chunk.length);
  const tiff = body.toString("latin1", 0, 6) === "Exif\0\0" ? body.subarray(6) : body;
  const orientation = readOrientation(tiff);
  const isFirst = picture.orientation === undefined && picture.pictures + picture.frames > 0;
  picture.orientation ??= orientation;
  if (isFirst && orientation !== undefined && orientation !== 1 && body.equals(orientationOnly(orientation))) {
    picture.orientationStays = true;
    return chunk.end - chunk.start;
  }
  return yield* dropChunk(feed, visit);
}

function* dropChunk(feed: ByteFeed, { chunk, record }: Visit): Steps<number> {
  yield* feed.skip(chunk.end - feed.position);
  record.found.add(KINDS[chunk.type] ?? "application-data");
  record.drop(chunk.start, chunk.end);
  return 0;
}
const KINDS: Readonly<Record<string, MetadataKind>> = { EXIF: "exif", "XMP ": "xmp" };

/** A frame of an animation is a list of chunks of its own. */
function* walkFrame(feed: ByteFeed, { chunk, picture, record }: Visit): Steps<number> {
  if (chunk.length < FRAME_HEADER_BYTES) throw suspicious("frame chunk", chunk.start);
  const head = yield* feed.take(FRAME_HEADER_BYTES);
  picture.frames += 1;
  picture.duration += head.readUIntLE(12, 3);
  sized(
    picture,
    head.readUIntLE(0, 3) * 2 + head.readUIntLE(6, 3) + 1,
    head.readUIntLE(3, 3) * 2 + head.readUIntLE(9, 3) + 1,
  );
  let bytes = FRAME_HEADER_BYTES;
  const end = chunk.start + 8 + chunk.length;
  while (feed.position < end) {
    const inner = yield* nextChunk(feed, chunk.end);
    if (inner.type === "VP8 " || inner.type === "VP8L") yield* walkPicture(feed, inner, picture);
    else if (inner.type === "ALPH") yield* feed.skip(inner.end - feed.position);
    else yield* dropChunk(feed, { chunk: inner, picture, record });
    if (inner.type === "VP8 " || inner.type === "VP8L" || inner.type === "ALPH") bytes += inner.end - inner.start;
  }
  yield* feed.skip(chunk.end - feed.position);
  if (bytes !== chunk.length) record.put(chunk.start + 4, chunk.start + 8, littleEndian(bytes));
  if (bytes !== chunk.length && chunk.end > end) record.drop(end, chunk.end);
  return 8 + bytes;
}

/** Reads the size that the picture itself says. */
function* walkPicture(feed: ByteFeed, chunk: Chunk, picture: Picture): Steps<void> {
  if (chunk.length < PICTURE_HEAD_BYTES) throw suspicious("picture chunk", chunk.start);
  const head = yield* feed.take(PICTURE_HEAD_BYTES);
  if (chunk.type === "VP8L") {
    if (head[0] !== 0x2f) throw suspicious("picture chunk", chunk.start);
    const bits = head.readUInt32LE(1);
    sized(picture, (bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  } else {
    if (head.readUIntBE(3, 3) !== 0x9d012a) throw suspicious("picture chunk", chunk.start);
    sized(picture, head.readUInt16LE(6) & 0x3fff, head.readUInt16LE(8) & 0x3fff);
  }
  yield* feed.skip(chunk.end - feed.position);
}

function sized(picture: Picture, width: number, height: number): void {
  picture.width = Math.max(picture.width, width);
  picture.height = Math.max(picture.height, height);
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
