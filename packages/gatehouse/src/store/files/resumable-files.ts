import { constants } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { ResumableFiles, ResumableWriter } from "../../kernel/ports/media-intake.ts";
import { DirectorySync } from "./directory-sync.ts";
import { contentOf } from "./file-content.ts";
import { checkUploadId, isUploadId } from "./upload-id.ts";

/** What a copy is called until it takes the place of its original. */
const COPY = ".copy";
/** Bytes that are written at once, and that may be waiting while they are. */
const BATCH = 524_288;
/** Pieces that are written at once. */
const PIECES = 256;
const DONE = Promise.resolve();

/** Files in a directory, readable by this user alone; it is made for the first of them. */
export function openResumableFiles(directory: string): ResumableFiles {
  const entries = new DirectorySync(directory);
  const pathOf = (id: string): string => {
    checkUploadId(id);
    return join(directory, id);
  };
  return {
    async append(id, offset, { fenced = false } = {}) {
      const path = pathOf(id);
      if (offset === 0) await mkdir(directory, { recursive: true, mode: 0o700 });
      // At the beginning an empty file of its own is all that is needed.
      if (fenced && offset === 0) await rm(path, { force: true });
      if (fenced && offset > 0 && !(await replaceByCopy(path))) return undefined;
      const flags = constants.O_RDWR | (offset === 0 ? constants.O_CREAT : 0);
      const handle = await open(path, flags, 0o600).catch(absent);
      if (handle === undefined) return undefined;
      return startWriting(handle, { offset, entries: offset === 0 || fenced ? entries : undefined });
    },
    path: pathOf,
    async open(id, range) {
      if (!isUploadId(id)) return undefined;
      const path = pathOf(id);
      if ((await stat(path).catch(absent)) === undefined) return undefined;
      if (range !== undefined && range.end <= range.start) return new Blob([]).stream();
      return contentOf(path, range === undefined ? {} : { start: range.start, end: range.end - 1 });
    },
    async delete(id) {
      const path = pathOf(id);
      for (const each of [path, path + COPY]) await rm(each, { force: true });
    },
    async list() {
      const names = (await readdir(directory).catch(absent)) ?? [];
      return [...new Set(names.map((name) => name.replace(COPY, "")).filter(isUploadId))];
    },
  };
}

/** Puts a copy in the place of a file: whoever has that one open writes into nothing. */
async function replaceByCopy(path: string): Promise<boolean> {
  try {
    await copyFile(path, path + COPY, constants.COPYFILE_FICLONE);
    await rename(path + COPY, path);
    return true;
  } catch (error) {
    absent(error);
    return false;
  }
}

async function startWriting(
  handle: FileHandle,
  { offset, entries }: { readonly offset: number; readonly entries: DirectorySync | undefined },
): Promise<ResumableWriter | undefined> {
  try {
    const { size } = await handle.stat();
    if (size < offset) {
      await handle.close();
      return undefined;
    }
    if (size > offset) await handle.truncate(offset);
    return new BatchWriter(handle, offset, entries);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Gathers pieces into batches: one is written while the next one is gathered, and no third one is begun. That is all
 * the memory it takes, whatever its sender does.
 */
class BatchWriter implements ResumableWriter {
  readonly #handle: FileHandle;
  /** The directory, until the entry of a new file is durable. */
  #entries: DirectorySync | undefined;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  /** Behind what was taken. */
  #taken: number;
  /** Behind what is written, or being written. */
  #begun: number;
  #writing: Promise<void> = DONE;
  #flushing: Promise<unknown> = DONE;
  #failure: { readonly error: unknown } | undefined;

  constructor(handle: FileHandle, offset: number, entries: DirectorySync | undefined) {
    this.#handle = handle;
    this.#entries = entries;
    this.#taken = offset;
    this.#begun = offset;
  }

  write(chunk: Uint8Array): Promise<void> {
    this.#pieces.push(chunk);
    this.#gathered += chunk.byteLength;
    this.#taken += chunk.byteLength;
    return this.#gathered >= BATCH || this.#pieces.length >= PIECES ? this.#writeBatch() : DONE;
  }

  flush(): Promise<number> {
    const flushing = this.#flush();
    // The file is not closed under it.
    this.#flushing = Promise.allSettled([this.#flushing, flushing]);
    return flushing;
  }

  async #flush(): Promise<number> {
    const { promise, offset } = this.#drain();
    await promise;
    await this.#handle.datasync();
    const entries = this.#entries;
    if (entries !== undefined) {
      await entries.sync();
      this.#entries = undefined;
    }
    return offset;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing]);
    await this.#handle.close();
  }

  #drain(): { readonly promise: Promise<void>; readonly offset: number } {
    const offset = this.#taken;
    return { promise: this.#writeBatch().then(() => this.#settled()), offset };
  }

  /** Begins to write what was gathered once the batch before is written, and resolves then. */
  async #writeBatch(): Promise<void> {
    const pieces = this.#pieces;
    const position = this.#begun;
    this.#begun += this.#gathered;
    this.#pieces = [];
    this.#gathered = 0;
    const before = this.#writing;
    this.#writing = before.then(() => this.#writeAll(pieces, position));
    // Whoever waits is told of it; it must not end the process where nobody does.
    this.#writing.catch((error: unknown) => (this.#failure ??= { error }));
    await before;
    this.#throwFailure();
  }

  async #settled(): Promise<void> {
    await this.#writing;
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #writeAll(pieces: readonly Uint8Array[], position: number): Promise<void> {
    let left = pieces;
    let at = position;
    while (left.length > 0) {
      const { bytesWritten } = await this.#handle.writev([...left], at);
      at += bytesWritten;
      left = after(left, bytesWritten);
    }
  }
}

/** What is left of pieces behind so many bytes. */
function after(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let passed = 0;
  for (const [index, piece] of pieces.entries()) {
    if (passed + piece.byteLength > bytes) return [piece.subarray(bytes - passed), ...pieces.slice(index + 1)];
    passed += piece.byteLength;
  }
  return [];
}

function absent(error: unknown): undefined {
  // Errors of the file system carry their code.
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}
