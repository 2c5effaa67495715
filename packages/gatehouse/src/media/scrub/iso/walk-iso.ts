import type { ByteFeed, Steps } from "../byte-feed.ts";
import { MEDIA_HEAD_BYTES } from "../media-type.ts";
import { suspicious, unusual } from "../misfit.ts";
import type { ScrubRecord } from "../scrub-record.ts";
import type { MediaFacts } from "../walk-result.ts";
import { nextBox, passFree, type Box } from "./box.ts";
import type { Items } from "./item-properties.ts";
import { KeptRanges } from "./kept-ranges.ts";
import { walkItems } from "./walk-items.ts";
import { walkMovie, type Movie } from "./walk-movie.ts";

const MOST_ITEM_BYTES = 4 << 20;
const MOST_BOXES = 65_536;

interface Contents {
  items: Items | undefined;
  movie: Movie | undefined;
  readonly kept: KeptRanges;
  /** The media data. */
  readonly data: { start: number; end: number }[];
}

/**
 * Walks over a file of ISO base media: HEIC, AVIF, MP4, QuickTime. Nothing in it moves: what goes becomes free space and
 * zeros. Media data that no picture and no track which stays refers to become zeros, whatever they were.
 */
export function* walkIso(feed: ByteFeed, record: ScrubRecord): Steps<MediaFacts> {
  const contents: Contents = { items: undefined, movie: undefined, kept: new KeptRanges(), data: [] };
  let boxes = 0;
  for (;;) {
    const box = yield* nextBox(feed, Number.POSITIVE_INFINITY);
    if (box === undefined) break;
    boxes += 1;
    if (boxes > MOST_BOXES) throw suspicious("too many boxes", box.start);
    yield* walkBox(feed, { box, contents, record });
  }
  contents.kept.zeroOthers(contents.data, record);
  return factsOf(contents, feed.position);
}

function* walkBox(
  feed: ByteFeed,
  { box, contents, record }: { readonly box: Box; readonly contents: Contents; readonly record: ScrubRecord },
): Steps<void> {
  const { kept, data } = contents;
  if (box.type === "mdat") {
    if (box.end === Number.POSITIVE_INFINITY) yield* feed.rest();
    else yield* feed.skip(box.end - feed.position);
    data.push({ start: box.body, end: feed.position });
  } else if (box.end === Number.POSITIVE_INFINITY) {
    throw suspicious("box size", box.start);
  } else if (box.type === "moov") {
    if (contents.movie !== undefined) throw suspicious("second movie", box.start);
    contents.movie = { width: 0, height: 0, orientation: 1, frames: 0, duration: 0 };
    yield* walkMovie(feed, box, { movie: contents.movie, kept, record });
  } else if (box.type === "meta" && box.end - box.body <= MOST_ITEM_BYTES) {
    const items = walkItems({ ...box, content: yield* feed.take(box.end - box.body) }, kept, record);
    if (items !== undefined && contents.items !== undefined) throw suspicious("second list of items", box.start);
    contents.items ??= items;
  } else if (box.type === "moof") {
    throw unusual("fragmented", box.start);
  } else if (box.type === "ftyp" && box.start === 0) {
    yield* walkBrands(feed, box);
  } else {
    yield* passFree(feed, box, record);
  }
}

/** Nothing but the names of formats may stand where every reader begins. */
function* walkBrands(feed: ByteFeed, box: Box): Steps<void> {
  if (box.end > MEDIA_HEAD_BYTES) throw suspicious("box size", box.start);
  const brands = yield* feed.take(box.end - box.body);
  // Behind the major brand stands its version, a number.
  const names = Buffer.concat([brands.subarray(0, 4), brands.subarray(8)]);
  if (names.some((byte) => byte !== 0 && (byte < 0x20 || byte > 0x7e))) throw suspicious("brands", box.start);
}

function factsOf({ items, movie }: Contents, at: number): MediaFacts {
  if (movie === undefined && items === undefined) throw suspicious("no picture", at);
  const size = [items, movie].filter((part) => part !== undefined);
  const [largest] = size.toSorted((left, right) => right.width * right.height - left.width * left.height);
  return {
    width: largest?.width ?? 0,
    height: largest?.height ?? 0,
    orientation: (items ?? movie)?.orientation ?? 1,
    frames: movie?.frames ?? 1,
    duration: movie?.duration,
  };
}
