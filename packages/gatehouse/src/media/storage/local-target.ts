import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, rmdir, stat, statfs, unlink, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { Clock } from "../../kernel/clock.ts";
import type {
  ByteRange,
  NewFile,
  StorageCapacity,
  StorageTarget,
  StoredFile,
} from "../../kernel/ports/storage-target.ts";
import type { Random } from "../../kernel/random.ts";
import { DamagedFileError } from "./storage-error.ts";
import { assertStorageKey } from "./storage-key.ts";

/** Where files are kept. */
export interface LocalTargetOptions {
  readonly name: string;
  /** A folder that nothing else writes to. */
  readonly directory: string;
  readonly random: Random;
  readonly clock: Clock;
}

const MOST_LISTED = 1000;
const RENAME_ATTEMPTS = 5;
const NAME_BYTES = 12;

/**
 * Files on a disk of this machine, or on a volume that several servers share. A file is written beside its place,
 * compared with its digest, made durable and only then renamed: whoever reads sees the whole of it or none.
 */
export async function openLocalTarget(options: LocalTargetOptions): Promise<StorageTarget> {
  const files = join(options.directory, "files");
  const incoming = join(options.directory, "incoming");
  const target = new LocalTarget(options, files, incoming);
  await target.removeUnfinished(options.clock.now() - ABANDONED);
  return target;
}

/** Milliseconds after which what is half written is what a server that was killed has left behind. */
const ABANDONED = 86_400_000;

class LocalTarget implements StorageTarget {
  readonly name: string;
  readonly #random: Random;
  /** The folder that holds all others. */
  readonly #root: string;
  readonly #files: string;
  readonly #incoming: string;

  constructor({ name, random, directory }: LocalTargetOptions, files: string, incoming: string) {
    this.name = name;
    this.#random = random;
    this.#root = directory;
    this.#files = files;
    this.#incoming = incoming;
  }

  async put(key: string, file: NewFile): Promise<void> {
    const place = this.#placeOf(key);
    await mkdir(this.#incoming, { recursive: true, mode: 0o700 });
    const part = join(this.#incoming, Buffer.from(this.#random.bytes(NAME_BYTES)).toString("hex"));
    try {
      await writeWhole(part, file);
      await this.#moveIn(part, place);
    } finally {
      await rm(part, { force: true });
    }
  }

  async get(
    key: string,
    range?: ByteRange,
  ): Promise<(StoredFile & { readonly body: ReadableStream<Uint8Array> }) | undefined> {
    const handle = await open(this.#placeOf(key)).catch(absent);
    if (handle === undefined) return undefined;
    try {
      const { size } = await handle.stat();
      const start = Math.min(range?.start ?? 0, size);
      const end = Math.max(start, Math.min(range?.end ?? size, size));
      return { bytes: size, sha256: undefined, body: await bodyOf(handle, { start, end }) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async head(key: string): Promise<StoredFile | undefined> {
    const found = await stat(this.#placeOf(key)).catch(absent);
    return found === undefined ? undefined : { bytes: found.size, sha256: undefined };
  }

  async delete(key: string): Promise<void> {
    const place = this.#placeOf(key);
    if ((await unlink(place).then(() => true, absent)) === undefined) return;
    await syncDirectory(dirname(place));
    for (let folder = dirname(place); folder !== this.#files; folder = dirname(folder)) {
      // A folder that is not empty stays.
      if (
        !(await rmdir(folder).then(
          () => true,
          () => false,
        ))
      )
        break;
    }
  }

  async list(prefix: string, after = ""): Promise<readonly string[]> {
    const found: string[] = [];
    await this.#collect("", { prefix, after, found });
    return found;
  }

  async capacity(): Promise<StorageCapacity | undefined> {
    const found = await statfs(this.#root).catch(absent);
    if (found === undefined) return undefined;
    const { bsize, blocks, bavail } = found;
    return { total: bsize * blocks, free: bsize * bavail };
  }

  async removeUnfinished(before: number): Promise<number> {
    let removed = 0;
    for (const name of (await readdir(this.#incoming).catch(absent)) ?? []) {
      const part = join(this.#incoming, name);
      const found = await stat(part).catch(absent);
      if (found === undefined || found.mtimeMs >= before) continue;
      await rm(part, { force: true });
      removed += 1;
    }
    return removed;
  }

  #placeOf(key: string): string {
    assertStorageKey(key);
    return join(this.#files, key);
  }

  /** A folder that somebody removes as empty between its making and the move is made again. */
  async #moveIn(part: string, place: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const made = await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      const error = await rename(part, place).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) return this.#syncUpwards(dirname(place), made === undefined);
      if (attempt >= RENAME_ATTEMPTS || !isMissing(error)) throw error;
    }
  }

  async #syncUpwards(folder: string, only: boolean): Promise<void> {
    await syncDirectory(folder);
    if (only || folder === dirname(this.#root)) return;
    await this.#syncUpwards(dirname(folder), false);
  }

  /** Folders are compared with their slash, so that keys come in the order of their characters. */
  async #collect(
    folder: string,
    search: { readonly prefix: string; readonly after: string; readonly found: string[] },
  ): Promise<void> {
    const { prefix, after, found } = search;
    const entries = (await readdir(join(this.#files, folder), { withFileTypes: true }).catch(absent)) ?? [];
    const keys = entries.map((entry) => folder + entry.name + (entry.isDirectory() ? "/" : ""));
    for (const key of keys.toSorted((left, right) => (left < right ? -1 : 1))) {
      if (found.length >= MOST_LISTED) return;
      if (key.endsWith("/")) {
        const leads = key.startsWith(prefix) || prefix.startsWith(key);
        if (leads && (key > after || after.startsWith(key))) await this.#collect(key, search);
      } else if (key.startsWith(prefix) && key > after) {
        found.push(key);
      }
    }
  }
}

async function writeWhole(path: string, { bytes, sha256, body, signal }: NewFile): Promise<void> {
  await using handle = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let written = 0;
  for await (const chunk of body) {
    signal?.throwIfAborted();
    written += chunk.length;
    if (written > bytes) throw new DamagedFileError(`More than the ${bytes} announced bytes came.`);
    hash.update(chunk);
    for (let at = 0; at < chunk.length;) at += (await handle.write(chunk, at)).bytesWritten;
  }
  if (written !== bytes) throw new DamagedFileError(`${written} bytes came instead of ${bytes}.`);
  const digest = hash.digest("hex");
  if (digest !== sha256) throw new DamagedFileError(`What came has the SHA-256 ${digest} instead of ${sha256}.`);
  await handle.sync();
}

async function bodyOf(handle: FileHandle, { start, end }: ByteRange): Promise<ReadableStream<Uint8Array>> {
  if (start === end) {
    await handle.close();
    return new Blob([]).stream();
  }
  const stream = createReadStream("", { fd: handle, start, end: end - 1, autoClose: true });
  // The types of Node's web streams and those of the platform differ in name alone.
  return Readable.toWeb(stream) as ReadableStream<Uint8Array>;
}

async function syncDirectory(path: string): Promise<void> {
  await using handle = await open(path).catch(absent);
  await handle?.sync();
}

function absent(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
