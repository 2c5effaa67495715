/** Bytes of a block: of a Bloom filter of its own, in which a hash is looked for by one read. */
export const BLOCK_BYTES = 64;
/** Bytes before the first block. */
export const HEADER_BYTES = 64;
/** Hashes a block gets on average: sixteen bits each. */
export const HASHES_PER_BLOCK = 32;

const MAGIC = Buffer.from("gatehouse breach filter 1\n", "latin1");
const MOST_BLOCKS = 0xffff_ffff;
const BLOCK_BITS = BLOCK_BYTES * 8;
/** Bits a hash sets in its block. */
const MARKS = 8;
const MARK_AT = 6;
const PREFIX_BYTES = 6;
const PREFIXES = 2 ** (PREFIX_BYTES * 8);

/** The bytes before the first block. */
export function writeHeader(blocks: number): Uint8Array {
  if (blocks < 1 || blocks > MOST_BLOCKS) throw new RangeError("A filter has 1 to 2^32 - 1 blocks.");
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32BE(blocks, MAGIC.byteLength);
  return header;
}

/** The number of blocks; `undefined` where it is not the beginning of a filter. */
export function readHeader(header: Buffer): number | undefined {
  if (!header.subarray(0, MAGIC.byteLength).equals(MAGIC)) return undefined;
  return header.readUInt32BE(MAGIC.byteLength);
}

/** The block of a hash, by its first bytes: blocks follow each other as hashes do when they are sorted. */
export function blockOf(sha1: Uint8Array, blocks: number): number {
  const prefix = Buffer.from(sha1.buffer, sha1.byteOffset, sha1.byteLength).readUIntBE(0, PREFIX_BYTES);
  return Math.floor(prefix * (blocks / PREFIXES));
}

/** Marks a hash in its block. */
export function mark(block: Uint8Array, sha1: Uint8Array): void {
  for (let index = 0; index < MARKS; index += 1) {
    const bit = bitOf(sha1, index);
    block[bit >> 3] = (block[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
}

/** Whether a hash is marked in its block. */
export function isMarked(block: Uint8Array, sha1: Uint8Array): boolean {
  for (let index = 0; index < MARKS; index += 1) {
    const bit = bitOf(sha1, index);
    if (((block[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** Nine bits of the hash, of those that did not choose the block: no further hashing is needed. */
function bitOf(sha1: Uint8Array, index: number): number {
  const start = index * 9;
  const byte = MARK_AT + (start >> 3);
  const pair = ((sha1[byte] ?? 0) << 8) | (sha1[byte + 1] ?? 0);
  return (pair >> (7 - (start & 7))) & (BLOCK_BITS - 1);
}
