import ipaddr from "ipaddr.js";
import { Memo } from "../kernel/memo.ts";
import { forwardedHop, type ForwardedHeader } from "./address-forwarded.ts";

/** What stands for an address that is missing or cannot be read. All such callers share one bucket. */
export const UNKNOWN_ADDRESS = "unknown";

const LONGEST_ADDRESS = 64;
/** An IPv4 tail inside IPv6 text: four decimal parts, none with a leading zero. */
const EMBEDDED_IPV4 = /:(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;
/** The well-known prefix of IPv4/IPv6 translators (RFC 6052): the last 32 bits are the IPv4 address. */
const TRANSLATED = ipaddr.IPv6.parseCIDR("64:ff9b::/96");

/**
 * The one text of an address: IPv4 dotted, IPv6 compressed as in RFC 5952, IPv4 inside IPv6 (mapped, or from a
 * translator) unwrapped, zone identifiers dropped. `undefined` for everything else: octal, hexadecimal and short
 * IPv4 notations, ports, brackets, blanks.
 */
export function canonicalAddress(text: string): string | undefined {
  return parse(text)?.toString();
}

/**
 * What an address is counted and banned by: IPv4 itself, IPv6 its /64 network, because one subscriber commonly holds
 * all 2^64 addresses of it. `unknown` for text that is no address.
 */
export function addressKey(ip: string): string {
  if (ipaddr.IPv4.isValidFourPartDecimal(ip)) return ip;
  const address = parse(ip);
  if (address === undefined) return UNKNOWN_ADDRESS;
  if (address.kind() === "ipv4") return address.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()}/64`;
}

/** The network of so many bits that an address lies in: `192.0.2.0/24`. `undefined` for text that is no address. */
export function networkOf(ip: string, bits: number): string | undefined {
  const address = parse(ip);
  if (address === undefined) return undefined;
  const kind = address.kind() === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${kind.networkAddressFromCIDR(`${address.toString()}/${bits}`).toString()}/${bits}`;
}

/** A set of address ranges. */
export interface AddressRanges {
  /** Whether an address lies in one of the ranges; never for text that is no address. */
  has(ip: string): boolean;
}

/**
 * Address ranges in CIDR notation, or single addresses.
 * @throws {TypeError} when one cannot be read.
 */
export function createAddressRanges(ranges: readonly string[]): AddressRanges {
  const parsed = ranges.map(parseRange);
  if (parsed.length === 0) return { has: () => false };
  const contains = (address: Address): boolean =>
    parsed.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  const known = new Memo<boolean>(REMEMBERED);
  return {
    has(ip) {
      const answered = known.get(ip);
      if (answered !== undefined) return answered;
      const address = parse(ip);
      if (address === undefined) return false;
      const answer = contains(address);
      known.set(ip, answer);
      return answer;
    },
  };
}

/** Where a request came from, seen through the proxies that are trusted. */
export interface ResolvedClient {
  /** Canonical address, or `unknown`. */
  readonly ip: string;
  /** Whether the client's own connection was encrypted, as far as trusted proxies tell. */
  readonly tls: boolean;
}

/** The side of a request that the network shows. */
export interface Connection {
  /** Address of the other end of the connection. */
  readonly address: string | undefined;
  readonly encrypted: boolean;
}

/** Finds the client behind proxies. */
export interface TrustedProxies {
  /** Whether the address is one of a trusted proxy. */
  trusts(ip: string): boolean;
  /**
   * The client of a request. Hops are read from the right, the side trusted proxies write; reading ends at the first
   * one that is not trusted, so that nothing a client wrote is believed.
   */
  resolve(connection: Connection, headers: Pick<Headers, "get">): ResolvedClient;
}

/** How proxies tell whom they speak for. */
export interface TrustedProxyOptions {
  /** The one header the proxies set and clean. The other is ignored. Default `x-forwarded-for`. */
  readonly header?: ForwardedHeader;
}

/** Addresses come again with every request of their caller, and reading one costs more than finding it. */
const REMEMBERED = 4096;

/** Hops looked at; whoever stands beyond is not looked for. */
const MOST_HOPS = 32;

/**
 * Proxies by their addresses in CIDR notation. With none, the connection itself tells who the client is.
 * @throws {TypeError} when a range cannot be read.
 */
export function createTrustedProxies(ranges: readonly string[], options: TrustedProxyOptions = {}): TrustedProxies {
  const trusted = createAddressRanges(ranges);
  const header = options.header ?? "x-forwarded-for";
  const canonical = new Memo<string>(REMEMBERED);

  function addressOf(text: string): string {
    const known = canonical.get(text);
    if (known !== undefined) return known;
    const address = canonicalAddress(text);
    if (address === undefined) return UNKNOWN_ADDRESS;
    canonical.set(text, address);
    return address;
  }

  function resolve(connection: Connection, headers: Pick<Headers, "get">): ResolvedClient {
    const direct = { ip: addressOf(connection.address ?? ""), tls: connection.encrypted };
    const text = trusted.has(direct.ip) ? headers.get(header) : null;
    if (text === null) return direct;
    const schemes = header === "x-forwarded-for" ? headers.get("x-forwarded-proto") : null;
    let client = direct;
    let hops = { rest: text, schemes: schemes ?? "" };
    for (let count = 0; count < MOST_HOPS && hops.rest !== "" && trusted.has(client.ip); count += 1) {
      const hop = forwardedHop(header, hops);
      if (hop.node === undefined) break;
      const encrypted = hop.scheme === undefined ? client.tls : hop.scheme === "https";
      client = { ip: addressOf(hop.node), tls: encrypted };
      hops = hop;
    }
    return client;
  }

  return { trusts: (ip) => trusted.has(ip), resolve };
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

function parse(text: string): Address | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  if (!text.includes(":")) return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : undefined;
  const zone = text.indexOf("%");
  const bare = zone === -1 ? text : text.slice(0, zone);
  if (!ipaddr.IPv6.isValid(bare) || (bare.includes(".") && !EMBEDDED_IPV4.test(bare))) return undefined;
  return unwrap(ipaddr.IPv6.parse(bare));
}

function unwrap(address: ipaddr.IPv6): Address {
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.match(TRANSLATED)) return new ipaddr.IPv4(address.toByteArray().slice(12));
  return address;
}

function parseRange(text: string): readonly [Address, number] {
  const [base = "", bits] = text.split("/");
  const address = parse(base);
  if (address === undefined)
    throw new TypeError(`"${text}" is not an address range such as 10.0.0.0/8 or 2001:db8::/32.`);
  const width = address.kind() === "ipv4" ? 32 : 128;
  // A range of mapped addresses counts the 96 bits in front of the IPv4 part.
  const offset = width === 32 && base.includes(":") ? 96 : 0;
  const length = bits === undefined ? width : Number(bits) - offset;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) throw new TypeError(`"${text}" has no valid prefix length.`);
  if (length < 0 || length > width || text.split("/").length > 2) {
    throw new TypeError(`"${text}" has no valid prefix length.`);
  }
  return [address, length];
}
