import { addressKey, createAddressRanges } from "../guards/address.ts";
import { bannedDenial } from "../guards/admit.ts";
import type { Inbound } from "../http/inbound.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { Bans } from "../kernel/ports/bans.ts";

/** What pages are kept from banned sources with. */
export interface PageAdmissionParts {
  readonly bans: Pick<Bans, "find">;
  readonly clock: Clock;
  /** Ranges that are never refused. */
  readonly trustedCidrs: readonly string[];
}

/** No entrance has this name, so that only bans of a source altogether are found. */
const EVERYWHERE = "";

/**
 * Refuses pages and files to addresses that are banned altogether; what changes something is an attempt, which the
 * admit guard refuses under its own name. Bans from
 * one entrance leave pages readable, since many people may share the address.
 */
export function createPageAdmission({
  bans,
  clock,
  trustedCidrs,
}: PageAdmissionParts): (inbound: Inbound) => Denial | undefined {
  const trusted = createAddressRanges(trustedCidrs);
  return ({ method, peer: { ip } }) => {
    if (method !== "GET" && method !== "HEAD") return undefined;
    const ban = bans.find([{ kind: "ip", value: addressKey(ip) }], EVERYWHERE);
    return ban === undefined || trusted.has(ip) ? undefined : bannedDenial(ban, clock.now());
  };
}
