import type { MediaRoom } from "./media-grants.ts";
import type { ReadTransaction, WriteTransaction } from "./store.ts";

/**
 * A file that becomes an asset by itself (`whole`), a part of one that is put together later (`part`), or what is put
 * together of parts (`joined`).
 */
export type ResumableKind = "whole" | "part" | "joined";

/** What is said of an upload when it begins. */
export interface NewResumableUpload {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly tenant: string;
  readonly collection: string;
  readonly grant: { readonly id: string; readonly generation: number };
  readonly owner: { readonly type: string; readonly id: string };
  /** The network it comes from: an IPv4 address, an IPv6 /64; `undefined` where that is not known. */
  readonly source: string | undefined;
  readonly kind: ResumableKind;
  /** The uploads it is put together of, in order. */
  readonly parts: readonly string[];
  /** Bytes it will have; `undefined` as long as its sender does not know. */
  readonly length: number | undefined;
  readonly name: string;
  readonly declaredType: string | undefined;
  /** In hexadecimal digits. */
  readonly announcedSha256: string | undefined;
  /** What its sender has said of it, in the sender's own form, to be told again. */
  readonly metadata: string;
}

/** An upload as the store knows it. */
export interface ResumableUpload extends NewResumableUpload {
  /** `ended`: given up, expired or no longer valid. */
  readonly state: "receiving" | "received" | "ended";
  /** Bytes that are durable, which is what a sender is told. */
  readonly offset: number;
  /** Bytes that are held for it of its grant's quota. */
  readonly reserved: number;
  /** Grows with every writer, so that a late one changes nothing. */
  readonly epoch: number;
  /** The process that may have it open for writing. */
  readonly writer: string | undefined;
  /** The upload that this part has become a part of. */
  readonly joined: string | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** The most that may be open at once, and for how long. */
export interface ResumableBounds {
  readonly room: MediaRoom;
  /** Uploads of one owner that have not arrived. */
  readonly openPerOwner: number;
  /** Of one grant. */
  readonly openPerGrant: number;
  /** From one network. */
  readonly openPerSource: number;
  /** Bytes of the quota to be held for it. What is longer must fit, too, but is held only as it comes. */
  readonly reserve: number;
  /** Milliseconds. */
  readonly lifetime: number;
}

/** What an upload finds no room in: the quota of its grant, its owner's share of that, or what may be open at once. */
export type ResumableShortage = "files" | "bytes" | "share" | "owner" | "grant" | "source";

/** Where an upload stands, by the word of its present writer. */
export interface ResumableProgress {
  readonly id: string;
  readonly epoch: number;
  readonly offset: number;
  /** Whether the writer has closed the file. */
  readonly closed: boolean;
}

/**
 * Which files are arriving in pieces, in the store. The row comes before the file and goes after it. What arrives under
 * a grant counts for its quota for good; what ends before that gives its part back.
 */
export interface ResumableUploads {
  /** Notes an upload that begins, or says what there is no room in. */
  begin(
    transaction: WriteTransaction,
    upload: NewResumableUpload,
    bounds: ResumableBounds,
  ): Promise<ResumableShortage | undefined>;
  find(transaction: ReadTransaction, id: string): Promise<ResumableUpload | undefined>;
  /**
   * Makes somebody its writer: whoever was it before changes nothing any more. The upload as it was before, with the
   * new epoch; `undefined` where it does not receive, or its time has run out.
   */
  claim(
    transaction: WriteTransaction,
    upload: { readonly id: string; readonly writer: string },
  ): Promise<ResumableUpload | undefined>;
  /** Ends the rights of its writer without another one, so that its offset stays as it is. */
  fence(transaction: WriteTransaction, id: string): Promise<void>;
  /** Notes what is durable now; `false` where somebody else is its writer. */
  advance(transaction: WriteTransaction, progress: ResumableProgress): Promise<boolean>;
  /** Holds so much of the room for an upload, or says what there is too little of; `writer`: somebody else is that. */
  reserve(
    transaction: WriteTransaction,
    upload: { readonly id: string; readonly epoch: number; readonly bytes: number },
    room: MediaRoom,
  ): Promise<ResumableShortage | "writer" | undefined>;
  /** Notes how long it will be, once; `false` where somebody else is its writer. */
  setLength(
    transaction: WriteTransaction,
    upload: { readonly id: string; readonly epoch: number; readonly length: number },
  ): Promise<boolean>;
  /** What too much has been brought of under a grant by now, all that is held included; `undefined` where all fits. */
  shortage(
    transaction: ReadTransaction,
    upload: Pick<NewResumableUpload, "tenant" | "grant" | "owner">,
    room: MediaRoom,
  ): Promise<ResumableShortage | undefined>;
  /** Notes that all of it has arrived; `false` where somebody else is its writer. `kept`: milliseconds. */
  finish(
    transaction: WriteTransaction,
    upload: { readonly id: string; readonly epoch: number; readonly bytes: number; readonly kept: number },
  ): Promise<boolean>;
  /** Notes what parts have become; `false` where one of them is not there, not whole, or part of something else. */
  join(transaction: WriteTransaction, parts: readonly string[], whole: string): Promise<boolean>;
  /** Ends an upload that has not arrived and gives back what it held; `false` where there was none. `kept`: milliseconds. */
  end(transaction: WriteTransaction, upload: { readonly id: string; readonly kept: number }): Promise<boolean>;
  /** Uploads whose time has run out, at most `limit`. */
  expired(transaction: ReadTransaction, limit: number): Promise<readonly ResumableUpload[]>;
  /** Keeps the row of an upload for so many milliseconds more. */
  keep(transaction: WriteTransaction, id: string, milliseconds: number): Promise<void>;
  /** Deletes rows of which nothing is stored any more. */
  remove(transaction: WriteTransaction, ids: readonly string[]): Promise<void>;
  /** Which of these identifiers have a row. */
  known(transaction: ReadTransaction, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** The epochs of uploads that are receiving, by identifier. */
  epochs(transaction: ReadTransaction, ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
