import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import sharp from "sharp";
import { hasPlanted, makeMediaCorpus, PLANTED, runTool } from "../../testing/media-corpus.ts";
import { walkMedia } from "./media-walk.ts";
import { Scrubber, scrubStream } from "./scrub-stream.ts";
import type { WalkResult } from "./walk-result.ts";

/** Pieces of a file, cut at the given places. */
function* cut(bytes: Buffer, places: Iterable<number>): Generator<Buffer> {
  let from = 0;
  for (const place of places) {
    yield bytes.subarray(from, place);
    from = place;
  }
  yield bytes.subarray(from);
}

function walk(pieces: Iterable<Uint8Array>): WalkResult {
  const walking = walkMedia();
  // Whoever reads from disk uses the same memory again.
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    walking.write(lent);
    lent.fill(0xee);
  }
  return walking.end();
}

function lossless(result: WalkResult): Extract<WalkResult, { verdict: "lossless" }> {
  assert.equal(result.verdict, "lossless", JSON.stringify(result));
  return result;
}

function scrubbed(walked: WalkResult, pieces: Iterable<Uint8Array>): Buffer {
  const out: Uint8Array[] = [];
  const scrubber = new Scrubber(lossless(walked), (piece) => out.push(piece));
  for (const piece of pieces) scrubber.write(piece);
  scrubber.end();
  return Buffer.concat(out);
}

const clean = (bytes: Buffer): Buffer => scrubbed(walk([bytes]), [bytes]);

/** Groups of tags that only say how a picture is made up. */
const HARMLESS =
  /^(SourceFile|(File|System|ExifTool|Composite|JFIF|ICC_Profile.*|ICC-.*|Adobe|APP14|PNG|PNG-pHYs|GIF|RIFF|QuickTime|Meta|Track\d+|IFD0):.*)$/;
/** Among them, those that could say more. */
const HARMFUL =
  /^(File:Comment|IFD0:(?!Orientation$)|PNG:(?!ImageWidth|ImageHeight|BitDepth|ColorType|Compression|Filter|Interlace|Palette|Transparency|Gamma|WhitePoint|Red|Green|Blue|SRGB|BackgroundColor|Animation|ProfileName|SignificantBits)|GIF:Comment|QuickTime:(Artist|GPS|Comment|Title|Encoder|Location)|Composite:GPS)/;

const toolsAbsent = await runTool("exiftool", ["-ver"]).then(
  () => false,
  () => "exiftool, ffmpeg or heif-enc is not installed",
);

const untouched = (path: string): string => join(dirname(path), `untouched-${basename(path)}`);

async function pixels(file: string): Promise<Buffer> {
  const { data, info } = await sharp(file, { animated: true }).raw().toBuffer({ resolveWithObject: true });
  return Buffer.concat([Buffer.from(`${info.width}x${info.height}x${info.channels}`), data]);
}

describe("scrubbing every kind of metadata out of every container", { skip: toolsAbsent }, () => {
  let folder: string;
  let corpus: readonly string[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "media-corpus-"));
    corpus = await makeMediaCorpus(folder);
    for (const path of corpus) await writeFile(join(folder, `clean-${basename(path)}`), clean(await readFile(path)));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const cleanOf = (path: string): string => join(folder, `clean-${basename(path)}`);

  it("plants something in every file that exiftool or a search of its bytes finds", async () => {
    for (const path of corpus) assert.ok(hasPlanted(await readFile(path)), `${basename(path)} has nothing planted`);
  });

  it("leaves none of the planted bytes", async () => {
    for (const path of corpus) assert.ok(!hasPlanted(await readFile(cleanOf(path))), basename(path));
  });

  it("leaves nothing that exiftool can read, but how the picture is made up and turned", async () => {
    const read = await runTool("exiftool", ["-j", "-G1", "-a", "-u", "-ee", ...corpus.map(cleanOf)]);
    const files: Record<string, unknown>[] = JSON.parse(read);
    assert.equal(files.length, corpus.length);
    for (const file of files) {
      const name = String(file["SourceFile"]);
      for (const [tag, value] of Object.entries(file)) {
        assert.ok(HARMLESS.test(tag) && !HARMFUL.test(tag), `${name}: ${tag} = ${String(value)}`);
        assert.ok(!String(value).includes(PLANTED), `${name}: ${tag}`);
        if (/Date$/.test(tag) && !tag.startsWith("System:") && !tag.startsWith("ICC")) {
          assert.equal(value, "0000:00:00 00:00:00", `${name}: ${tag}`);
        }
      }
    }
  });

  it("keeps every pixel", async () => {
    for (const path of corpus.filter((name) => /\.(jpg|png|webp|gif|avif)$/.test(name))) {
      assert.ok((await pixels(cleanOf(path))).equals(await pixels(untouched(path))), basename(path));
    }
  });

  it("shows every picture turned as it was", async () => {
    for (const path of corpus.filter((name) => /\.(jpg|png|webp|avif)$/.test(name))) {
      const shown = async (file: string): Promise<Buffer> => sharp(file).autoOrient().raw().toBuffer();
      assert.ok((await shown(path)).equals(await shown(cleanOf(path))), basename(path));
    }
  });

  it("keeps every pixel of HEIC", async () => {
    for (const path of corpus.filter((name) => name.endsWith(".heic"))) {
      const decoded = async (file: string): Promise<Buffer> => {
        await runTool("heif-convert", [file, `${file}.png`]);
        return sharp(`${file}.png`).raw().toBuffer();
      };
      assert.ok((await decoded(untouched(path))).equals(await decoded(cleanOf(path))), basename(path));
    }
  });

  it("keeps every frame and sound, at its time", async () => {
    for (const path of corpus.filter((name) => /\.(mp4|mov|gif)$|animated\.png$/.test(name))) {
      const frames = (file: string): Promise<string> =>
        runTool("ffmpeg", ["-v", "error", "-i", file, "-map", "0:v", "-map", "0:a?", "-f", "framemd5", "-"]);
      const [before, after] = [await frames(untouched(path)), await frames(cleanOf(path))];
      assert.ok(before.split("\n").length > 4 || path.includes("still"), basename(path));
      assert.equal(after, before, basename(path));
    }
  });

  it("keeps colour profiles", async () => {
    for (const path of corpus.filter((name) => /profile\.jpg|alpha\.webp/.test(name))) {
      const [before, after] = [await sharp(path).metadata(), await sharp(cleanOf(path)).metadata()];
      assert.ok(before.icc !== undefined && after.icc?.equals(before.icc), basename(path));
    }
  });

  it("says what it learnt before anything is decoded", async () => {
    for (const path of corpus) {
      const { facts, type, found } = lossless(walk([await readFile(path)]));
      assert.deepEqual([facts.width, facts.height], [96, 64], basename(path));
      assert.ok(found.size > 0, basename(path));
      assert.match(type, TYPES[extname(path)] ?? /^$/, basename(path));
      const shown = await shownFacts(path);
      if (shown !== undefined) assert.deepEqual([facts.frames, facts.orientation], shown, basename(path));
    }
    const { facts } = lossless(walk([await readFile(join(folder, "end.mp4"))]));
    assert.ok(Math.abs((facts.duration ?? 0) - 2000) < 100, String(facts.duration));
  });

  it("changes nothing in what it has cleaned", async () => {
    for (const path of corpus) {
      const once = await readFile(cleanOf(path));
      assert.equal(lossless(walk([once])).found.size, 0, basename(path));
      assert.ok(clean(once).equals(once), basename(path));
    }
  });

  it("comes to the same wherever a file is cut in two", async () => {
    for (const path of corpus) {
      const bytes = await readFile(path);
      const expected = walk([bytes]);
      const step = bytes.length <= SMALL ? 1 : Math.ceil(bytes.length / 500);
      for (let place = 0; place <= bytes.length; place += step) {
        const result = walk(cut(bytes, [place]));
        assert.deepEqual(result, expected, `${basename(path)} cut at ${place}`);
      }
    }
  });

  it("writes the same bytes whatever pieces it is given", async () => {
    for (const path of corpus) {
      const bytes = await readFile(path);
      const walked = walk([bytes]);
      const expected = await readFile(cleanOf(path));
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (places) => {
          const sorted = places.toSorted((left, right) => left - right);
          assert.deepEqual(walk(cut(bytes, sorted)), walked);
          assert.ok(scrubbed(walked, cut(bytes, sorted)).equals(expected));
        }),
        { numRuns: 60 },
      );
    }
    const small = await readFile(join(folder, "turned.webp"));
    assert.ok(scrubbed(walk(cut(small, small.keys())), cut(small, small.keys())).equals(clean(small)));
  });

  it("works as a stream", async () => {
    const bytes = await readFile(join(folder, "by-hand.png"));
    const stream = new Blob([bytes]).stream().pipeThrough(scrubStream(lossless(walk([bytes]))));
    assert.ok(Buffer.from(await new Response(stream).arrayBuffer()).equals(clean(bytes)));
  });
});

/** Files up to this size are cut at every place. */
const SMALL = 6_000;

const TYPES: Readonly<Record<string, RegExp>> = {
  ".jpg": /^image\/jpeg$/,
  ".png": /^image\/png$/,
  ".webp": /^image\/webp$/,
  ".gif": /^image\/gif$/,
  ".heic": /^image\/heic$/,
  ".avif": /^image\/avif$/,
  ".mp4": /^video\/mp4$/,
  ".mov": /^video\/quicktime$/,
};

/** Frames and orientation as another reader sees them. */
async function shownFacts(path: string): Promise<[number, number] | undefined> {
  if (!/\.(jpg|webp)$|animated\.gif$/.test(path)) return undefined;
  const { pages = 1, orientation = 1 } = await sharp(path, { animated: true }).metadata();
  return [pages, orientation];
}
