import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** What is known of a file once all of it is stored. */
export interface WrittenUpload {
  readonly bytes: number;
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly sha256: string;
}

/** A file that is being stored. Nobody can open it before `finish` has resolved. */
export interface UploadWriter {
  /** Stores the next bytes; resolves when there is room for more, so that whoever waits keeps memory bounded. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes all of it durable and known under its identifier. */
  finish(): Promise<WrittenUpload>;
  /** Throws away what is there so far. Idempotent; does nothing after `finish`. */
  abort(): Promise<void>;
}

/** A stored file, to be read. */
export interface OpenUpload {
  readonly bytes: number;
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * Where the bytes of uploaded files go. Identifiers are of our own making: 32 hexadecimal digits, never a name that
 * somebody has sent. Which files count is for `UploadRecords` to say.
 */
export interface UploadSink {
  /** @throws {TypeError} for an identifier of another form */
  begin(id: string): Promise<UploadWriter>;
  /** `undefined` where there is no such file, or not all of it. */
  open(id: string): Promise<OpenUpload | undefined>;
  /** Deletes a file, or what there is of it. Does nothing where there is none. */
  delete(id: string): Promise<void>;
  /** Identifiers of everything there is, of unfinished files too. */
  list(): Promise<readonly string[]>;
}

/** Room for a file that is arriving. */
export interface UploadRoom {
  readonly id: string;
  readonly tenant: string;
  /** The session whose file it is. */
  readonly owner: string;
  /** The network it comes from: an IPv4 address, an IPv6 /64; `undefined` where that is not known. */
  readonly source: string | undefined;
  /** Bytes that are held for it, in all. */
  readonly bytes: number;
}

/** A file that has begun to arrive. */
export interface UploadReservation extends UploadRoom {
  /** How large it will be by its sender's word: refused at once where there is no room for that, which nothing holds. */
  readonly announced: number | undefined;
  /** Milliseconds until it has to have arrived. */
  readonly lifetime: number;
}

/**
 * The most that may arrive, and wait to be taken by an action. Of the total one source may have an eighth arriving at
 * once, one tenant half, and each as much as one session.
 */
export interface UploadQuota {
  /** Files of one session. Default 20. */
  readonly files: number;
  /** Bytes of one session. Default 256 MiB. */
  readonly bytes: number;
  /** Bytes of all sessions together. Default 4 GiB. */
  readonly total: number;
}

/**
 * Which files there are, in the store: the row comes before the file and goes after it, so that a file without a row
 * is no file of this store. A file arrives, waits (`pending`) until an action takes it in its own transaction, and belongs to the
 * application from then on.
 */
export interface UploadRecords {
  /** Notes a file that has begun to arrive; `false` where the quota has no room for it. */
  reserve(transaction: WriteTransaction, file: UploadReservation, quota: UploadQuota): Promise<boolean>;
  /** Holds more room for a file that is arriving; `false` where the quota has none, or its time has run out. */
  extend(transaction: WriteTransaction, file: UploadRoom, quota: UploadQuota): Promise<boolean>;
  /** Notes that a file has arrived, and how long it waits at most; `false` where its time had run out. */
  arrive(
    transaction: WriteTransaction,
    file: { readonly id: string; readonly bytes: number; readonly lifetime: number },
  ): Promise<boolean>;
  /** Takes a waiting file for good; `false` where it is not waiting, or is somebody else's. */
  take(
    transaction: WriteTransaction,
    file: { readonly id: string; readonly tenant: string; readonly owner: string },
  ): Promise<boolean>;
  /** Ends the time of a file, in whatever state: the next housekeeping deletes what is stored of it, and its row. */
  forget(transaction: WriteTransaction, id: string): Promise<void>;
  /** Ends the time of files that were arriving when their server ended. For stores that one process alone uses. */
  forgetArriving(transaction: WriteTransaction): Promise<void>;
  /** Files whose time has run out, at most `limit`. It does not begin again: what is stored of them can be deleted. */
  expired(transaction: WriteTransaction, limit: number): Promise<readonly string[]>;
  /** Deletes the rows of files of which nothing is stored any more. */
  remove(transaction: WriteTransaction, ids: readonly string[]): Promise<void>;
  /** Which of these identifiers have a row. */
  known(transaction: ReadTransaction, ids: readonly string[]): Promise<ReadonlySet<string>>;
}

/** What uploads need of a server's ports. */
export interface UploadPorts {
  readonly sink: UploadSink;
  readonly records: UploadRecords;
}
