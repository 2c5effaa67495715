import type { ByteFeed, Steps } from "../byte-feed.ts";
import { suspicious, unusual } from "../misfit.ts";
import type { ScrubRecord } from "../scrub-record.ts";
import { boxesIn, freeBox, freeHeldBox, nextBox, passFree, zeroHeld, type Box, type HeldBox } from "./box.ts";
import { checkTable, isForeignTable, type SampleCheck } from "./kept-tables.ts";
import type { KeptRanges } from "./kept-ranges.ts";
import { walkSampleDescription, type SampleDescription } from "./sample-description.ts";
import { MOST_TABLE_BYTES, readSampleTables, type SampleTables } from "./sample-tables.ts";

/** What a movie says of itself. */
export interface Movie {
  width: number;
  height: number;
  orientation: number;
  frames: number;
  duration: number;
}

/** What walks inside a movie share. */
export interface MovieVisit {
  readonly movie: Movie;
  readonly kept: KeptRanges;
  readonly record: ScrubRecord;
}

/** Handlers of tracks that are seen or heard. Subtitles go with the rest: cameras write positions into them. */
const KEPT_HANDLERS = new Set(["vide", "soun", "auxv", "pict"]);
const MOST_HELD_BYTES = 1 << 20;
const MOST_TRACKS = 64;

/** Walks over `moov`: tracks that are seen or heard stay, without names and times of making. */
export function* walkMovie(feed: ByteFeed, box: Box, visit: MovieVisit): Steps<void> {
  let tracks = 0;
  for (let child = yield* nextBox(feed, box.end); child !== undefined; child = yield* nextBox(feed, box.end)) {
    if (child.type === "mvhd") {
      readMovieHeader(yield* held(feed, child, MOST_HELD_BYTES), visit);
    } else if (child.type === "trak") {
      tracks += 1;
      if (tracks > MOST_TRACKS) throw suspicious("too many tracks", child.start);
      yield* walkTrack(feed, child, visit);
    } else if (child.type === "mvex") {
      throw unusual("fragmented", child.start);
    } else if (child.type === "iods") {
      yield* passKept(feed, child);
    } else {
      yield* passFree(feed, child, visit.record);
    }
  }
  if (visit.movie.frames === 0) throw suspicious("no picture", box.start);
}

/** The most bytes of boxes that say a few numbers: in what is longer anything could be. */
const MOST_KEPT_BYTES: Readonly<Record<string, number>> = {
  ...{ iods: 64, elng: 64, clef: 12, prof: 12, enof: 12, vmhd: 12, smhd: 8, nmhd: 4, auxl: 256 },
};

/** Goes over a box that stays as it is. */
function* passKept(feed: ByteFeed, box: Box): Steps<void> {
  if (box.end - box.body > (MOST_KEPT_BYTES[box.type] ?? Number.POSITIVE_INFINITY)) {
    throw suspicious("box size", box.start);
  }
  yield* feed.skip(box.end - feed.position);
}

/** A box whose content is needed whole. */
function* held(feed: ByteFeed, box: Box, most: number): Steps<HeldBox> {
  if (box.end - box.body > most) throw unusual("box size", box.start);
  return { ...box, content: yield* feed.take(box.end - box.body) };
}

/** Times of creation and of modification, 4 bytes each or, in version 1, 8. */
function zeroTimes({ content, body, start }: HeldBox, record: ScrubRecord): { readonly wide: boolean } {
  const wide = content[0] === 1;
  const end = wide ? 20 : 12;
  if (content.length < end + 8) throw suspicious("header box", start);
  zeroHeld(record, { bytes: content.subarray(4, end), at: body + 4, kind: "creation-time" });
  return { wide };
}

function readMovieHeader(box: HeldBox, { movie, record }: MovieVisit): void {
  const { wide } = zeroTimes(box, record);
  const { content, start } = box;
  if (content.length < (wide ? 112 : 100)) throw suspicious("header box", start);
  const scale = content.readUInt32BE(wide ? 20 : 12);
  const duration = wide ? Number(content.readBigUInt64BE(24)) : content.readUInt32BE(16);
  if (scale > 0) movie.duration = Math.max(movie.duration, Math.round((duration * 1000) / scale));
}

/** What is gathered of one track while it is walked over. */
interface Track {
  handler: string;
  orientation: number;
  description: SampleDescription | undefined;
  readonly tables: SampleTables;
  /** What tables that stay say of the samples. */
  readonly checks: SampleCheck[];
}

function* walkTrack(feed: ByteFeed, box: Box, visit: MovieVisit): Steps<void> {
  const { movie, kept, record } = visit;
  const mark = record.mark();
  const track: Track = { handler: "", orientation: 1, description: undefined, tables: {}, checks: [] };
  yield* walkTrackChildren(feed, box, { track, record });
  const { description, handler, tables } = track;
  const isKept = KEPT_HANDLERS.has(handler);
  const data = readSampleTables(tables, isKept ? description?.shape : BYTES, box.start);
  if (!isKept) {
    record.forget(mark);
    freeBox(box, record, "timed-metadata");
    data.chunks((start, end) => kept.remove(start, end));
    return;
  }
  for (const check of track.checks) check(data.samples);
  data.chunks((start, end) => kept.keep(start, end));
  if (handler === "soun" || description === undefined) return;
  movie.frames = Math.max(movie.frames, data.samples);
  if (description.width * description.height <= movie.width * movie.height) return;
  Object.assign(movie, { width: description.width, height: description.height, orientation: track.orientation });
}

/** What goes becomes zeros with all that nobody refers to, so how it is packed need not be known. */
const BYTES = { samples: 1, bytes: 1 };

/** Visits the boxes in a box. */
function* walkChildren(feed: ByteFeed, box: Box, walk: (child: Box) => Steps<void>): Steps<void> {
  for (let child = yield* nextBox(feed, box.end); child !== undefined; child = yield* nextBox(feed, box.end)) {
    yield* walk(child);
  }
}

interface TrackVisit {
  readonly track: Track;
  readonly record: ScrubRecord;
}

/** Which boxes are read in which; since none is in itself, boxes nest no deeper than this says. */
const READ: Readonly<Record<string, readonly string[]>> = {
  trak: ["tkhd", "mdia", "edts", "tapt", "tref"],
  mdia: ["mdhd", "hdlr", "minf"],
  minf: ["hdlr", "dinf", "stbl"],
  dinf: ["dref"],
  stbl: ["stsd", "stsc", "stsz", "stco", "co64"],
};

/** Which boxes stay in which as they are: about shape and order. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  // To what makes it transparent; the tracks that other references are to have gone.
  tref: ["auxl"],
  tapt: ["clef", "prof", "enof"],
  mdia: ["elng"],
  minf: ["vmhd", "smhd", "nmhd"],
};

/** Which tables stay in which, once they were looked at. */
const KEPT_TABLES: Readonly<Record<string, readonly string[]>> = {
  edts: ["elst"],
  stbl: ["stts", "ctts", "cslg", "stss", "stps", "sdtp", "sbgp", "sgpd", "padb", "stdp"],
};

function walkTrackChildren(feed: ByteFeed, parent: Box, visit: TrackVisit): Steps<void> {
  return walkChildren(feed, parent, function* walk(box) {
    if (READ[parent.type]?.includes(box.type) === true) yield* readTrackBox(feed, box, visit);
    else if (KEPT[parent.type]?.includes(box.type) === true) yield* passKept(feed, box);
    else if (KEPT_TABLES[parent.type]?.includes(box.type) === true) yield* passTable(feed, box, visit);
    else yield* passFree(feed, box, visit.record);
  });
}

/** Goes over a table that stays as it is, where it says nothing but what it is for. */
function* passTable(feed: ByteFeed, box: Box, { track, record }: TrackVisit): Steps<void> {
  const table = yield* held(feed, box, MOST_TABLE_BYTES);
  if (isForeignTable(table)) freeHeldBox(table, record);
  else track.checks.push(checkTable(table));
}

function* readTrackBox(feed: ByteFeed, box: Box, visit: TrackVisit): Steps<void> {
  const { track, record } = visit;
  if (box.type === "minf" && track.handler === "") throw unusual("handler behind its media", box.start);
  if ([READ, KEPT, KEPT_TABLES].some((list) => list[box.type] !== undefined))
    return yield* walkTrackChildren(feed, box, visit);
  const whole = yield* held(feed, box, TABLES.has(box.type) ? MOST_TABLE_BYTES : MOST_HELD_BYTES);
  if (box.type === "tkhd") readTrackHeader(whole, visit);
  else if (box.type === "mdhd") zeroTimes(whole, record);
  else if (box.type === "hdlr") readHandler(whole, visit);
  else if (box.type === "dref") refuseOtherFiles(whole, record);
  else if (box.type === "stsd") track.description = walkDescription(whole, track, record);
  else if (box.type === "stsc") track.tables.runs = whole.content;
  else if (box.type === "stsz") track.tables.sizes = whole.content;
  else track.tables.offsets = { table: whole.content, wide: box.type === "co64" };
}
const TABLES = new Set(["stsc", "stsz", "stco", "co64"]);

function readTrackHeader(box: HeldBox, { track, record }: TrackVisit): void {
  const { wide } = zeroTimes(box, record);
  if (box.content.length < (wide ? 96 : 84)) throw suspicious("header box", box.start);
  track.orientation = turnOf(box.content, wide ? 52 : 40);
}

function walkDescription(box: HeldBox, { handler }: Track, record: ScrubRecord): SampleDescription | undefined {
  return KEPT_HANDLERS.has(handler) ? walkSampleDescription(box, handler, record) : undefined;
}

/** QuickTime has a second handler, in `minf`, of how data are stored; its names go too. */
function readHandler({ content, body, start }: HeldBox, { track, record }: TrackVisit): void {
  if (content.length < 20) throw suspicious("handler box", start);
  if (track.handler === "") track.handler = content.toString("latin1", 8, 12);
  zeroHeld(record, { bytes: content.subarray(12), at: body + 12, kind: "names" });
}

/** Media data are in this file and nowhere else. */
function refuseOtherFiles({ content, body, start }: HeldBox, record: ScrubRecord): void {
  if (content.length < 8) throw suspicious("data reference", start);
  for (const reference of boxesIn(content.subarray(8), body + 8)) {
    if (reference.content.length < 4 || ((reference.content[3] ?? 0) & 1) === 0) {
      throw suspicious("data in another file", reference.start);
    }
    zeroHeld(record, { bytes: reference.content.subarray(4), at: reference.body + 4, kind: "names" });
  }
}

/** The orientation of Exif that a matrix stands for, where it only turns. */
function turnOf(content: Buffer, at: number): number {
  const [a, b, c, d] = [0, 4, 12, 16].map((offset) => Math.sign(content.readInt32BE(at + offset)));
  return TURNS[`${a} ${b} ${c} ${d}`] ?? 1;
}
const TURNS: Readonly<Record<string, number>> = { "0 1 -1 0": 6, "-1 0 0 -1": 3, "0 -1 1 0": 8 };
