import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** A stored value with a version that grows by one with each change. */
export interface Document {
  readonly kind: string;
  readonly tenant: string;
  readonly id: string;
  readonly version: number;
  readonly body: string;
  /** Epoch milliseconds; an expired document reads as absent. */
  readonly expiresAt?: number;
}

/** Small values by key, changed by compare-and-set. */
export interface Documents {
  get(transaction: ReadTransaction, key: DocumentKey): Promise<Document | undefined>;
  /**
   * Writes the next version and returns it, or `undefined` when the current version is not `expected`
   * (0: the document must not exist, or must have expired).
   */
  put(transaction: WriteTransaction, key: DocumentKey, change: DocumentChange): Promise<Document | undefined>;
  /** What an owner's other documents of the same kind and tenant take up; expired ones count for nothing. */
  owned(transaction: ReadTransaction, others: OwnedDocuments): Promise<Occupancy>;
  delete(transaction: WriteTransaction, key: DocumentKey): Promise<void>;
  /** Deletes expired documents, at most `limit`; returns how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}

/** What identifies a document. */
export interface DocumentKey {
  readonly kind: string;
  readonly tenant: string;
  readonly id: string;
}

/** The next version of a document, and the one it must follow. */
export interface DocumentChange {
  readonly expected: number;
  readonly body: string;
  readonly expiresAt?: number;
  /** Whose it is, for `owned`. Default: nobody's in particular. */
  readonly owner?: string;
}

/** The documents of an owner but one. */
export interface OwnedDocuments {
  readonly owner: string;
  /** Which is not counted, and whose kind and tenant the others are of. */
  readonly except: DocumentKey;
  /** Bytes a document counts as at least. */
  readonly least: number;
}

/** How many documents there are, and their bytes in UTF-8. */
export interface Occupancy {
  readonly count: number;
  readonly bytes: number;
}
