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
  create(id: string): Promise<void>;
  /** Writes on from an offset, after cutting off what lies behind it. */
  append(id: string, offset: number): Promise<ResumableWriter>;
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
  /** Resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes what was written so far durable; resolves to the offset behind it. */
  flush(): Promise<number>;
}
