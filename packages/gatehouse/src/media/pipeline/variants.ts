import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { MediaAsset, MediaVariant } from "../../kernel/ports/media-assets.ts";
import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import { variantKey } from "../assets.ts";
import type { PictureFault, PictureOutput } from "../images/picture-task.ts";
import type { Pictures } from "../images/pictures.ts";
import { ScrubError, scrubStream } from "../scrub/scrub-stream.ts";
import type { Judgement } from "./judgement.ts";

/** What the forms of an asset are made with. */
export interface VariantParts {
  readonly quarantine: ResumableFiles;
  readonly target: StorageTarget;
  readonly pictures: Pictures;
  /** A folder for what is being made, of this process alone. */
  readonly folder: string;
}

type Publishing = Extract<Judgement, { readonly kind: "publish" }>;

/** A file cannot be made into what is published. Waiting does not change that. */
export class UnmakableError extends Error {
  override readonly name = "UnmakableError";
  readonly fault: Exclude<PictureFault, "not-installed"> | "unscrubbable";
  constructor(fault: UnmakableError["fault"], detail: string) {
    super(detail);
    this.fault = fault;
  }
}

const SMALL: readonly (Omit<PictureOutput, "target"> & { readonly edge: number })[] = [
  { name: "thumb", edge: 400, format: "webp" },
  { name: "view", edge: 1600, format: "webp" },
];

interface MadeFile {
  readonly name: string;
  readonly path: string;
  readonly type: string;
  readonly width?: number;
  readonly height?: number;
}

/**
 * Makes the forms of an asset and puts them at the storage target, from where nobody can fetch them yet.
 * @throws {UnmakableError} when that is impossible.
 */
export async function makeVariants(
  parts: VariantParts,
  {
    asset,
    publishing,
    signal,
  }: { readonly asset: MediaAsset; readonly publishing: Publishing; readonly signal: AbortSignal },
): Promise<readonly MediaVariant[]> {
  const folder = join(parts.folder, asset.id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const files = await makeFiles(parts, { asset, publishing, folder, signal });
    const variants: MediaVariant[] = [];
    for (const file of files) variants.push(await store(parts.target, { asset, file, signal }));
    return variants;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Making {
  readonly asset: MediaAsset;
  readonly publishing: Publishing;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** The file itself, scrubbed without loss where that is possible, and the small pictures. */
async function makeFiles(parts: VariantParts, making: Making): Promise<readonly MadeFile[]> {
  const { asset, publishing, folder, signal } = making;
  const { type } = publishing.walk;
  const original = await scrub(parts, making);
  if (!type.startsWith("image/")) {
    if (original === undefined) throw new UnmakableError("unscrubbable", "A video is never encoded anew.");
    return [original];
  }
  const wanted: PictureOutput[] = SMALL.map((small) => ({ ...small, target: join(folder, small.name) }));
  if (original === undefined) wanted.push({ name: "original", target: join(folder, "encoded"), format: "original" });
  const path = original?.path ?? parts.quarantine.path(asset.id);
  const orientation = publishing.walk.verdict === "lossless" ? publishing.walk.facts.orientation : 1;
  const made = await parts.pictures.make({ path, type, orientation }, wanted, signal);
  if (!made.ok) {
    signal.throwIfAborted();
    if (made.fault === "not-installed") throw new Error(`A decoder of ${type} is not installed: ${made.detail}`);
    throw new UnmakableError(made.fault, made.detail);
  }
  const pictures = made.pictures.map(({ target, ...picture }) => ({ ...picture, path: target }));
  return original === undefined ? pictures : [...pictures, { ...original, ...sizeOf(publishing) }];
}

function sizeOf({ findings: { width, height } }: Publishing): { readonly width?: number; readonly height?: number } {
  return width === undefined || height === undefined ? {} : { width, height };
}

/** The file without its metadata; `undefined` where it has to be encoded anew instead. */
async function scrub({ quarantine }: VariantParts, making: Making): Promise<MadeFile | undefined> {
  const { asset, publishing, folder, signal } = making;
  const { walk } = publishing;
  if (walk.verdict !== "lossless") return undefined;
  const body = await quarantine.open(asset.id);
  if (body === undefined) throw new Error("The received file is gone.");
  const path = join(folder, "scrubbed");
  await using handle = await open(path, "w", 0o600);
  try {
    for await (const piece of body.pipeThrough(scrubStream(walk), { signal })) {
      for (let at = 0; at < piece.length;) at += (await handle.write(piece, at)).bytesWritten;
    }
  } catch (error) {
    if (error instanceof ScrubError) return undefined;
    throw error;
  }
  return { name: "original", path, type: walk.type };
}

async function store(
  target: StorageTarget,
  { asset, file, signal }: { readonly asset: MediaAsset; readonly file: MadeFile; readonly signal: AbortSignal },
): Promise<MediaVariant> {
  const { path, ...variant } = file;
  const { size: bytes } = await stat(path);
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { end: false });
  const sha256 = hash.digest("hex");
  const key = variantKey(asset, variant.name);
  // Node's web streams and those of the platform differ in their declarations alone.
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
  await target.put(key, { bytes, sha256, type: variant.type, body, signal });
  return { ...variant, key, bytes, sha256 };
}
