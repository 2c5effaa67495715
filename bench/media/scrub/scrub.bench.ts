/**
 * Taking metadata out of files beside exif-be-gone, which also cuts without decoding, and beside encoding anew with
 * sharp. All work in memory on the same files, taking turns, in pieces of 64 KiB. Ours walks, scrubs by the plan and
 * walks the result again. What exif-be-gone leaves in is said beside its speed. Medians over the rounds.
 *
 * node --conditions=gatehouse-source bench/media/scrub/scrub.bench.ts [--json] [--rounds=N]
 */
import { Readable } from "node:stream";
import ExifTransformer from "exif-be-gone";
import sharp, { type Sharp } from "sharp";
import { walkMedia } from "../../../packages/gatehouse/src/media/scrub/media-walk.ts";
import { Scrubber, scrubStream } from "../../../packages/gatehouse/src/media/scrub/scrub-stream.ts";
import { median, numberOption, print, versionsOf } from "../../support/report.ts";

const ROUNDS = numberOption("rounds", 15);
const PIECE_BYTES = 65_536;
const SECRET = "SERIAL-4711";

interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
  readonly pieces: readonly Buffer[];
  readonly encode: (image: Sharp) => Sharp;
}

interface Contender {
  readonly name: string;
  /** Not run where it takes too long to be run each time. */
  readonly rounds: number;
  readonly scrub: (sample: Sample) => Promise<Buffer | number>;
}

const contenders: readonly Contender[] = [
  { name: "gatehouse, walk alone", rounds: ROUNDS, scrub: async ({ pieces }) => walked(pieces).plan.outputBytes },
  { name: "gatehouse", rounds: ROUNDS, scrub: async ({ pieces }) => scrubbed(pieces) },
  { name: "gatehouse, as a web stream", rounds: ROUNDS, scrub: async ({ pieces }) => streamed(pieces) },
  { name: "exif-be-gone", rounds: ROUNDS, scrub: async ({ pieces }) => withoutExif(pieces) },
  {
    name: "sharp, encoded anew",
    rounds: 3,
    scrub: async ({ bytes, encode }) => encode(sharp(bytes, { animated: true }).autoOrient()).toBuffer(),
  },
];

function walked(
  pieces: readonly Buffer[],
): Extract<ReturnType<ReturnType<typeof walkMedia>["end"]>, { verdict: "lossless" }> {
  const walk = walkMedia();
  for (const piece of pieces) walk.write(piece);
  const result = walk.end();
  if (result.verdict !== "lossless") throw new Error(JSON.stringify(result));
  return result;
}

function scrubbed(pieces: readonly Buffer[]): number {
  let bytes = 0;
  const scrubber = new Scrubber(walked(pieces), (piece) => (bytes += piece.length));
  for (const piece of pieces) scrubber.write(piece);
  scrubber.end();
  return bytes;
}

async function streamed(pieces: readonly Buffer[]): Promise<number> {
  let bytes = 0;
  const source = ReadableStream.from<Uint8Array>(pieces);
  for await (const piece of source.pipeThrough(scrubStream(walked(pieces)))) bytes += piece.length;
  return bytes;
}

async function withoutExif(pieces: readonly Buffer[]): Promise<number> {
  let bytes = 0;
  for await (const piece of Readable.from(pieces).pipe(new ExifTransformer())) bytes += piece.length;
  return bytes;
}

/** Whether the planted serial number survives. */
async function leaks({ pieces }: Sample): Promise<{ readonly ours: boolean; readonly theirs: boolean }> {
  const ours: Uint8Array[] = [];
  const scrubber = new Scrubber(walked(pieces), (piece) => ours.push(piece));
  for (const piece of pieces) scrubber.write(piece);
  scrubber.end();
  const theirs: Buffer[] = [];
  for await (const piece of Readable.from(pieces).pipe(new ExifTransformer())) theirs.push(piece);
  return { ours: Buffer.concat(ours).includes(SECRET), theirs: Buffer.concat(theirs).includes(SECRET) };
}

async function makeSamples(): Promise<Sample[]> {
  const noise = {
    create: { width: 4000, height: 3000, channels: 3, noise: { type: "gaussian", mean: 128, sigma: 12 } },
  } as const;
  const photo = await sharp({ ...noise, create: { ...noise.create, background: "grey" } })
    .blur(0.8)
    .png()
    .toBuffer();
  const exif = { IFD0: { Artist: SECRET }, IFD3: { GPSLatitudeRef: "N" } };
  const forms: readonly (readonly [string, (image: Sharp) => Sharp])[] = [
    ["JPEG", (image) => image.jpeg({ quality: 92 })],
    ["JPEG, progressive", (image) => image.jpeg({ quality: 85, progressive: true })],
    ["PNG", (image) => image.png({ compressionLevel: 1 })],
    ["WebP", (image) => image.webp({ quality: 80, effort: 0 })],
    ["AVIF", (image) => image.avif({ quality: 80, effort: 0 })],
  ];
  return Promise.all(
    forms.map(async ([name, encode]) => {
      const bytes = await encode(sharp(photo).withExif(exif)).toBuffer();
      const count = Math.ceil(bytes.length / PIECE_BYTES);
      const pieces = Array.from({ length: count }, (_, at) => bytes.subarray(at * PIECE_BYTES, (at + 1) * PIECE_BYTES));
      return { name, bytes, pieces, encode };
    }),
  );
}

async function measure(sample: Sample): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const { name, rounds, scrub } of contenders) {
      if (round >= rounds) continue;
      const started = performance.now();
      await scrub(sample);
      if (round >= 0) times.get(name)?.push(performance.now() - started);
    }
  }
  return new Map([...times].map(([name, taken]) => [name, sample.bytes.length / 1000 / median(taken)]));
}

const samples = await makeSamples();
const speeds = new Map<Sample, ReadonlyMap<string, number>>();
for (const sample of samples) speeds.set(sample, await measure(sample));
const rows = contenders.map(({ name }) => [
  name,
  ...samples.map((sample) => speeds.get(sample)?.get(name) ?? Number.NaN),
]);
const kept = await Promise.all(samples.map(leaks));
const said = (leak: boolean): string => (leak ? "leaks" : "clean");
print({
  benchmark: "media/scrub",
  versions: versionsOf("exif-be-gone", "sharp"),
  tables: [
    {
      title: "12 megapixels, MB/s",
      columns: ["", ...samples.map(({ name, bytes }) => `${name} (${(bytes.length / 1e6).toFixed(1)} MB)`)],
      rows,
    },
    {
      title: "A planted serial number in Exif",
      columns: ["", ...samples.map(({ name }) => name)],
      rows: [
        ["gatehouse", ...kept.map(({ ours }) => said(ours))],
        ["exif-be-gone", ...kept.map(({ theirs }) => said(theirs))],
      ],
    },
  ],
  goals: samples.map((sample) => ({
    text: `${sample.name}: MB/s, with both walks`,
    reached: speeds.get(sample)?.get("gatehouse") ?? 0,
    least: 500,
  })),
});
