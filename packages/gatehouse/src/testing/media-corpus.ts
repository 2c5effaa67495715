import { execFile } from "node:child_process";
import { appendFile, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";

/** Stands in every piece of metadata of the corpus, so that what is left of one is found by searching bytes. */
export const PLANTED = "PLANTED";
/** The same where texts are kept in two bytes a letter. */
const PLANTED_WIDE = Buffer.from(PLANTED, "utf16le");

const run = promisify(execFile);
const OUTPUT = { maxBuffer: 64 << 20 };

/** Runs one of the programs that make the corpus or read what became of it. */
export async function runTool(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, OUTPUT);
  return stdout;
}

/** Whether the marker is in there, in any of the ways in which it was planted. */
export function hasPlanted(bytes: Buffer): boolean {
  return bytes.includes(PLANTED) || bytes.includes(PLANTED_WIDE);
}

/**
 * Files with every kind of metadata, made in a folder by exiftool, ffmpeg, heif-enc, sharp and by hand. Beside each is
 * what it was before anything was planted, under `untouched-` and its name.
 */
export async function makeMediaCorpus(folder: string): Promise<readonly string[]> {
  const at = (name: string): string => join(folder, name);
  await makePictures(at);
  await makeVideos(at);
  for (const name of NAMES) await copyFile(at(name), at(`untouched-${name}`));
  await plantByTool(folder);
  await plantByHand(at);
  return NAMES.map(at);
}

const JPEGS = ["baseline.jpg", "progressive.jpg", "turned.jpg", "profile.jpg", "by-hand.jpg", "motion.jpg", "xmp.jpg"];
const PNGS = ["plain.png", "palette.png", "turned.png", "by-hand.png", "animated.png"];
const WEBPS = ["lossy.webp", "lossless.webp", "alpha.webp", "turned.webp", "animated.webp", "by-hand.webp"];
const GIFS = ["still.gif", "animated.gif", "by-hand.gif"];
const HEIFS = ["plain.heic", "thumbnail.heic", "plain.avif", "encoder.avif", "by-hand.heic"];
const MP4S = ["end.mp4", "fast.mp4", "subtitles.mp4", "timed.mp4"];
const MOVS = ["end.mov", "plain-sound.mov", "packed-sound.mov", "wide-sound.mov", "timecode.mov"];
const NAMES = [...JPEGS, ...PNGS, ...WEBPS, ...GIFS, ...HEIFS, ...MP4S, ...MOVS];

type Place = (name: string) => string;

async function makePictures(at: Place): Promise<void> {
  await ffmpeg("-f", "lavfi", "-i", "testsrc=s=96x64:d=1:r=4", "-frames:v", "1", at("source.png"));
  const source = await readFile(at("source.png"));
  const jpeg = await sharp(source).jpeg({ quality: 70 }).toBuffer();
  for (const name of ["baseline.jpg", "turned.jpg", "by-hand.jpg", "motion.jpg", "xmp.jpg"]) {
    await writeFile(at(name), jpeg);
  }
  await sharp(source).jpeg({ progressive: true }).toFile(at("progressive.jpg"));
  await sharp(source).withIccProfile("p3").jpeg().toFile(at("profile.jpg"));
  for (const name of ["plain.png", "turned.png", "by-hand.png"]) await sharp(source).png().toFile(at(name));
  await sharp(source).png({ palette: true }).toFile(at("palette.png"));
  for (const name of ["lossy.webp", "turned.webp", "by-hand.webp"]) await sharp(source).webp().toFile(at(name));
  await sharp(source).webp({ lossless: true }).toFile(at("lossless.webp"));
  await sharp(source).ensureAlpha(0.5).withIccProfile("p3").webp({ quality: 60 }).toFile(at("alpha.webp"));
  await sharp(source).avif().toFile(at("encoder.avif"));
  const film = ["-f", "lavfi", "-i", "testsrc=s=96x64:d=1:r=4"];
  for (const name of ["animated.gif", "by-hand.gif"]) await ffmpeg(...film, at(name));
  await ffmpeg("-i", at("source.png"), at("still.gif"));
  await ffmpeg(...film, "-plays", "0", "-f", "apng", at("animated.png"));
  await sharp(at("animated.gif"), { animated: true }).webp().toFile(at("animated.webp"));
  await runTool("heif-enc", ["-q", "60", "-o", at("plain.heic"), at("source.png")]);
  await runTool("heif-enc", ["-q", "60", "-t", "32", "-o", at("thumbnail.heic"), at("source.png")]);
  await runTool("heif-enc", ["-A", "-o", at("plain.avif"), at("source.png")]);
  await copyFile(at("plain.heic"), at("by-hand.heic"));
}

async function makeVideos(at: Place): Promise<void> {
  await writeFile(at("words.srt"), `1\n00:00:00,000 --> 00:00:01,500\n${PLANTED} 48.1 N 11.5 E\n`);
  const film = ["-f", "lavfi", "-i", "testsrc=s=96x64:d=2:r=10", "-f", "lavfi", "-i", "sine=d=2:r=48000"];
  const source = [...film, "-i", at("words.srt"), "-map", "0:v", "-map", "1:a"];
  const picture = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
  const made = async (name: string, ...more: string[]): Promise<void> =>
    ffmpeg(...source, ...picture, "-metadata", "creation_time=2024-05-06T07:08:09Z", ...more, at(name));
  await made("end.mp4", "-metadata", "location=+48.1+011.5/", "-metadata", `comment=${PLANTED}`);
  await made("fast.mp4", "-movflags", "+faststart", "-metadata:s:v", `handler_name=${PLANTED}`);
  await made("end.mov", "-metadata", `title=${PLANTED}`, "-movflags", "use_metadata_tags");
  await made("plain-sound.mov", "-c:a", "pcm_s16le", "-metadata", `artist=${PLANTED}`);
  await made("packed-sound.mov", "-c:a", "adpcm_ima_qt", "-metadata", `artist=${PLANTED}`);
  await made("wide-sound.mov", "-c:a", "pcm_s24be", "-ar", "96000", "-metadata", `artist=${PLANTED}`);
  await made("timecode.mov", "-timecode", "01:02:03:04", "-metadata", `encoder=${PLANTED}`);
  await made("subtitles.mp4", "-map", "2:s", "-c:s", "mov_text");
  // A track of the kind in which cameras note where they are, made of the subtitles.
  const timed = await readFile(at("subtitles.mp4"));
  timed.write("meta", timed.indexOf("sbtl"), "latin1");
  timed.write("mett", timed.indexOf("tx3g"), "latin1");
  await writeFile(at("timed.mp4"), timed);
}

async function ffmpeg(...args: string[]): Promise<void> {
  await runTool("ffmpeg", ["-v", "error", "-nostdin", "-y", ...args]);
}

/** What exiftool can write, into every file that takes it. */
async function plantByTool(folder: string): Promise<void> {
  const at = (names: readonly string[]): string[] => names.map((name) => join(folder, name));
  const write = async (names: readonly string[], ...tags: string[]): Promise<void> => {
    await runTool("exiftool", ["-q", "-m", "-overwrite_original", ...tags, ...at(names)]);
  };
  const thumbnail = join(folder, "thumbnail.jpg");
  await sharp(join(folder, "source.png"))
    .resize(24)
    .jpeg()
    .withExif({ IFD0: { Artist: PLANTED } })
    .toFile(thumbnail);
  await writeFile(join(folder, "long.txt"), PLANTED.repeat(20_000));
  const exif = [
    ...[`-EXIF:Artist=${PLANTED}`, `-EXIF:UserComment=${PLANTED}`, `-EXIF:SerialNumber=${PLANTED}`],
    ...["-EXIF:GPSLatitude=48.1", "-EXIF:GPSLatitudeRef=N", "-EXIF:GPSLongitude=11.5", "-EXIF:GPSLongitudeRef=E"],
    ...["-EXIF:DateTimeOriginal=2024:05:06 07:08:09", `-EXIF:XPAuthor=${PLANTED}`],
  ];
  const xmp = [`-XMP-dc:Creator=${PLANTED}`, "-XMP-exif:GPSLatitude=48.1", `-XMP-dc:Description=${PLANTED}`];
  await write(JPEGS, ...exif, ...xmp, `-IPTC:Keywords=${PLANTED}`, `-Comment=${PLANTED}`);
  await write(["baseline.jpg"], `-ThumbnailImage<=${thumbnail}`, `-Ducky:Comment=${PLANTED}`);
  await write(["xmp.jpg"], `-XMP-dc:Description<=${join(folder, "long.txt")}`, `-Photoshop:CaptionWriter=${PLANTED}`);
  await write(PNGS, ...exif, ...xmp, `-PNG:Author=${PLANTED}`, "-PNG:ModifyDate=2024:05:06 07:08:09");
  await write(["plain.png"], "-z", `-PNG:Comment=${PLANTED.repeat(50)}`);
  await write(WEBPS, ...exif, ...xmp);
  await write(GIFS, ...xmp, `-Comment=${PLANTED}`);
  await write(HEIFS, ...exif, ...xmp);
  const place = ["-UserData:GPSCoordinates=48.1 11.5 300", "-ItemList:GPSCoordinates=48.1 11.5 300"];
  await write([...MP4S, ...MOVS], ...xmp, ...place, `-UserData:Artist=${PLANTED}`, `-ItemList:Artist=${PLANTED}`);
  await write([...MP4S, ...MOVS], `-Keys:Artist=${PLANTED}`, "-Keys:GPSCoordinates=48.1 11.5 300");
  await write(["turned.jpg", "turned.png", "turned.webp"], "-EXIF:Orientation#=6");
  await write(["progressive.jpg"], "-EXIF:Orientation#=5");
}

/** What no tool writes, put in byte by byte. */
async function plantByHand(at: Place): Promise<void> {
  const jpeg = await readFile(at("by-hand.jpg"));
  await writeFile(at("by-hand.jpg"), Buffer.concat([jpeg.subarray(0, 2), ...jpegSegments(), jpeg.subarray(2)]));
  await appendFile(at("motion.jpg"), await readFile(at("end.mp4")));
  const png = await readFile(at("by-hand.png"));
  const chunks = [
    pngChunk("zTXt", Buffer.concat([Buffer.from("Comment\0\0"), deflateSync(PLANTED)])),
    pngChunk("prVt", Buffer.from(PLANTED)),
    pngChunk("vpAg", Buffer.from(PLANTED)),
    pngChunk("sPLT", Buffer.from(`${PLANTED}\0\x08`)),
  ];
  const trailer = Buffer.from(`<html>${PLANTED}`);
  await writeFile(at("by-hand.png"), Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33), trailer]));
  const webp = Buffer.concat([await readFile(at("by-hand.webp")), riffChunk("note", Buffer.from(`${PLANTED}!!`))]);
  webp.writeUInt32LE(webp.length - 8, 4);
  await writeFile(at("by-hand.webp"), Buffer.concat([webp, trailer]));
  const gif = await readFile(at("by-hand.gif"));
  const extensions = [
    Buffer.from(`\x21\xff\x0bNOTES   1.0\x07${PLANTED}\0`, "latin1"),
    Buffer.from(`\x21\x01\x0c${"\0".repeat(12)}\x07${PLANTED}\0`, "latin1"),
  ];
  const end = gif.length - 1;
  await writeFile(at("by-hand.gif"), Buffer.concat([gif.subarray(0, end), ...extensions, gif.subarray(end), trailer]));
  const boxes = [
    box("mpvd", Buffer.from(PLANTED)),
    box("free", Buffer.from(PLANTED)),
    box("uuid", Buffer.from(PLANTED)),
  ];
  await appendFile(at("by-hand.heic"), Buffer.concat(boxes));
}

/** Segments as cameras and programs write them: maker notes, thumbnails, further pictures, provenance. */
function jpegSegments(): Buffer[] {
  const segment = (marker: number, body: Buffer | string): Buffer => {
    const content = typeof body === "string" ? Buffer.from(body, "latin1") : body;
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(content.length + 2, 2);
    return Buffer.concat([head, content]);
  };
  return [
    segment(0xe0, `JFIF\0\x01\x02\0\0\x01\0\x01\x03\x01${PLANTED}\0\0`),
    segment(0xe0, `JFXX\0\x13${PLANTED}`),
    segment(0xe1, Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exifWithMakerNotes()])),
    segment(0xe2, `MPF\0MM\0*${PLANTED}`),
    segment(0xe2, `FPXR\0\0${PLANTED}`),
    segment(0xe2, `ICC_PROFILE\0\x01\x01${PLANTED}`),
    segment(0xe5, `RMETA\0${PLANTED}`),
    segment(0xeb, `JP\0\0${PLANTED}`),
    segment(0xed, `Adobe_CM${PLANTED}`),
    segment(0xee, `Adobe\0\x64\0\0\0\0\x01${PLANTED}`),
    segment(0xef, PLANTED),
    segment(0xfe, PLANTED),
  ];
}

function exifWithMakerNotes(): Buffer {
  const note = Buffer.from(`Canon\0${PLANTED}`, "latin1");
  const tiff = Buffer.alloc(44);
  tiff.write("MM\0*\0\0\0\x08\0\x01", "latin1");
  tiff.writeUInt32BE(0x87690004, 10);
  tiff.writeUInt32BE(1, 14);
  tiff.writeUInt32BE(26, 18);
  tiff.writeUInt16BE(1, 26);
  tiff.writeUInt32BE(0x927c0007, 28);
  tiff.writeUInt32BE(note.length, 32);
  tiff.writeUInt32BE(44, 36);
  return Buffer.concat([tiff, note]);
}

/** A chunk of PNG with its checksum. */
export function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(content.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

/** A chunk of RIFF with its padding. */
export function riffChunk(type: string, content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from(type, "latin1"), size, content, Buffer.alloc(content.length % 2)]);
}

/** A box of ISO base media. */
export function box(type: string, ...content: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.reduce((sum, part) => sum + part.length, 8));
  head.write(type, 4, "latin1");
  return Buffer.concat([head, ...content]);
}
