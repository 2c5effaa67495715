import { createHash } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { UploadSink, UploadWriter, WrittenUpload } from "../../kernel/ports/uploads.ts";
import { DirectorySync } from "./directory-sync.ts";
import { contentOf } from "./file-content.ts";
import { checkUploadId, isUploadId } from "./upload-id.ts";

/** What a file is called until all of it is there. */
const UNFINISHED = ".part";

/**
 * Files in a directory, readable by this user alone; it is made for the first of them. A file is written under a
 * temporary name, and renamed once it is on the disk: what has its own name is whole.
 */
export function openUploadFiles(directory: string): UploadSink {
  const pathOf = (id: string): string => {
    checkUploadId(id);
    return join(directory, id);
  };
  return {
    async begin(id) {
      const path = pathOf(id);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return new FileWriter(await open(path + UNFINISHED, "wx", 0o600), { path, directory });
    },
    async open(id) {
      // Routes pass on what somebody asks for: there is no such file.
      if (!isUploadId(id)) return undefined;
      const path = pathOf(id);
      const found = await stat(path).catch(absent);
      return found === undefined ? undefined : { bytes: found.size, body: contentOf(path) };
    },
    async delete(id) {
      const path = pathOf(id);
      for (const each of [path, path + UNFINISHED]) await rm(each, { force: true });
    },
    async list() {
      const names = (await readdir(directory).catch(absent)) ?? [];
      return [...new Set(names.map((name) => name.replace(UNFINISHED, "")).filter(isUploadId))];
    },
  };
}

class FileWriter implements UploadWriter {
  readonly #handle: FileHandle;
  readonly #place: { readonly path: string; readonly directory: string };
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #ended = false;

  constructor(handle: FileHandle, place: { readonly path: string; readonly directory: string }) {
    this.#handle = handle;
    this.#place = place;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    for (let at = 0; at < chunk.byteLength;) {
      const { bytesWritten } = await this.#handle.write(chunk, at);
      at += bytesWritten;
    }
    this.#bytes += chunk.byteLength;
  }

  async finish(): Promise<WrittenUpload> {
    const { path, directory } = this.#place;
    await this.#handle.sync();
    await this.#handle.close();
    await rename(path + UNFINISHED, path);
    await new DirectorySync(directory).sync();
    this.#ended = true;
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#handle.close();
    await rm(this.#place.path + UNFINISHED, { force: true });
  }
}

function absent(error: unknown): undefined {
  // Errors of the file system carry their code.
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}
