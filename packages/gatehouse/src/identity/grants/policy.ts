import { createAddressRanges, networkOf, type AddressRanges } from "../../guards/address.ts";
import { isIpv6, type KnownPlace, type Place } from "./place.ts";

/** All decisions, from the mildest to the strictest. */
export const MOVE_DECISIONS = ["ignore", "alert", "step_up", "deny"] as const;
/** What happens when a token is used from elsewhere. */
export type MoveDecision = (typeof MOVE_DECISIONS)[number];

/** What can be different. */
export type MoveChange = "device" | "subnet" | "agent" | "key";

/** How many bits of an address name its subnet. */
export interface SubnetPrefixes {
  readonly ipv4: number;
  readonly ipv6: number;
}

/** What a client's refresh tokens may do when they are used from elsewhere. */
export interface GrantPolicyOptions {
  /** Another browser or machine. */
  readonly device?: MoveDecision | undefined;
  /** Another network. */
  readonly subnet?: MoveDecision | undefined;
  /** Another kind of program. */
  readonly agent?: MoveDecision | undefined;
  /** Another key that proves possession, or none. */
  readonly key?: MoveDecision | undefined;
  /** Networks in which a move does not count, in CIDR notation: offices, the addresses of a client's own servers. */
  readonly allow?: readonly string[];
  /**
   * Whether a telephone may change its network: what would be `step_up` or `deny` is an `alert` then, as long as nothing
   * but the subnet changes. Default true.
   */
  readonly mobileNetworks?: boolean;
}

/** A policy, ready to judge by. */
export interface GrantPolicy {
  readonly decisions: Readonly<Record<MoveChange, MoveDecision>>;
  readonly allow: AddressRanges;
  readonly mobileNetworks: boolean;
  readonly prefixes: SubnetPrefixes;
}

/** What becomes of a use from elsewhere. */
export interface MoveVerdict {
  readonly decision: MoveDecision;
  /** What is different, in a fixed order. */
  readonly changes: readonly MoveChange[];
}

/** Subnets where nothing else is said: a /24 of IPv4, a /64 of IPv6. */
export const SUBNET_PREFIXES: SubnetPrefixes = { ipv4: 24, ipv6: 64 };

/** What happens where nothing else is said. A public client's key cannot change: the engine refuses that by itself. */
const DECISIONS: GrantPolicy["decisions"] = { device: "alert", subnet: "alert", agent: "alert", key: "alert" };

/**
 * Prepares a policy.
 * @throws {TypeError} when a network of `allow` cannot be read.
 */
export function createGrantPolicy(
  { device, subnet, agent, key, allow = [], mobileNetworks = true }: GrantPolicyOptions = {},
  prefixes: SubnetPrefixes = SUBNET_PREFIXES,
): GrantPolicy {
  return {
    decisions: {
      device: device ?? DECISIONS.device,
      subnet: subnet ?? DECISIONS.subnet,
      agent: agent ?? DECISIONS.agent,
      key: key ?? DECISIONS.key,
    },
    allow: createAddressRanges(allow),
    mobileNetworks,
    prefixes,
  };
}

/** The network an address belongs to: `192.0.2.0/24`. Text that is no address belongs to a network of its own. */
export function subnetOf(ip: string, { ipv4, ipv6 }: SubnetPrefixes): string {
  return networkOf(ip, isIpv6(ip) ? ipv6 : ipv4) ?? ip;
}

/** Judges a use of a grant by where it was used from before. Of several changes the strictest decision counts. */
export function judgeMove(previous: KnownPlace, current: Place, policy: GrantPolicy): MoveVerdict {
  const changes = changesBetween(previous, current, policy);
  const lenient = policy.mobileNetworks && current.mobile && changes.length === 1;
  let strictest = 0;
  for (const change of changes) {
    const strictness = MOVE_DECISIONS.indexOf(policy.decisions[change]);
    const admitted = lenient && change === "subnet" ? Math.min(strictness, ALERT) : strictness;
    strictest = Math.max(strictest, admitted);
  }
  return { decision: MOVE_DECISIONS[strictest] ?? "deny", changes };
}

const ALERT = MOVE_DECISIONS.indexOf("alert");

function changesBetween(previous: KnownPlace, current: Place, { prefixes, allow }: GrantPolicy): MoveChange[] {
  const changes: MoveChange[] = [];
  if (previous.device !== current.device) changes.push("device");
  if (!sameSubnet(previous, current, prefixes) && !allow.has(current.ip)) changes.push("subnet");
  if (previous.agent !== current.agent) changes.push("agent");
  if (previous.key !== current.key) changes.push("key");
  return changes;
}

/** Machines with both versions of the protocol change between them: each is compared with its own last address. */
function sameSubnet({ ip, otherIp }: KnownPlace, current: Place, prefixes: SubnetPrefixes): boolean {
  const comparable = isIpv6(ip) === isIpv6(current.ip) ? ip : otherIp;
  return comparable !== undefined && subnetOf(comparable, prefixes) === subnetOf(current.ip, prefixes);
}
