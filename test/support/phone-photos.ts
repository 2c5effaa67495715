import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";

const run = promisify(execFile);

/** A photo as it is on a phone. */
export interface PhonePhoto {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string;
  /** Of what is seen: size and pixels as they are stored, without the turn that is noted beside them. */
  readonly pixels: string;
}

/** Where it was taken, by whom, with what: whatever exiftool can write that says too much. */
const TELLING = [
  ...[
    "-EXIF:GPSLatitude=48.137154",
    "-EXIF:GPSLatitudeRef=N",
    "-EXIF:GPSLongitude=11.576124",
    "-EXIF:GPSLongitudeRef=E",
  ],
  ...["-EXIF:SerialNumber=SERIAL-4711", "-EXIF:OwnerName=Mia Muster", "-EXIF:Make=Phone", "-EXIF:Model=Phone 9"],
  ...["-EXIF:DateTimeOriginal=2026:06:20 15:04:05", "-EXIF:UserComment=behind our house", "-EXIF:Orientation#=6"],
  ...["-XMP-dc:Creator=Mia Muster", "-XMP-exif:GPSLatitude=48.137154", "-XMP-dc:Description=behind our house"],
];
/** Tags that stand for all of them: in every photo before, in none after. */
const MARKS = ["GPSLatitude", "SerialNumber", "UserComment", "Creator"];

/** Makes photos with everything phones write into them: mostly JPEG, and screenshots and messages among them. */
export async function makePhonePhotos(directory: string, count: number): Promise<readonly PhonePhoto[]> {
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  await Promise.all(names.map((name, index) => draw(join(directory, name), index)));
  const paths = names.map((name) => join(directory, name));
  const jpegs = paths.filter((path) => path.endsWith(".jpg"));
  await run("exiftool", ["-q", "-m", "-overwrite_original", ...TELLING, ...paths]);
  await run("exiftool", ["-q", "-m", "-overwrite_original", "-Comment=from Mia", "-IPTC:Keywords=house", ...jpegs]);
  for (const { file, tags } of await readTags(paths)) {
    const missing = MARKS.filter((mark) => !tags.some(([tag]) => tag.endsWith(`:${mark}`)));
    if (missing.length > 0) throw new Error(`${file} was given no ${missing.join()}.`);
  }
  return Promise.all(
    names.map(async (name, index) => {
      const path = paths[index] ?? "";
      const content = await readFile(path);
      return { name, path, bytes: content.length, sha256: hash(content), pixels: await pixelsOf(content) };
    }),
  );
}

/** What exiftool reads in files, as pairs of `Group:Tag` and value. */
export async function readTags(
  paths: readonly string[],
): Promise<readonly { readonly file: string; readonly tags: readonly (readonly [string, unknown])[] }[]> {
  const { stdout } = await run("exiftool", ["-j", "-G1", "-a", "-u", "-ee", ...paths], { maxBuffer: 50_000_000 });
  return (JSON.parse(stdout) as Record<string, unknown>[]).map(({ SourceFile, ...tags }) => ({
    file: String(SourceFile),
    tags: Object.entries(tags),
  }));
}

/** A hash of size and pixels. */
export async function pixelsOf(content: Uint8Array): Promise<string> {
  const { data, info } = await sharp(content).raw().toBuffer({ resolveWithObject: true });
  return hash(Buffer.concat([Buffer.from(`${info.width}x${info.height}x${info.channels} `), data]));
}

function nameOf(index: number): string {
  const extension = index % 10 === 7 ? "png" : index % 10 === 4 ? "webp" : "jpg";
  return `IMG_${String(4000 + index)}.${extension}`;
}

/** Each another picture: a colour of its own, in noise that makes it as large as photos are. */
async function draw(path: string, index: number): Promise<void> {
  const isScreenshot = path.endsWith(".png");
  const [width, height] = isScreenshot ? [360, 240] : [960, 640];
  const raw = { width, height, channels: 3 } as const;
  const noise = { type: "gaussian", mean: 0, sigma: 40 } as const;
  const grain = await sharp({ create: { ...raw, background: "black", noise } })
    .raw()
    .toBuffer();
  const background = { r: 20 + index * 10, g: 200 - index * 8, b: 90 };
  const picture = sharp({ create: { ...raw, background } }).composite([{ input: grain, raw, blend: "add" }]);
  // Phones say in a profile which colours they mean.
  await (path.endsWith(".jpg") ? picture.jpeg({ quality: 95 }).withIccProfile("p3") : picture).toFile(path);
}

function hash(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
