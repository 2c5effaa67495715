import type { Principal } from "../../kernel/attempt.ts";
import type { ActorAddress, ActorRecord } from "../../kernel/ports/actors.ts";
import type { Publications, StoredPublication, StreamPosition } from "../../kernel/ports/publications.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { channelName } from "../channel-name.ts";
import type { HistoryInput, StreamPublication, SubscribeResult } from "../subscription.ts";
import { readOffsets } from "./outbox.ts";
import { recipientOf } from "../recipient.ts";
import { LARGEST_TOLD } from "./text-size.ts";

/** Most publications and characters that are recovered at once: whoever missed more loads the state instead. */
const MOST_RECOVERED = 300;
const MOST_CHARACTERS = 1024 * 1024;

/** A stream as one reader may see it. */
export interface StreamParts {
  readonly publications: Publications;
  readonly reading: ReadTransaction;
  readonly address: ActorAddress;
  /** The name of a channel of the actor. */
  readonly channel: string;
  readonly record: ActorRecord;
  readonly principal: Principal;
}

/** Where a stream is now. */
export function positionOf({
  record,
  address,
  channel,
}: Pick<StreamParts, "record" | "address" | "channel">): StreamPosition {
  const offset = readOffsets(record.offsets).get(channelName(address, channel)) ?? 0;
  return { offset, epoch: record.streamEpoch };
}

const NOTHING = { recovered: false, publications: [] } as const;

/** All that was published for the reader after a position, or nothing; never a part. */
export async function recover(
  parts: StreamParts,
  since: StreamPosition | undefined,
): Promise<Pick<SubscribeResult, "recovered" | "publications">> {
  const { offset, epoch } = positionOf(parts);
  if (since === undefined || !isOf(since, epoch) || since.offset > offset) return NOTHING;
  const missed = offset - since.offset;
  if (missed === 0) return { recovered: true, publications: [] };
  if (missed > MOST_RECOVERED) return NOTHING;
  const found = await parts.publications.after(parts.reading, keyOf(parts), { offset: since.offset, epoch }, missed);
  const complete = found.length === missed && found[0]?.offset === since.offset + 1;
  const characters = found.reduce((sum, { data, info = "" }) => sum + data.length + info.length, 0);
  if (!complete || characters > MOST_CHARACTERS) return NOTHING;
  return { recovered: true, publications: shown(found, parts) };
}

/**
 * A page of what is kept, for the reader, and no more than one reply may hold: whoever asks on from the last of it gets the
 * rest. `undefined` where the position is of another run of the stream.
 */
export async function readHistory(
  parts: StreamParts,
  { since, limit, reverse }: Pick<HistoryInput, "since" | "limit" | "reverse">,
): Promise<readonly StreamPublication[] | undefined> {
  if (since !== undefined && !isOf(since, parts.record.streamEpoch)) return undefined;
  const wanted = Math.min(limit, MOST_RECOVERED);
  const page: StreamPublication[] = [];
  let from = since?.offset;
  let bytes = 0;
  while (page.length < wanted) {
    const found = await (reverse ? older(parts, from) : newer(parts, from ?? 0));
    for (const publication of shown(found, parts)) {
      bytes += Buffer.byteLength(publication.data) + (publication.info?.length ?? 0);
      if (page.length === wanted || (page.length > 0 && bytes > LARGEST_TOLD)) return page;
      page.push(publication);
    }
    from = found.at(-1)?.offset;
    if (from === undefined || found.length < CHUNK) break;
  }
  return page;
}

/** Read at a time: heavy ones are not read to be thrown away. */
const CHUNK = 32;

function newer(parts: StreamParts, offset: number): Promise<readonly StoredPublication[]> {
  return parts.publications.after(parts.reading, keyOf(parts), { offset, epoch: parts.record.streamEpoch }, CHUNK);
}

function older(parts: StreamParts, before: number | undefined): Promise<readonly StoredPublication[]> {
  const options = { epoch: parts.record.streamEpoch, limit: CHUNK, ...(before !== undefined && { before }) };
  return parts.publications.newest(parts.reading, keyOf(parts), options);
}

/** Whether a position is of this run of a stream: also one that says nothing but that it is the beginning. */
function isOf(since: StreamPosition, epoch: string): boolean {
  return since.epoch === epoch || (since.epoch === "" && since.offset === 0);
}

function keyOf({ address, channel }: StreamParts): { readonly tenant: string; readonly channel: string } {
  return { tenant: address.tenant, channel: channelName(address, channel) };
}

/** Those for the reader; nobody is shown what was for another. */
function shown(found: readonly StoredPublication[], { principal }: StreamParts): StreamPublication[] {
  const mine = found.filter(({ audience }) => audience === undefined || isAmong(audience, principal));
  return mine.map(({ offset, data, info }) => (info === undefined ? { offset, data } : { offset, data, info }));
}

function isAmong(audience: readonly string[], principal: Principal): boolean {
  return principal.type !== "anonymous" && audience.includes(recipientOf(principal));
}
