import { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import { fileHeaders } from "../../http/file-response.ts";
import type { Inbound } from "../../http/inbound.ts";
import type { Clock } from "../../kernel/clock.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { MediaGrants } from "../../kernel/ports/media-grants.ts";
import type { ByteRange, StorageTarget } from "../../kernel/ports/storage-target.ts";
import {
  MEDIA_PREFIX,
  type AddressRefusal,
  type CheckedAddress,
  type MediaAddresses,
} from "../addresses/media-addresses.ts";
import { assetTarget, savedName } from "../assets.ts";
import { MEDIA_EXTENSIONS } from "../scrub/media-type.ts";
import { readByteRange } from "./byte-range.ts";
import { deliveryEvents } from "./events.ts";
import { deliveryProblems } from "./problems.ts";
import type { PublishedFile, PublishedMedia } from "./published-media.ts";

/** What files are delivered with. */
export interface MediaDeliveryParts {
  readonly edge: Pick<Edge, "of" | "refuse">;
  readonly addresses: Pick<MediaAddresses, "check">;
  readonly published: PublishedMedia;
  readonly grants: Pick<MediaGrants, "generation">;
  readonly storage: Pick<StorageTarget, "get">;
  readonly clock: Pick<Clock, "now">;
  /** Whether caches that several people share may keep files. */
  readonly cache: "private" | "public";
  /** The origin that media are served from; requests to others are refused. Default: every origin of this server. */
  readonly origin?: string | undefined;
  /** Where files lay before: paths below these are answered with 410. */
  readonly retired: readonly string[];
}

const ACTION = "media.asset.fetch";
const RETRY_SECONDS = 5;

/** Routes that deliver published files at signed addresses: `/media/v1/{asset}/{variant}`. */
export function createMediaDelivery(parts: MediaDeliveryParts): Hono {
  const { edge } = parts;
  const app = new Hono();
  const answerRetired = (inbound: Inbound): Response =>
    edge.refuse(inbound, deny(deliveryProblems.MEDIA_ADDRESS_RETIRED), { action: ACTION });
  app.get(`${MEDIA_PREFIX}*`, (context) => deliver(parts, edge.of(context)));
  app.get("/media/*", (context) => answerRetired(edge.of(context)));
  for (const path of parts.retired) app.get(`${path}/*`, (context) => answerRetired(edge.of(context)));
  return app;
}

async function deliver(parts: MediaDeliveryParts, inbound: Inbound): Promise<Response> {
  const { addresses, edge, origin, published } = parts;
  const { pathname, search } = inbound.url;
  const refuse = (denial: Denial): Response => edge.refuse(inbound, denial, { action: ACTION });
  if (origin !== undefined && inbound.target !== origin) return refuse(refusal("other host"));
  const address = addresses.check(pathname, search);
  if (typeof address === "string") return refuse(refusal(address));
  const file = await published.find(address.asset, address.variant);
  if (file === undefined) return refuse(refusal("not published", address));
  const generation = await parts.grants.generation({ tenant: file.tenant, id: address.grant.id });
  if (generation !== address.grant.generation) return refuse(refusal("grant changed", address));
  const answer = await answerFile(parts, inbound, { address, file });
  return answer instanceof Response ? answer : refuse(answer);
}

type Refusal = AddressRefusal | "other host" | "not published" | "grant changed";
/** What happens to people who did nothing wrong. */
const USUAL: ReadonlySet<Refusal> = new Set(["expired", "too long", "grant changed"]);

/** Whatever the reason, those who ask are told the same. */
function refusal(reason: Refusal, address?: CheckedAddress): Denial {
  return deny(deliveryProblems.MEDIA_ADDRESS_REFUSED, {
    event: USUAL.has(reason) ? deliveryEvents.media_address_expired : deliveryEvents.media_address_refused,
    context: { reason, ...(address === undefined ? {} : nameOf(address)) },
  });
}

function nameOf({ asset, variant }: CheckedAddress): { readonly asset: string; readonly variant: string } {
  return { asset: assetTarget(asset), variant };
}

interface Found {
  readonly address: CheckedAddress;
  readonly file: PublishedFile;
}

async function answerFile(parts: MediaDeliveryParts, inbound: Inbound, found: Found): Promise<Response | Denial> {
  const { file } = found;
  const headers = headersOf(parts, found);
  const asked = inbound.request.headers;
  if (isSame(asked.get("if-none-match"), headers.etag)) return new Response(null, { status: 304, headers });
  const condition = asked.get("if-range");
  const range =
    condition === null || condition === headers.etag ? readByteRange(asked.get("range"), file.bytes) : undefined;
  if (range === "unsatisfiable") {
    return deny(deliveryProblems.RANGE_NOT_SATISFIABLE, { headers: { "content-range": `bytes */${file.bytes}` } });
  }
  const part = range ?? { start: 0, end: file.bytes };
  const fields = { ...headers, ...lengthFields(part, range === undefined ? undefined : file.bytes) };
  const status = range === undefined ? 200 : 206;
  if (inbound.method === "HEAD") return new Response(null, { status, headers: fields });
  const stored = await parts.storage.get(file.key, range);
  if (stored?.bytes !== file.bytes) {
    await stored?.body.cancel();
    return deny(deliveryProblems.MEDIA_UNAVAILABLE, {
      retryAfter: RETRY_SECONDS,
      event: deliveryEvents.media_file_missing,
      context: nameOf(found.address),
    });
  }
  return new Response(stored.body, { status, headers: fields });
}

function lengthFields({ start, end }: ByteRange, whole: number | undefined): Record<string, string> {
  const length = { "content-length": String(end - start) };
  return whole === undefined ? length : { ...length, "content-range": `bytes ${start}-${end - 1}/${whole}` };
}

function headersOf(
  { cache, clock, origin }: MediaDeliveryParts,
  { address, file }: Found,
): Record<string, string> & { readonly etag: string } {
  const left = Math.max(0, Math.floor(address.expiresAt - clock.now() / 1000));
  const type = servedType(file.type);
  const { "content-length": _, ...fields } = fileHeaders({
    bytes: file.bytes,
    type,
    name: savedName({ name: file.name, id: address.asset }, { type }),
    saved: address.variant === "original",
    otherOrigins: origin !== undefined,
  });
  return {
    ...fields,
    "accept-ranges": "bytes",
    "cache-control": `${cache}, max-age=${left}, immutable`,
    etag: `"${file.sha256}"`,
  };
}

/** What is served as what it is. Everything else is bytes that are saved: of SVG and HTML there is no saying what runs. */
function servedType(type: string): string {
  return Object.hasOwn(MEDIA_EXTENSIONS, type) ? type : "application/octet-stream";
}

function isSame(condition: string | null, etag: string): boolean {
  if (condition === null) return false;
  return condition.split(",", 32).some((candidate) => {
    const tag = candidate.trim();
    return tag === "*" || tag === etag || tag === `W/${etag}`;
  });
}
