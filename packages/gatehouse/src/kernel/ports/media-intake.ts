import type { WriteTransaction } from "./store.ts";

/** A file that has arrived whole and durable in quarantine, under a grant that still holds. */
export interface ReceivedFile {
  /** Its name in quarantine and from now on: 32 hexadecimal digits. */
  readonly id: string;
  readonly tenant: string;
  readonly collection: string;
  readonly grant: { readonly id: string; readonly generation: number };
  /** Who brought it: type and identifier of the principal. */
  readonly owner: { readonly type: string; readonly id: string };
  readonly bytes: number;
  /** Name by its sender's word, cleaned for showing; never part of a path. */
  readonly name: string;
  /** Media type by its sender's word: a hint, no more. */
  readonly declaredType: string | undefined;
  /** SHA-256 its sender announced, in hexadecimal digits, to be compared with what was read. */
  readonly announcedSha256: string | undefined;
}

/** What takes over files that have arrived. */
export interface MediaIntake {
  /** Takes it over in the transaction in which its upload ends. */
  received(transaction: WriteTransaction, file: ReceivedFile): Promise<void>;
}

/** Files that arrive in pieces and stay out of reach until they have been looked at. Identifiers: 32 hexadecimal digits. */
export interface ResumableFiles {
  /**
   * Writes on from an offset, after cutting off what lies behind it; from 0 the file need not be there yet. With `fenced`
   * it goes on in a file of its own, so that a writer that may still have the former one open changes nothing in it.
   * `undefined` where the file is shorter than that: something of it was lost.
   */
  append(id: string, offset: number, options?: { readonly fenced?: boolean }): Promise<ResumableWriter | undefined>;
  /** Where it is on this machine, for programs that read files themselves. */
  path(id: string): string;
  /** A part of it, or all; `undefined` where there is no such file. */
  open(
    id: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<ReadableStream<Uint8Array> | undefined>;
  delete(id: string): Promise<void>;
  list(): Promise<readonly string[]>;
}

/** A file that is being written on. */
export interface ResumableWriter extends AsyncDisposable {
  /** Takes the next bytes, which must not change any more; resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes what was taken so far durable; resolves to the offset behind it. More may be written meanwhile. */
  flush(): Promise<number>;
}
