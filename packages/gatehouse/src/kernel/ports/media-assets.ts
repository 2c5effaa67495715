import type { ReceivedFile } from "./media-intake.ts";
import type { ReadTransaction, WriteTransaction } from "./store.ts";

/**
 * Where a file is on its way. Of all of them, `published` alone is visible to anybody. `suspicious`: not made as files
 * of its type are. `held`: waits for a scanner, a moderator or an operator; its reason says which.
 */
export const ASSET_STATES = [
  "received",
  "scanning",
  "clean",
  "infected",
  "unscannable",
  "suspicious",
  "published",
  "rejected",
  "held",
] as const;

/** One of the places on the way. */
export type AssetState = (typeof ASSET_STATES)[number];

/** What was found out about a file, as far as it has been looked at. */
export interface AssetFindings {
  /** Media type by its content. */
  readonly type?: string;
  /** SHA-256 of the file as it was received, in hexadecimal digits. */
  readonly sha256?: string;
  /** In pixels, the right way up. */
  readonly width?: number;
  readonly height?: number;
  readonly frames?: number;
  /** In milliseconds. */
  readonly duration?: number;
  /** What kinds of data about data were taken out. */
  readonly scrubbed?: readonly string[];
  /** The name of what a scanner found. */
  readonly signature?: string;
  /** When a scanner last looked, in epoch milliseconds; absent where none has. */
  readonly scannedAt?: number;
}

/** A file that somebody brought. */
export interface MediaAsset extends Omit<ReceivedFile, "bytes"> {
  /** As it was received. */
  readonly bytes: number;
  readonly state: AssetState;
  /** Why it is in this state, as a word or a few; empty where that says itself. */
  readonly reason: string;
  readonly findings: AssetFindings;
  /** The scanner that called it clean, with its signatures; `undefined` where none has. */
  readonly scannedBy: string | undefined;
  /** Whether the file that was received is still in quarantine. */
  readonly quarantined: boolean;
  readonly receivedAt: number;
  readonly changedAt: number;
  readonly publishedAt: number | undefined;
}

/** One form in which an asset can be fetched: `thumb`, `view`, `original`. */
export interface MediaVariant {
  readonly name: string;
  /** At the storage target. */
  readonly key: string;
  /** Media type. */
  readonly type: string;
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** In pixels; absent for videos. */
  readonly width?: number;
  readonly height?: number;
}

/** A step on the way of an asset. */
export interface AssetChange {
  /** It is made only from one of these. */
  readonly from: readonly AssetState[];
  readonly to: AssetState;
  readonly reason?: string;
  readonly findings?: AssetFindings;
  readonly scannedBy?: string;
  /** `false` once the received file is not needed any more. */
  readonly quarantined?: false;
}

/** Which assets are looked for, newest first. */
export interface AssetQuery {
  readonly tenant: string;
  readonly collection?: string;
  readonly states?: readonly AssetState[];
  readonly owner?: { readonly type: string; readonly id: string };
  /** The last one of the page before. */
  readonly after?: { readonly receivedAt: number; readonly id: string };
  readonly limit: number;
}

/** How many assets are in a state, and since when the one that was received first. */
export interface AssetCount {
  readonly state: AssetState;
  readonly reason: string;
  readonly count: number;
  readonly oldest: number;
}

/** What is known of the files that were brought. */
export interface MediaAssets {
  /** Adds one in the state `received`. @throws where there is one of this id. */
  add(transaction: WriteTransaction, file: ReceivedFile): Promise<void>;
  find(transaction: ReadTransaction, id: string): Promise<MediaAsset | undefined>;
  list(transaction: ReadTransaction, query: AssetQuery): Promise<readonly MediaAsset[]>;
  /** Makes a step; `false` where the asset is not where it starts. */
  change(transaction: WriteTransaction, id: string, change: AssetChange): Promise<boolean>;
  /** The forms of assets, by asset. */
  variants(transaction: ReadTransaction, ids: readonly string[]): Promise<ReadonlyMap<string, readonly MediaVariant[]>>;
  /** Puts these in the place of all it had. */
  setVariants(transaction: WriteTransaction, id: string, variants: readonly MediaVariant[]): Promise<void>;
  /** Forgets an asset and its variants. */
  remove(transaction: WriteTransaction, id: string): Promise<void>;
  /** Of one tenant, or of all. */
  counts(transaction: ReadTransaction, tenant?: string): Promise<readonly AssetCount[]>;
  /** Published assets that came after a time, and held ones, which were scanned by another scanner or none; oldest first. */
  scannedByOthers(
    transaction: ReadTransaction,
    scan: {
      readonly by: string;
      readonly since: number;
      readonly limit: number;
      /** The last one of the page before. */
      readonly after?: { readonly receivedAt: number; readonly id: string };
    },
  ): Promise<readonly MediaAsset[]>;
}
