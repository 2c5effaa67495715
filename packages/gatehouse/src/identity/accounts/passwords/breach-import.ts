import { open, rename, rm } from "node:fs/promises";
import { BLOCK_BYTES, blockOf, HASHES_PER_BLOCK, mark, writeHeader } from "./breach-block.ts";

/** What a filter is built from. */
export interface BreachSource {
  /** The lines of a corpus of breached passwords sorted by hash, `SHA-1 in hexadecimal:times seen`; read twice. */
  readonly lines: () => AsyncIterable<string> | Iterable<string>;
  /** Leaves out what was seen less often; makes the file smaller. Default 1. */
  readonly least?: number;
}

const LINE = /^([0-9A-Fa-f]{40})(?::(\d+))?\s*$/;
const WRITE_BYTES = 1 << 20;

/**
 * Writes a file for `BreachFilter`, in the order of the corpus and with a megabyte of memory; replaces the file that is
 * there once the new one is whole. Returns how many hashes are in it.
 * @throws {SyntaxError} when a line is none of the corpus, or the lines are not sorted.
 */
export async function buildBreachFilter(path: string, source: BreachSource): Promise<number> {
  let hashes = 0;
  for await (const _ of sortedHashes(source)) hashes += 1;
  const blocks = Math.max(1, Math.ceil(hashes / HASHES_PER_BLOCK));
  const partial = `${path}.partial`;
  try {
    await using file = await open(partial, "w");
    await file.writeFile(filterOf(source, blocks));
    await file.sync();
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await rename(partial, path);
  return hashes;
}

async function* filterOf(source: BreachSource, blocks: number): AsyncGenerator<Uint8Array> {
  yield writeHeader(blocks);
  const perChunk = WRITE_BYTES / BLOCK_BYTES;
  let chunk = new Uint8Array(WRITE_BYTES);
  let first = 0;
  for await (const sha1 of sortedHashes(source)) {
    const block = blockOf(sha1, blocks);
    while (block >= first + perChunk) {
      yield chunk;
      chunk = new Uint8Array(WRITE_BYTES);
      first += perChunk;
    }
    const start = (block - first) * BLOCK_BYTES;
    mark(chunk.subarray(start, start + BLOCK_BYTES), sha1);
  }
  for (; first < blocks; first += perChunk) {
    yield chunk.subarray(0, Math.min(perChunk, blocks - first) * BLOCK_BYTES);
    chunk = new Uint8Array(WRITE_BYTES);
  }
}

async function* sortedHashes({ lines, least = 1 }: BreachSource): AsyncGenerator<Uint8Array> {
  let before = "";
  let number = 0;
  for await (const line of lines()) {
    number += 1;
    if (line === "") continue;
    const [, text = "", times = "1"] = LINE.exec(line) ?? [];
    const hex = text.toUpperCase();
    if (hex === "") throw new SyntaxError(`Line ${number} is not a SHA-1 in hexadecimal.`);
    if (hex < before) throw new SyntaxError(`Line ${number} is not in order: sort the corpus by hash.`);
    before = hex;
    if (Number(times) >= least) yield Buffer.from(hex, "hex");
  }
}
