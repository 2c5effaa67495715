import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createDeterministicRandom } from "../../testing/deterministic-random.ts";
import { hasPlanted, makeMediaCorpus, PLANTED, runTool } from "../../testing/media-corpus.ts";
import { walkMedia } from "./media-walk.ts";
import { Scrubber } from "./scrub-stream.ts";
import type { WalkResult } from "./walk-result.ts";

const FILES_EACH = 1000;
const SUBJECTS =
  /\/(baseline\.jpg|by-hand\.jpg|plain\.png|by-hand\.png|turned\.webp|animated\.webp|animated\.gif|by-hand\.gif|thumbnail\.heic|plain\.avif|timed\.mp4|timecode\.mov)$/;

type Below = (limit: number) => number;

/** One of the things that go wrong with files, or are done to them. */
const MUTATIONS: readonly ((bytes: Buffer, below: Below) => Buffer)[] = [
  (bytes, below) => {
    const copy = Buffer.from(bytes);
    for (let left = 1 + below(8); left > 0; left -= 1) copy[below(copy.length)] = below(256);
    return copy;
  },
  (bytes, below) => {
    const copy = Buffer.from(bytes);
    const values = [0, 1, 7, 8, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];
    copy.writeUInt32BE(values[below(values.length)] ?? 0, below(copy.length - 4));
    return copy;
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length)),
  (bytes, below) => {
    const from = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + below(64))]);
  },
  (bytes, below) => {
    const from = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from - below(Math.min(from + 1, 300)))]);
  },
  (bytes, below) => {
    const at = below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(below(32), below(256)), bytes.subarray(at)]);
  },
  // Numbers in headers that are nearly right hurt most.
  (bytes, below) => {
    const copy = Buffer.from(bytes);
    const at = below(Math.min(copy.length, 2000));
    copy[at] = (copy[at] ?? 0) + 1 - 2 * below(2);
    return copy;
  },
];

const toolsAbsent = await runTool("exiftool", ["-ver"]).then(
  () => false,
  () => "exiftool, ffmpeg or heif-enc is not installed",
);

describe(`${FILES_EACH} mutated files of each container`, { skip: toolsAbsent }, () => {
  let folder: string;
  let corpus: readonly string[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "media-mutations-"));
    corpus = (await makeMediaCorpus(folder)).filter((path) => SUBJECTS.test(path));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("crash nothing, hang nothing, and leave no metadata that can be read", async () => {
    const doubtful: string[] = [];
    const verdicts = { lossless: 0, "re-encode": 0, suspicious: 0, unknown: 0 };
    for (const path of corpus) {
      const bytes = await readFile(path);
      const random = createDeterministicRandom(`mutations of ${basename(path)}`);
      const below: Below = (limit) => Buffer.from(random.bytes(4)).readUInt32BE() % limit;
      for (let index = 0; index < FILES_EACH; index += 1) {
        const mutated = MUTATIONS[index % MUTATIONS.length]?.(bytes, below) ?? bytes;
        const started = performance.now();
        const result = walk(mutated, below);
        verdicts[result.verdict] += 1;
        const out = result.verdict === "lossless" ? scrub(result, mutated, below) : Buffer.alloc(0);
        assert.ok(performance.now() - started < 5000, `${basename(path)} ${index} took too long`);
        // Where a mutation has made something a part of the picture, no reader of metadata finds it any more.
        if (hasPlanted(out)) {
          const name = join(folder, `doubtful-${index}-${basename(path)}`);
          await writeFile(name, out);
          doubtful.push(name);
        }
      }
    }
    assert.ok(verdicts.lossless > 1000 && verdicts.suspicious > 1000, JSON.stringify(verdicts));
    const read = doubtful.length === 0 ? "" : await runTool("exiftool", ["-m", "-a", "-G1", "-u", "-ee", ...doubtful]);
    const leaks = read.split("\n").filter((line) => line.includes(PLANTED));
    assert.deepEqual(leaks, [], `${doubtful.length} doubtful`);
  });
});

const TABLES = ["stts", "ctts", "stss", "stsc", "stsz", "stco", "sdtp", "sbgp", "sgpd", "elst", "cslg"];
const NESTED = new Set(["moov", "trak", "edts", "mdia", "minf", "stbl"]);

/** A movie in which one of the tables has some bytes more or less; all sizes around it fit, and nothing else moves. */
function resized(bytes: Buffer, where: readonly number[], by: number): Buffer {
  const copy = Buffer.from(bytes);
  for (const at of where) copy.writeUInt32BE(copy.readUInt32BE(at) + by, at);
  const table = where.at(-1) ?? 0;
  const end = table + bytes.readUInt32BE(table);
  const more = Buffer.alloc(Math.max(by, 0), PLANTED);
  return Buffer.concat([copy.subarray(0, end + Math.min(by, 0)), more, copy.subarray(end)]);
}

/** Where tables are, with the boxes around each. */
function tablesIn(bytes: Buffer, [from, to]: readonly [number, number], around: readonly number[] = []): number[][] {
  const found: number[][] = [];
  for (let at = from; at + 8 <= to; at += bytes.readUInt32BE(at) || to) {
    const type = bytes.toString("latin1", at + 4, at + 8);
    const path = [...around, at];
    if (TABLES.includes(type)) found.push(path);
    else if (NESTED.has(type)) found.push(...tablesIn(bytes, [at + 8, at + bytes.readUInt32BE(at)], path));
  }
  return found;
}

describe("movies with a table that is longer or shorter than it says", { skip: toolsAbsent }, () => {
  it("are not taken, whichever table it is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "media-tables-"));
    try {
      const corpus = (await makeMediaCorpus(folder)).filter((path) => /\/(end|timecode)\.(mp4|mov)$/.test(path));
      const seen = new Set<string>();
      for (const path of corpus) {
        const bytes = await readFile(path);
        assert.equal(walk(bytes, () => 0).verdict, "lossless", path);
        for (const where of tablesIn(bytes, [0, bytes.length])) {
          const type = bytes.toString("latin1", (where.at(-1) ?? 0) + 4, (where.at(-1) ?? 0) + 8);
          for (const by of [-12, -1, 1, 2, 4, 8, 12, 40]) {
            const { verdict } = walk(resized(bytes, where, by), () => 0);
            assert.ok(verdict !== "lossless", `${basename(path)}: ${type} by ${by}`);
          }
          seen.add(type);
        }
      }
      assert.ok(
        ["stts", "stss", "stsc", "stsz", "stco", "elst"].every((type) => seen.has(type)),
        [...seen].join(),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function walk(bytes: Buffer, below: Below): WalkResult {
  const walking = walkMedia();
  const place = below(bytes.length + 1);
  walking.write(bytes.subarray(0, place));
  walking.write(bytes.subarray(place));
  return walking.end();
}

function scrub(walked: Extract<WalkResult, { verdict: "lossless" }>, bytes: Buffer, below: Below): Buffer {
  const out: Uint8Array[] = [];
  const scrubber = new Scrubber(walked, (piece) => out.push(piece));
  const place = below(bytes.length + 1);
  scrubber.write(bytes.subarray(0, place));
  scrubber.write(bytes.subarray(place));
  scrubber.end();
  return Buffer.concat(out);
}
