import type { StoredPublication, StreamPosition } from "../kernel/ports/publications.ts";

/** What an attempt at `<type>.<command>` has as its input, whether by rpc or, as the command `publish`, on a channel. */
export interface CommandInput {
  readonly key: readonly string[];
  /** Unvalidated: the action's schema validates it. Of `publish`: `PublishInput`. */
  readonly input: unknown;
}

/** The input of the command `publish`. */
export interface PublishInput {
  /** The last part of the channel's name: `ChannelParts.channel`. */
  readonly channel: string;
  readonly data: unknown;
}

/** A channel of an actor: the input of `<type>.presence` and `<type>.state`. */
export interface ChannelInput {
  readonly key: readonly string[];
  /** The last part of the channel's name: `ChannelParts.channel`. */
  readonly channel: string;
}

/** The input of `<type>.subscribe`. */
export interface SubscribeInput extends ChannelInput {
  /** What the subscriber has seen; absent: it does not ask for what it missed. An empty epoch with offset 0: from the start. */
  readonly since?: StreamPosition;
  /** What the client said with its command. */
  readonly data?: unknown;
  /** A token for this channel, of which the action knows what it is worth. */
  readonly token?: string;
}

/** The input of `<type>.history`. */
export interface HistoryInput extends ChannelInput {
  readonly since?: StreamPosition;
  /** From 0, which asks for the position alone; at most what the actor type allows is answered. */
  readonly limit: number;
  /** Newest first. */
  readonly reverse: boolean;
}

/** A publication as subscribers get it. `data` and `info` are JSON, and go out as they are. */
export type StreamPublication = Pick<StoredPublication, "offset" | "data" | "info">;

/** What an attempt at `<type>.subscribe` results in. */
export interface SubscribeResult extends StreamPosition {
  /** Whether the channel has a stream; `false`: `offset` is 0 and `epoch` empty. */
  readonly recoverable: boolean;
  /** Whether `publications` are all that was published for this principal after `since` up to `offset`; never a part. */
  readonly recovered: boolean;
  /** Oldest first; empty where nothing was recovered. */
  readonly publications: readonly StreamPublication[];
  /** Whether the subscriber hears who joins and leaves. */
  readonly joinLeave: boolean;
  /** Whether the subscriber is among the members of the channel. */
  readonly presence: boolean;
  /** What everybody on the channel may know about the principal, and about its place there: `conn_info`, `chan_info`. */
  readonly info?: unknown;
  readonly channelInfo?: unknown;
  /** JSON that the subscriber gets with the reply. */
  readonly data?: string;
  /** Epoch milliseconds until which the subscription may go on without being asked for again. */
  readonly expiresAt?: number;
}

/** What an attempt at `<type>.history` results in. */
export interface HistoryResult extends StreamPosition {
  readonly publications: readonly StreamPublication[];
}
