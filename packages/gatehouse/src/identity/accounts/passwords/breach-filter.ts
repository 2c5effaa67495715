import { hash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { BLOCK_BYTES, blockOf, HEADER_BYTES, isMarked, readHeader } from "./breach-block.ts";
import type { PasswordBlocklist } from "./policy.ts";

/**
 * Passwords known from breaches, as a file of Bloom filters the size of a cache line: two bytes a password, one read of
 * 64 bytes a question, nothing in memory and nobody asked over the network. It knows every password it was built from,
 * and takes about one in a thousand others for known.
 */
export class BreachFilter implements PasswordBlocklist, AsyncDisposable {
  readonly #file: FileHandle;
  readonly #blocks: number;

  private constructor(file: FileHandle, blocks: number) {
    this.#file = file;
    this.#blocks = blocks;
  }

  /**
   * Opens a file that `buildBreachFilter` has written.
   * @throws {TypeError} when it is not one, or was cut off.
   */
  static async open(path: string): Promise<BreachFilter> {
    const file = await open(path, "r");
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      await file.read(header, 0, HEADER_BYTES, 0);
      const blocks = readHeader(header);
      const { size } = await file.stat();
      if (blocks === undefined || size !== HEADER_BYTES + blocks * BLOCK_BYTES) {
        throw new TypeError(`${path} is not a whole filter of breached passwords.`);
      }
      return new BreachFilter(file, blocks);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  has(password: string): Promise<boolean> {
    return this.hasHash(hash("sha1", password, "buffer"));
  }

  /** The same by the SHA-1 of a password, as breaches are published. */
  async hasHash(sha1: Uint8Array): Promise<boolean> {
    const block = new Uint8Array(BLOCK_BYTES);
    const position = HEADER_BYTES + blockOf(sha1, this.#blocks) * BLOCK_BYTES;
    const { bytesRead } = await this.#file.read(block, 0, BLOCK_BYTES, position);
    if (bytesRead !== BLOCK_BYTES) throw new Error("The filter of breached passwords was cut off while it was open.");
    return isMarked(block, sha1);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.close();
  }
}
