import type { ByteFeed, Steps } from "./byte-feed.ts";
import { suspicious } from "./misfit.ts";
import type { ScrubRecord } from "./scrub-record.ts";
import type { MediaFacts } from "./walk-result.ts";

/** Introducers and labels of GIF89a, chapter 17 and following. */
const TRAILER = 0x3b;
const IMAGE = 0x2c;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const COMMENT = 0xfe;
const APPLICATION = 0xff;

const LOOP_BLOCK_BYTES = 3;

interface Animation {
  width: number;
  height: number;
  frames: number;
  duration: number;
}

/** Walks over a GIF file: pictures, their timing and the loop stay; comments and all other extensions go. */
export function* walkGif(feed: ByteFeed, record: ScrubRecord): Steps<MediaFacts> {
  yield* feed.skip(6);
  const screen = yield* feed.take(7);
  const animation: Animation = {
    width: screen.readUInt16LE(0),
    height: screen.readUInt16LE(2),
    frames: 0,
    duration: 0,
  };
  yield* feed.skip(colourTableBytes(screen[4] ?? 0));
  for (let introducer = yield* feed.byte(); introducer !== TRAILER; introducer = yield* feed.byte()) {
    if (introducer === IMAGE) yield* walkImage(feed, animation);
    else if (introducer === EXTENSION) yield* walkExtension(feed, animation, record);
    else throw suspicious("unknown block", feed.position - 1);
  }
  if (animation.frames === 0) throw suspicious("no picture", feed.position);
  const end = feed.position;
  record.trailing = yield* feed.rest();
  if (record.trailing > 0) record.found.add("trailing-data");
  record.drop(end, feed.position);
  const duration = animation.frames > 1 ? animation.duration : undefined;
  return { width: animation.width, height: animation.height, frames: animation.frames, orientation: 1, duration };
}

function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1);
}

function* walkImage(feed: ByteFeed, animation: Animation): Steps<void> {
  const descriptor = yield* feed.take(9);
  animation.width = Math.max(animation.width, descriptor.readUInt16LE(0) + descriptor.readUInt16LE(4));
  animation.height = Math.max(animation.height, descriptor.readUInt16LE(2) + descriptor.readUInt16LE(6));
  animation.frames += 1;
  // The colour table, and one byte with the least size of codes.
  yield* feed.skip(colourTableBytes(descriptor[8] ?? 0) + 1);
  yield* skipBlocks(feed);
}

/** Goes over blocks to the empty one that ends them. */
function* skipBlocks(feed: ByteFeed): Steps<void> {
  for (let left = 0; ;) {
    const some = yield* feed.some();
    if (some === undefined) throw suspicious("truncated", feed.position);
    let at = left;
    while (at < some.length) {
      const length = some[at] ?? 0;
      at += 1 + length;
      if (length > 0) continue;
      feed.consume(at);
      return;
    }
    left = at - some.length;
    feed.consume(some.length);
  }
}

function* walkExtension(feed: ByteFeed, animation: Animation, record: ScrubRecord): Steps<void> {
  const start = feed.position - 1;
  const label = yield* feed.byte();
  const length = yield* feed.byte();
  const first = yield* feed.take(length);
  if (label === GRAPHIC_CONTROL) {
    if (length !== 4) throw suspicious("graphic control", start);
    animation.duration += first.readUInt16LE(1) * 10;
    if ((yield* feed.byte()) !== 0) throw suspicious("graphic control", start);
    return;
  }
  if (label === APPLICATION && /^(NETSCAPE2\.0|ANIMEXTS1\.0)$/.test(first.toString("latin1"))) {
    yield* keepLoop(feed, start, record);
    return;
  }
  if (length > 0) yield* skipBlocks(feed);
  if (label === COMMENT) record.found.add("comment");
  else record.found.add(first.toString("latin1").startsWith("XMP Data") ? "xmp" : "application-data");
  record.drop(start, feed.position);
}

/** Of the extension that says how often to repeat only the block that says so stays. */
function* keepLoop(feed: ByteFeed, start: number, record: ScrubRecord): Steps<void> {
  const from = feed.position;
  const block = yield* feed.take(1);
  const isLoop = block[0] === LOOP_BLOCK_BYTES && ((yield* feed.take(LOOP_BLOCK_BYTES))[0] ?? 0) === 1;
  const end = feed.position;
  if (!isLoop && end - from === 1) yield* feed.skip(block[0] ?? 0);
  if (block[0] !== 0) yield* skipBlocks(feed);
  if (isLoop && feed.position === end + 1) return;
  record.found.add("application-data");
  if (isLoop) record.drop(end, feed.position - 1);
  else record.drop(start, feed.position);
}
