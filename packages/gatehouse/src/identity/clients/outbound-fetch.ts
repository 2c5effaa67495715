import { lookup as resolveName, type LookupAddress } from "node:dns";
import { request as requestPlain } from "node:http";
import { request as requestEncrypted } from "node:https";
import type { IncomingMessage } from "node:http";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { createAddressRanges, type AddressRanges } from "../../guards/address.ts";

/** What may be reached. */
export interface OutboundOptions {
  /** Ranges that may be reached although they are no public addresses, over plain http too: in development, loopback. */
  readonly reachable?: readonly string[];
  /** Finds the addresses of a name. Default: the machine's. */
  readonly resolve?: (name: string) => Promise<readonly LookupAddress[]>;
  /** Certificates of authorities to trust, as PEM. Default: the machine's. */
  readonly authorities?: readonly string[];
}

/** An address must not be reached, or answered too much. */
export class OutboundRefusedError extends Error {
  override readonly name = "OutboundRefusedError";
}

const MOST_BYTES = 64 * 1024;
/** Milliseconds for all of it: finding the address, connecting, the whole answer. */
const TIMEOUT = 2500;

/**
 * Fetches what clients name: their documents, keys, and where they are told of logouts. Whoever can register can name
 * anything, so it connects to public addresses alone, and to the very address that was looked at: a name that means
 * another address the next moment is of no use. It follows no redirect, and reads a bounded answer in a bounded time.
 */
export function createOutboundFetch(options: OutboundOptions = {}): typeof fetch {
  const reachable = createAddressRanges(options.reachable ?? []);
  const { resolve = resolveAll } = options;
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const bounded = AbortSignal.timeout(TIMEOUT);
    const signal = AbortSignal.any([init.signal ?? [], bounded].flat());
    const address = await addressOf(url, { reachable, resolve });
    return send(url, { ...init, signal }, { address, ca: options.authorities });
  };
}

interface Reach {
  readonly reachable: AddressRanges;
  readonly resolve: (name: string) => Promise<readonly LookupAddress[]>;
}

/** Every address of a name has to be a public one: which of them is connected to is not ours to choose. */
async function addressOf({ hostname, protocol, username }: URL, { reachable, resolve }: Reach): Promise<LookupAddress> {
  if (protocol !== "https:" && protocol !== "http:") throw new OutboundRefusedError(`${protocol} is not fetched`);
  if (username !== "") throw new OutboundRefusedError("addresses with a user are not fetched");
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(host);
  const found = family === 0 ? await resolve(host) : [{ address: host, family }];
  const [first] = found;
  if (first === undefined) throw new OutboundRefusedError("the name has no address");
  const own = found.every(({ address }) => reachable.has(address));
  if (!own && !found.every(({ address }) => isPublic(address) || reachable.has(address))) {
    throw new OutboundRefusedError("the address is not a public one");
  }
  if (protocol === "http:" && !own) throw new OutboundRefusedError("the address is not an https one");
  return first;
}

/** All that is given out of IPv6: what is beyond is nobody's, or another network's in disguise (`::7f00:1`). */
const GLOBAL_IPV6 = createAddressRanges(["2000::/3"]);

/** Whether an address is one of the public Internet: none of a private network, this machine, a link or a tunnel. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const plain = ipaddr.process(address);
  return plain.range() === "unicast" && (plain.kind() === "ipv4" || GLOBAL_IPV6.has(address));
}

function resolveAll(name: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    resolveName(name, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
}

interface Target {
  readonly address: LookupAddress;
  readonly ca: readonly string[] | undefined;
}

function send(url: URL, init: RequestInit, { address, ca }: Target): Promise<Response> {
  const lookup: LookupFunction = (_name, { all }, found) =>
    all === true ? found(null, [address]) : found(null, address.address, address.family);
  const { method = "GET", signal } = init;
  const { headers, body } = contentOf(init);
  return new Promise((resolve, reject) => {
    const begin = url.protocol === "https:" ? requestEncrypted : requestPlain;
    const request = begin(url, {
      ...{ method, headers, lookup, agent: false },
      ...(signal instanceof AbortSignal ? { signal } : {}),
      ...(ca === undefined ? {} : { ca: [...ca] }),
    });
    request.on("error", reject);
    request.on("response", (message) => {
      receive(message).then((bytes) => resolve(responseOf(message, bytes)), reject);
    });
    request.end(body);
  });
}

function contentOf({ headers: given, body }: RequestInit): {
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
} {
  const headers = new Headers(given);
  headers.delete("user-agent");
  if (body instanceof URLSearchParams || typeof body === "string") {
    const text = body.toString();
    headers.set("content-length", String(Buffer.byteLength(text)));
    return { headers: Object.fromEntries(headers), body: text };
  }
  if (body !== undefined && body !== null) throw new OutboundRefusedError("only texts are sent");
  return { headers: Object.fromEntries(headers), body: undefined };
}

async function receive(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    // A stream without an encoding is one of buffers.
    const piece = chunk as Buffer;
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) {
      message.destroy();
      throw new OutboundRefusedError(`the answer is longer than ${MOST_BYTES} bytes`);
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

const WITHOUT_BODY = new Set([204, 205, 304]);

function responseOf({ statusCode = 500, headers }: IncomingMessage, bytes: Buffer): Response {
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) fields.append(name, one);
  }
  return new Response(WITHOUT_BODY.has(statusCode) ? null : new Uint8Array(bytes), {
    status: statusCode,
    headers: fields,
  });
}
