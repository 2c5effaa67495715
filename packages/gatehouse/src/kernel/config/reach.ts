/** Addresses from the first to the last, both included. IPv4 and IPv6 are counted apart. */
interface Span {
  readonly width: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

/** Where the addresses that others on the internet can have lie: 1.0.0.0 to 223.255.255.255, and 2000::/3 (RFC 4291). */
const INTERNET: readonly Span[] = [
  { width: 32, first: 0x01000000n, last: 0xdfffffffn },
  { width: 128, first: 1n << 125n, last: (1n << 126n) - 1n },
];

/** IPv4 addresses as IPv6 writes them: ::ffff:0:0/96 (RFC 4291, section 2.5.5.2). */
const MAPPED: Span = { width: 128, first: 0xffff00000000n, last: 0xffffffffffffn };

/** Whether a host is this machine, by its name or address. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/.test(host);
}

/** Whether ranges together hold every address that others on the internet can have, of IPv4 or of IPv6. */
export function coversInternet(ranges: readonly string[]): boolean {
  const spans = ranges.flatMap(spansOf);
  return INTERNET.some((wanted) => covers(spans, wanted));
}

function covers(spans: readonly Span[], wanted: Span): boolean {
  let next = wanted.first;
  const inOrder = spans
    .filter(({ width }) => width === wanted.width)
    .toSorted((left, right) => (left.first < right.first ? -1 : left.first > right.first ? 1 : 0));
  for (const { first, last } of inOrder) {
    if (first > next) break;
    if (last >= next) next = last + 1n;
  }
  return next > wanted.last;
}

/** What a range holds; nothing where it cannot be read, which is reported where it is used. */
function spansOf(range: string): readonly Span[] {
  const [base = "", bits] = range.split("/");
  const address = base.includes(":") ? readVersion6(base) : readVersion4(base);
  if (address === undefined) return [];
  const width = base.includes(":") ? 128 : 32;
  const length = bits === undefined ? width : Number(bits);
  if (!Number.isSafeInteger(length) || length < 0 || length > width) return [];
  const size = 1n << BigInt(width - length);
  const first = address - (address % size);
  const span: Span = { width, first, last: first + size - 1n };
  return width === 32 ? [span] : [span, ...mappedOf(span)];
}

/** The IPv4 addresses among those of an IPv6 range. */
function mappedOf({ first, last }: Span): readonly Span[] {
  const from = first > MAPPED.first ? first : MAPPED.first;
  const to = last < MAPPED.last ? last : MAPPED.last;
  return from > to ? [] : [{ width: 32, first: from - MAPPED.first, last: to - MAPPED.first }];
}

function readVersion4(text: string): bigint | undefined {
  const bytes = text.split(".");
  if (bytes.length !== 4 || !bytes.every((byte) => /^\d{1,3}$/.test(byte) && Number(byte) < 256)) return undefined;
  return join(bytes.map(Number), 8n);
}

function readVersion6(text: string): bigint | undefined {
  const [front = "", back, ...more] = text.split("::");
  const head = groupsOf(front);
  const tail = groupsOf(back ?? "");
  if (more.length > 0 || head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (back === undefined ? missing !== 0 : missing < 1) return undefined;
  return join([...head, ...Array.from({ length: missing }, () => 0), ...tail], 16n);
}

/** Groups of 16 bits; the last two may be written as an IPv4 address. */
function groupsOf(text: string): readonly number[] | undefined {
  const groups: number[] = [];
  for (const group of text === "" ? [] : text.split(":")) {
    const address = group.includes(".") ? readVersion4(group) : undefined;
    if (address !== undefined) groups.push(Number(address >> 16n), Number(address & 0xffffn));
    else if (/^[0-9A-Fa-f]{1,4}$/.test(group)) groups.push(Number.parseInt(group, 16));
    else return undefined;
  }
  return groups;
}

function join(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((sum, part) => (sum << bits) | BigInt(part), 0n);
}
