/** A child process that decodes HEIC and AVIF pictures in WebAssembly. It may be killed at any time. */
import "./confine.ts";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { DecodeTask, PictureAnswer } from "../picture-task.ts";
import { answerTasks } from "./answering.ts";

const CHANNELS = 4;

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

type AvifDecoder = typeof import("@jsquash/avif/decode.js");

// Of what is in browsers, and partly in Node, the types of this project know little.
const web = globalThis as typeof globalThis & {
  ImageData?: typeof PlainImageData;
  readonly WebAssembly: { compile(code: Uint8Array): Promise<NonNullable<Parameters<AvifDecoder["init"]>[0]>> };
};

answerTasks(async (task): Promise<PictureAnswer> => {
  if (task.task !== "decode") throw new TypeError(`This process does no ${task.task}.`);
  const file = await readFile(task.source);
  const { width, height, data } =
    task.type === "image/heic" ? await decodeHeic(file, task) : await decodeAvif(file, task);
  await writeFile(task.target, data);
  return { ok: true, width, height };
});

async function decodeHeic(file: Uint8Array, { pixels }: DecodeTask): Promise<Pixels> {
  const { default: heif } = await import("libheif-js/wasm-bundle.js");
  const images = new heif.HeifDecoder().decode(file);
  const image = images.find((candidate) => candidate.is_primary()) ?? images[0];
  if (image === undefined) throw new Error("There is no picture in it.");
  const width = image.get_width();
  const height = image.get_height();
  if (width * height > pixels) throw new Error("Too many pixels.");
  const { promise, resolve } = Promise.withResolvers<Pixels | null>();
  image.display({ data: new Uint8ClampedArray(width * height * CHANNELS), width, height }, resolve);
  const filled = await promise;
  if (filled === null) throw new Error("The picture cannot be decoded.");
  return filled;
}

async function decodeAvif(file: Uint8Array, { pixels }: DecodeTask): Promise<Pixels> {
  const { default: decode, init } = await import("@jsquash/avif/decode.js");
  const code = fileURLToPath(import.meta.resolve("@jsquash/avif/codec/dec/avif_dec.wasm"));
  await init(await web.WebAssembly.compile(await readFile(code)));
  // What browsers have, and the decoder makes its result with.
  web.ImageData = PlainImageData;
  // Made with the class above.
  const { data, width, height } = (await decode(new Uint8Array(file).buffer)) as Pixels;
  if (width * height > pixels) throw new Error("Too many pixels.");
  return { data, width, height };
}

class PlainImageData implements Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}
