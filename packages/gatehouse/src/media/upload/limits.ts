import type { AddressBounds, LimitPolicy } from "../../kernel/action.ts";
import type { BodyPace } from "../../http/body-stream.ts";

/** What uploads are held to: the section `media.uploads` of the configuration. Times are milliseconds. */
export interface UploadLimits {
  /** Bytes of one file. */
  readonly largestFile: number;
  /** Bytes of one request, for proxies that accept no larger ones; 0: no bound. */
  readonly largestRequest: number;
  /** From its beginning until all of it has to be there. */
  readonly lifetime: number;
  /** Bytes that have to come in each second that is waited for them, by the mean of twenty. */
  readonly minimumRate: number;
  /** Uploads of one owner that are begun and not finished. */
  readonly openPerOwner: number;
  readonly openPerGrant: number;
  /** From one network, which many people may share. */
  readonly openPerAddress: number;
  /** Requests whose content is received at once, by this process. */
  readonly atOnce: number;
}

/**
 * Bytes of a quota that are held at most for what has not come yet. Held ahead whole, the lengths that one guest
 * announces and never sends would take it from everybody else.
 */
export const HELD_AHEAD = 8 * 1_048_576;
/** Milliseconds over which the rate of a sender is taken: phones fall silent for a while. */
const RATE_SPAN = 20_000;
/** The longest a single request may take. Whoever is cut off goes on with the next one. */
const LONGEST_REQUEST = 4 * 3_600_000;

/** How fast content has to come. */
export function paceOf({ minimumRate, lifetime }: UploadLimits): BodyPace {
  const least = Math.ceil((minimumRate * RATE_SPAN) / 1000);
  return { least, interval: RATE_SPAN, longest: Math.min(lifetime, LONGEST_REQUEST) };
}

/** Hundreds of guests share the address of a venue, and each sends many files. */
export const VENUE: AddressBounds = { limit: 12_000, window: 60_000, atOnce: 2_048 };

/** How often one principal may do something with uploads in a minute. */
export function perMinute(name: string, limit: number): LimitPolicy {
  return { name, by: ["principal"], rule: { kind: "window", limit, window: 60_000 } };
}

/** Requests whose content one principal sends at once. */
export const PARALLEL: LimitPolicy = {
  name: "media.uploads.parallel",
  by: ["principal"],
  rule: { kind: "concurrency", limit: 12, window: 4 * 3_600_000 },
};
