import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Where a stream is: publications up to `offset` have been seen. */
export interface StreamPosition {
  readonly offset: number;
  readonly epoch: string;
}

/** A channel of a tenant. */
export interface ChannelKey {
  readonly tenant: string;
  readonly channel: string;
}

/** Something that was published on a channel, for good. */
export interface StoredPublication {
  /** From 1, without gaps. */
  readonly offset: number;
  readonly epoch: string;
  /** JSON: what subscribers get as `data`. */
  readonly data: string;
  /** JSON: who published it, as `ClientInfo` of the protocol; absent where the server did. */
  readonly info?: string;
  /** Identifiers of the principals it is for; absent: everybody on the channel. */
  readonly audience?: readonly string[];
  /** Connections that are not told while they last: they have said it themselves. */
  readonly except?: readonly string[];
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What a channel has published lately. */
export interface Publications {
  append(transaction: WriteTransaction, key: ChannelKey, publications: readonly StoredPublication[]): Promise<void>;
  /** Those after an offset of the same epoch, oldest first. */
  after(
    transaction: ReadTransaction,
    key: ChannelKey,
    position: StreamPosition,
    limit: number,
  ): Promise<readonly StoredPublication[]>;
  /** The newest ones, newest first, before an offset where one is given. */
  newest(
    transaction: ReadTransaction,
    key: ChannelKey,
    options: { readonly epoch: string; readonly before?: number; readonly limit: number },
  ): Promise<readonly StoredPublication[]>;
  /** Deletes what is older than `at` or, of a channel, beyond its newest `keep`; at most `limit` rows; how many. */
  prune(transaction: WriteTransaction, options: { readonly at: number; readonly limit: number }): Promise<number>;
  trim(transaction: WriteTransaction, key: ChannelKey, keep: number): Promise<void>;
}

/** Where streams are, for many channels at once. */
export interface StreamPositions {
  /** The position of the newest publication that is kept of each channel, in the order asked; `undefined` where there is none. */
  newest(transaction: ReadTransaction, keys: readonly ChannelKey[]): Promise<readonly (StreamPosition | undefined)[]>;
}
