import { rm } from "node:fs/promises";
import { DecoderPool } from "./decoder-pool.ts";
import type { EncodeTask, MadePicture, PictureAnswer, PictureFault, PictureOutput } from "./picture-task.ts";

/** What pictures are made with. */
export interface PicturesOptions {
  /** A folder that the child processes may write to. */
  readonly folder: string;
  /** The most pixels of a picture. */
  readonly pixels: number;
  /** Milliseconds for one. */
  readonly time: number;
  /** Bytes of memory for one. */
  readonly memory: number;
  /** Pictures at a time. */
  readonly workers: number;
}

/** The picture that others are made of. */
export interface PictureSource {
  readonly path: string;
  /** By its content. */
  readonly type: string;
  /** As Exif numbers it, by the container; formats whose decoder sees to it itself need it not. */
  readonly orientation: number;
}

/** What came of it. */
export type PicturesMade =
  | { readonly ok: true; readonly pictures: readonly MadePicture[] }
  | { readonly ok: false; readonly fault: PictureFault; readonly detail: string };

/** Makes pictures of others, out of process. */
export interface Pictures extends Disposable {
  make(source: PictureSource, outputs: readonly PictureOutput[], signal: AbortSignal): Promise<PicturesMade>;
}

/** Grey or colour, with transparency, and one channel to spare as CMYK needs it. */
const CHANNELS = 5;
const TASKS = 100;
/** Memory of WebAssembly grows and never shrinks. */
const HEIF_TASKS = 1;

const SOMETHING_ELSE = { ok: false, fault: "crashed", detail: "It answered something else." } as const;

/**
 * What a child process says that it has made. Whoever has taken it over can say anything: which files are published as
 * what is for us to know. `undefined` for what is no answer to what it was asked.
 */
export function picturesOf(
  answer: Extract<PictureAnswer, { readonly ok: true }>,
  outputs: readonly PictureOutput[],
): readonly MadePicture[] | undefined {
  const said = "pictures" in answer ? answer.pictures : [];
  if (!Array.isArray(said) || said.length !== outputs.length) return undefined;
  const pictures: MadePicture[] = [];
  for (const [index, { name, target, format }] of outputs.entries()) {
    // It may be anything: of what it has, each is looked at.
    const made = (said[index] ?? {}) as Partial<MadePicture>;
    const type = TYPES[format].find((known) => known === made.type);
    if (type === undefined || !isSize(made)) return undefined;
    pictures.push({ name, target, type, width: made.width, height: made.height });
  }
  return pictures;
}

const TYPES: Readonly<Record<PictureOutput["format"], readonly MadePicture["type"][]>> = {
  webp: ["image/webp"],
  original: ["image/jpeg", "image/png"],
};

interface Size {
  readonly width: number;
  readonly height: number;
}

function isSize<Said extends Partial<Size>>(said: Said): said is Said & Size {
  return [said.width, said.height].every((edge) => Number.isSafeInteger(edge) && Number(edge) > 0);
}

/** Makes pictures in child processes that are killed when they take too long or too much. */
export function createPictures({ folder, pixels, time, memory, workers }: PicturesOptions): Pictures {
  const pool = (adapter: "sharp-child" | "heif-child", tasks: number): DecoderPool =>
    new DecoderPool({ program: { adapter, folder }, limits: { time, memory, tasks }, size: workers });
  const encoders = pool("sharp-child", TASKS);
  const decoders = pool("heif-child", HEIF_TASKS);

  async function encode(
    task: Omit<EncodeTask, "task" | "pixels" | "channels">,
    signal: AbortSignal,
  ): Promise<PicturesMade> {
    const answer = await encoders.run({ task: "encode", pixels, channels: CHANNELS, ...task }, signal);
    if (!answer.ok) return answer;
    const pictures = picturesOf(answer, task.outputs);
    return pictures === undefined ? SOMETHING_ELSE : { ok: true, pictures };
  }

  return {
    async make({ path, type, orientation }, outputs, signal) {
      if (type !== "image/heic" && type !== "image/avif") return encode({ source: path, outputs }, signal);
      const target = `${outputs[0]?.target ?? path}.pixels`;
      try {
        const decoded = await decoders.run({ task: "decode", type, source: path, target, pixels }, signal);
        if (!decoded.ok) return decoded;
        if (!("width" in decoded) || !isSize(decoded)) return SOMETHING_ELSE;
        // libheif turns what it decodes by the container's word; the decoder of AVIF does not.
        const raw = {
          width: decoded.width,
          height: decoded.height,
          orientation: type === "image/avif" ? orientation : 1,
        };
        return await encode({ source: target, raw, outputs }, signal);
      } finally {
        await rm(target, { force: true });
      }
    },
    [Symbol.dispose]() {
      encoders[Symbol.dispose]();
      decoders[Symbol.dispose]();
    },
  };
}
