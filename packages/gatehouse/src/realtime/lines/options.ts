import type { WindowSetting } from "../../guards/limit-policies.ts";
import type { AddressBounds } from "../../kernel/action.ts";

/** Bounds on connections and on what is opened. Times are milliseconds. */
export interface LineOptions {
  /** Connections of one principal, on all servers together. Default 20. */
  readonly perUser?: number;
  /** Connections of one address (IPv6: one /64), on all servers together. Default 100. */
  readonly perAddress?: number;
  /** Connections of this server. Default 10,000. */
  readonly perNode?: number;
  /** What is opened, or asked for, from one address. Default 30 in a minute, 20 at once. */
  readonly opening?: AddressBounds;
  /** The same of one principal, from anywhere. Default 120 in a minute. */
  readonly openingPerUser?: WindowSetting;
  /** Requests that bring commands of connections over HTTP, from one address. Default 6000 in a minute, 100 at once. */
  readonly emulation?: AddressBounds;
  /** Bytes of one message. Default 64 KiB. */
  readonly frameBytes?: number;
  /** Bytes of the first message, which comes before anybody has proved anything, where it is part of the request. Default 16 KiB. */
  readonly connectBytes?: number;
  /** For which a ticket is good. Default 30 s. */
  readonly ticketLifetime?: number;
  /** Whether a line may be opened without any credential, since the connect frame can bring a token. Default true. */
  readonly connectTokens?: boolean;
  /** In which an upgrade has to be decided. Default 10 s. */
  readonly openTimeout?: number;
  /** For which lines stay open while the server stops, before they are cut. Default 10 s. */
  readonly stopGrace?: number;
}

/** Every option, with its default where none is given. */
export type LineSettings = Required<LineOptions>;

const DEFAULTS: LineSettings = {
  perUser: 20,
  perAddress: 100,
  perNode: 10_000,
  opening: { limit: 30, window: 60_000, atOnce: 20 },
  openingPerUser: { limit: 120, window: 60_000 },
  emulation: { limit: 6_000, window: 60_000, atOnce: 100 },
  frameBytes: 64 * 1024,
  connectBytes: 16 * 1024,
  ticketLifetime: 30_000,
  connectTokens: true,
  openTimeout: 10_000,
  stopGrace: 10_000,
};

/** The settings that options stand for. */
export function lineSettings(options: LineOptions = {}): LineSettings {
  return { ...DEFAULTS, ...options };
}
