import { suspicious, unusual } from "../misfit.ts";
import type { SampleShape } from "./sample-description.ts";

/** Tables larger than this belong to more than a day of video. */
export const MOST_TABLE_BYTES = 16 << 20;

/** The tables that say where the samples of a track are: bodies of the boxes `stsc`, `stsz` and `stco` or `co64`. */
export interface SampleTables {
  runs?: Buffer;
  sizes?: Buffer;
  offsets?: { readonly table: Buffer; readonly wide: boolean };
}

/** Sums with it stay whole numbers. */
const MOST_OFFSET = 1n << 52n;

/** Where the chunks of a track are, and how many samples it has. */
export interface TrackData {
  readonly samples: number;
  readonly chunks: (visit: (start: number, end: number) => void) => void;
}

/** Reads tables. `at` is for messages. */
export function readSampleTables(tables: SampleTables, shape: SampleShape, at: number): TrackData {
  const { runs, sizes, offsets } = tables;
  if (runs === undefined || sizes === undefined || offsets === undefined) throw unusual("sample tables", at);
  const entry = offsets.wide ? 8 : 4;
  const chunks = countOf(offsets.table, { at, entry, head: 8 });
  const size = sizes.length >= 12 ? sizes.readUInt32BE(4) : 0;
  const samples = countOf(sizes, { at, entry: size === 0 ? 4 : 0, head: 12 });
  countOf(runs, { at, entry: 12, head: 8 });
  const offsetOf = (chunk: number): number =>
    offsets.wide ? wideOffset(offsets.table, 8 + chunk * 8, at) : offsets.table.readUInt32BE(8 + chunk * 4);
  return {
    samples,
    chunks(visit) {
      let sample = 0;
      const perChunk = samplesPerChunk(runs, at);
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        const count = perChunk(chunk);
        if (sample + count > samples) throw suspicious("sample tables", at);
        const bytes = size === 0 ? sumOf(sizes, sample, count) : uniformBytes(size, count, shape);
        const start = offsetOf(chunk);
        visit(start, start + bytes);
        sample += count;
      }
    },
  };
}

/** How many entries a table says it has; it has to be just as long. */
function countOf(
  table: Buffer,
  { at, entry, head }: { readonly at: number; readonly entry: number; readonly head: number },
): number {
  if (table.length < head) throw suspicious("sample tables", at);
  const count = table.readUInt32BE(head - 4);
  if (table.length !== head + count * entry) throw suspicious("sample tables", at);
  return count;
}

/** The table is of runs: from which chunk on (counted from 1) there are how many samples in each. */
function samplesPerChunk(runs: Buffer, at: number): (chunk: number) => number {
  const last = (runs.length - 8) / 12 - 1;
  if (last < 0) return () => 0;
  const first = (run: number): number => runs.readUInt32BE(8 + run * 12);
  if (first(0) !== 1) throw suspicious("sample tables", at);
  let run = 0;
  return (chunk) => {
    while (run < last && first(run + 1) <= chunk + 1) run += 1;
    return runs.readUInt32BE(8 + run * 12 + 4);
  };
}

function sumOf(sizes: Buffer, from: number, count: number): number {
  let sum = 0;
  for (let at = 12 + from * 4, end = at + count * 4; at < end; at += 4) sum += sizes.readUInt32BE(at);
  return sum;
}

/** Sizes of sound samples are often said as 1: what counts then is how the sample description says sound is packed. */
function uniformBytes(size: number, count: number, { samples, bytes }: SampleShape): number {
  return Math.max(size * count, Math.ceil(count / samples) * bytes);
}

function wideOffset(table: Buffer, place: number, at: number): number {
  const offset = table.readBigUInt64BE(place);
  if (offset > MOST_OFFSET) throw suspicious("sample tables", at);
  return Number(offset);
}
