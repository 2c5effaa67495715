import { z } from "zod";

/** Reads what was kept of a place. */
export const Place = z.object({
  /** A browser known by its mark, a key that proves possession, or else the kind of program: a keyed hash. */
  device: z.string(),
  /** Canonical address. */
  ip: z.string(),
  /** Kind of program: `Firefox on Linux`. */
  agent: z.string(),
  mobile: z.boolean(),
  /** Thumbprint of the key that proves possession (RFC 9449). */
  key: z.string().optional(),
});
/** Where tokens are asked for from. */
export type Place = z.infer<typeof Place>;

/** Reads where a grant was used from last. */
export const KnownPlace = z.object({
  ...Place.shape,
  /** The last address of the other version of the internet protocol, where one was used: many machines have both. */
  otherIp: z.string().optional(),
});
/** Where a grant was used from last. */
export type KnownPlace = z.infer<typeof KnownPlace>;

/** What is known once somebody has been somewhere. */
export function arriveAt(place: Place, previous?: KnownPlace): KnownPlace {
  if (previous === undefined) return place;
  const otherIp = isIpv6(previous.ip) === isIpv6(place.ip) ? previous.otherIp : previous.ip;
  return otherIp === undefined ? place : { ...place, otherIp };
}

/** Whether an address is one of version 6. */
export function isIpv6(ip: string): boolean {
  return ip.includes(":");
}
