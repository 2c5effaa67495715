/** A child process that makes pictures with sharp. It may be killed at any time. */
import "./confine.ts";
import { readFile, writeFile } from "node:fs/promises";
import type { Sharp } from "sharp";
import type { EncodeTask, MadePicture, PictureAnswer, PictureOutput } from "../picture-task.ts";
import { answerTasks } from "./answering.ts";

/** All loaders but these stay blocked: those for HEIF, SVG, PDF and ImageMagick have had worse days. */
const ALLOWED = ["VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp", "VipsForeignLoadNsgif"];
const WEBP = { quality: 80, smartSubsample: true, effort: 3 } as const;
const JPEG = { quality: 92, mozjpeg: false } as const;

type SharpModule = (typeof import("sharp"))["default"];

let opened: Promise<SharpModule> | undefined;

answerTasks(async (task): Promise<PictureAnswer> => {
  if (task.task !== "encode") throw new TypeError(`This process does no ${task.task}.`);
  const sharp = await (opened ??= open());
  const picture = await load(sharp, task);
  const pictures: MadePicture[] = [];
  for (const output of task.outputs) pictures.push(await make(picture.clone(), output));
  return { ok: true, pictures };
});

async function open(): Promise<SharpModule> {
  const { default: sharp } = await import("sharp");
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: ALLOWED });
  sharp.cache(false);
  sharp.concurrency(1);
  return sharp;
}

async function load(sharp: SharpModule, { source, raw, pixels, channels }: EncodeTask): Promise<Sharp> {
  const limits = { limitInputPixels: pixels, limitInputChannels: channels, failOn: "error", pages: 1 } as const;
  // Node asks what this process may read; libvips would not.
  const file = await readFile(source);
  if (raw === undefined) return sharp(file, limits).autoOrient();
  const { width, height, orientation } = raw;
  return turned(sharp(file, { ...limits, raw: { width, height, channels: 4 } }), orientation);
}

const MIRRORED = new Set([2, 4, 5, 7]);
const DEGREES: Readonly<Record<number, number>> = { 3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270 };

/** Applies an orientation as Exif numbers it; plain pixels cannot carry one. */
function turned(picture: Sharp, orientation: number): Sharp {
  return picture.flop(MIRRORED.has(orientation)).rotate(DEGREES[orientation] ?? 0);
}

async function make(picture: Sharp, { name, target, edge, format }: PictureOutput): Promise<MadePicture> {
  const sized =
    edge === undefined
      ? picture
      : picture.resize({ width: edge, height: edge, fit: "inside", withoutEnlargement: true });
  const coloured = sized.toColourspace("srgb");
  const encoded = format === "webp" ? coloured.webp(WEBP) : await original(picture, coloured);
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true });
  await writeFile(target, data);
  return made(info, { name, target });
}

async function original(picture: Sharp, coloured: Sharp): Promise<Sharp> {
  const { isOpaque } = await picture.stats();
  return isOpaque ? coloured.jpeg(JPEG) : coloured.png();
}

function made(
  { format, width, height }: { readonly format: string; readonly width: number; readonly height: number },
  where: Pick<MadePicture, "name" | "target">,
): MadePicture {
  const type = format === "webp" ? "image/webp" : format === "png" ? "image/png" : "image/jpeg";
  return { ...where, type, width, height };
}
