/** How browsers are told what became stale. Times are milliseconds. */
export interface PushOptions {
  /** Streams that one session may have open at once: one a browser, where browsers can share it. Default 8. */
  readonly perSession?: number;
  /** Streams that one address (IPv6: one /64) may have open at once. Default 200. */
  readonly perAddress?: number;
  /** Streams that this process has open at once. Default 2000: half of the connections of a server. */
  readonly streams?: number;
  /** Requests for a stream in a window of 60 seconds, by session where somebody is signed in, else by address. Default 120. */
  readonly limit?: number;
  /** After which a stream ends, so that everything is authorised again. Up to a tenth earlier. Default 5 minutes. */
  readonly maxAge?: number;
  /** Between signs of life, at each of which the session is looked at again. Default 15 seconds. */
  readonly heartbeat?: number;
  /** Bytes that may wait for a slow reader before its stream is cut. Default 64 KiB. */
  readonly buffer?: number;
  /** Topics whose last news are remembered, for browsers that come back. Default 1000. */
  readonly remembered?: number;
  /**
   * The largest request for news that connections of `realtime` take, in bytes. Default 0: news travel by streams alone.
   */
  readonly connectionBytes?: number;
}

/** Every option, with its default where none is given. */
export type PushSettings = Required<PushOptions>;

/** The defaults. */
const DEFAULTS: PushSettings = {
  perSession: 8,
  perAddress: 200,
  streams: 2_000,
  limit: 120,
  maxAge: 5 * 60_000,
  heartbeat: 15_000,
  buffer: 64 * 1024,
  remembered: 1_000,
  connectionBytes: 0,
};

/** The settings that options stand for. */
export function pushSettings(options: PushOptions = {}): PushSettings {
  return { ...DEFAULTS, ...options };
}
