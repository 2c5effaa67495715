/** A part of a stored file; `end` is the first byte that does not belong to it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What is known of a stored file. */
export interface StoredFile {
  readonly bytes: number;
  /** SHA-256 as noted when it was put, in hexadecimal digits; `undefined` where the target keeps none. */
  readonly sha256: string | undefined;
}

/** What is put at a target. */
export interface NewFile {
  readonly bytes: number;
  /** SHA-256 in hexadecimal digits: a target that received anything else throws and keeps nothing. */
  readonly sha256: string;
  /** Media type, for targets that keep one. */
  readonly type: string;
  readonly body: ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** How full a target is, where it can tell. */
export interface StorageCapacity {
  readonly total: number;
  readonly free: number;
}

/**
 * Where files are kept: a disk, a bucket. Keys are of our own making: segments of `a-z 0-9 - _ .` joined by `/`, none
 * of them `.` or `..`, at most 200 characters.
 */
export interface StorageTarget {
  readonly name: string;
  /** Stores a file durably, in place of one that was there; nobody ever reads a part of it. */
  put(key: string, file: NewFile): Promise<void>;
  /** The file, or a part of it; `undefined` where there is none. */
  get(
    key: string,
    range?: ByteRange,
  ): Promise<(StoredFile & { readonly body: ReadableStream<Uint8Array> }) | undefined>;
  head(key: string): Promise<StoredFile | undefined>;
  /** Does nothing where there is none. */
  delete(key: string): Promise<void>;
  /** Keys that begin so, in order, after a key: at most 1,000. */
  list(prefix: string, after?: string): Promise<readonly string[]>;
  /** Removes what puts that began before then and were cut off have left behind; how many. */
  removeUnfinished(before: number): Promise<number>;
  /** `undefined` where the target cannot tell. */
  capacity(): Promise<StorageCapacity | undefined>;
}
