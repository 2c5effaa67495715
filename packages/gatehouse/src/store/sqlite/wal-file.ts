import { closeSync, fdatasync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import type { SqliteConnection } from "./sqlite-connection.ts";

/** How far the write-ahead log has been written: which log (it starts over after a checkpoint) and how many frames. */
export interface WalPosition {
  /** The random salts of the log's header; 0 while it has none. */
  readonly salt: bigint;
  readonly frames: number;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const CHUNK_BYTES = 1024 * 1024;
const SALT_OFFSET = 16;
const PAGE_SIZE_OFFSET = 8;

/**
 * The `-wal` file beside a database, held open to sync it (https://www.sqlite.org/fileformat2.html#walformat).
 * SQLite takes its locks on the database and `-shm` files alone, so another descriptor of this one is harmless.
 */
export class WalFile implements Disposable {
  readonly #descriptor: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);

  constructor(databasePath: string) {
    this.#descriptor = openSync(`${databasePath}-wal`, "r+");
  }

  /**
   * Fills an empty log up with zeros, which SQLite reads as an empty log too. Writing over existing bytes syncs
   * about twice as fast as growing a file, whose new size has to reach the disk as well.
   */
  extend(bytes: number): void {
    const size = fstatSync(this.#descriptor).size;
    if (size !== 0) return;
    const zeros = Buffer.alloc(Math.min(bytes, CHUNK_BYTES));
    for (let at = 0; at < bytes; at += zeros.length) writeSync(this.#descriptor, zeros, 0, zeros.length, at);
    fsyncSync(this.#descriptor);
  }

  /** Where the log ends as far as `connection` has committed. */
  position(connection: SqliteConnection): WalPosition {
    const [state] = connection.run("PRAGMA wal_checkpoint(NOOP)", []).rows;
    return { salt: this.#salt(), frames: Number(state?.["log"] ?? 0) };
  }

  /** Makes everything written to the log so far survive a loss of power. Runs in the thread pool. */
  sync(done: (error: Error | null) => void): void {
    fdatasync(this.#descriptor, done);
  }

  /**
   * Cuts off what was written after `position`. Only while no connection is open: what they know of the log
   * would be wrong. A log that has started over since holds nothing to keep, because it starts over only
   * when a checkpoint has synced everything before into the database file.
   */
  discardAfter(position: WalPosition): void {
    const keep = position.salt !== 0n && position.salt === this.#salt() ? this.#bytes(position.frames) : 0;
    ftruncateSync(this.#descriptor, keep);
    fsyncSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #salt(): bigint {
    const read = readSync(this.#descriptor, this.#header, 0, HEADER_BYTES, 0);
    return read < HEADER_BYTES ? 0n : this.#header.readBigUInt64BE(SALT_OFFSET);
  }

  #bytes(frames: number): number {
    return HEADER_BYTES + frames * (FRAME_HEADER_BYTES + this.#header.readUInt32BE(PAGE_SIZE_OFFSET));
  }
}

/** Whether two positions are the same place of the same log. */
export function samePosition(left: WalPosition, right: WalPosition): boolean {
  return left.salt === right.salt && left.frames === right.frames;
}
