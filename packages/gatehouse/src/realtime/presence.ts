import type { ChannelKey } from "../kernel/ports/publications.ts";

/** Who is on a channel, as `ClientInfo` of the protocol tells: one entry a connection. */
export interface Member {
  /** Identifier of the connection. */
  readonly client: string;
  /** Whom it belongs to: `recipientOf`. */
  readonly user: string;
  /** What everybody may know about the principal, at most 1 KiB of JSON. */
  readonly conn_info?: unknown;
  /** What the connection said about itself on this channel. */
  readonly chan_info?: unknown;
}

/** Who is on the channels of the installation. Never counted up and down: entries belong to connections of living nodes. */
export interface Presence {
  enter(key: ChannelKey, member: Member): void;
  /** The others hear of it after a few seconds, unless the principal comes back before. */
  leave(key: ChannelKey, client: string): void;
  /** At most the configured number of members. */
  members(key: ChannelKey): Promise<readonly Member[]>;
  stats(key: ChannelKey): Promise<{ readonly clients: number; readonly users: number }>;
}
