import type { Principal } from "../../kernel/attempt.ts";
import type { ActorAddress, ActorRecord } from "../../kernel/ports/actors.ts";
import type { ChannelKey, StoredPublication } from "../../kernel/ports/publications.ts";
import { channelName } from "../channel-name.ts";
import type { Pushed } from "../pushed.ts";
import type { Emitted } from "./emission.ts";
import { recipientOf } from "../recipient.ts";
import { UNSUBSCRIBE } from "../protocol/codes.ts";
import { publicationPush, unsubscribePush } from "../protocol/encode.ts";

/** What a turn tells, and what of it is kept. */
export interface Outbox {
  /** In the order in which it was emitted. */
  readonly pushed: Pushed[];
  /** By channel, with their offsets. */
  readonly kept: ReadonlyMap<string, readonly StoredPublication[]>;
  /** The newest offset of each channel of the actor by its full name. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** Whose outbox it is. */
export interface OutboxParts {
  readonly address: ActorAddress;
  readonly streamEpoch: ActorRecord["streamEpoch"];
  readonly offsets: ReadonlyMap<string, number>;
  readonly sender: { readonly principal: Principal; readonly connection: string | undefined; readonly info: unknown };
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Gives what was emitted its places in the streams. */
export function fillOutbox(emitted: readonly Emitted[], parts: OutboxParts): Outbox {
  const { address, streamEpoch: epoch, now } = parts;
  const offsets = new Map(parts.offsets);
  const kept = new Map<string, StoredPublication[]>();
  const pushed: Pushed[] = [];
  for (const one of emitted) {
    const channel = channelName(address, one.channel);
    const info = one.event.tellsSender ? senderOf(parts.sender) : undefined;
    let offset: number | undefined;
    if (!one.event.volatile && one.connection === undefined) {
      offset = (offsets.get(channel) ?? 0) + 1;
      offsets.set(channel, offset);
      const audience = one.user === undefined ? {} : { audience: [one.user] };
      const except = one.except === undefined ? {} : { except: [one.except] };
      const told = { ...audience, ...except, ...(info !== undefined && { info }) };
      const publication = { offset, epoch, data: one.data, at: now, ...told };
      kept.set(channel, [...(kept.get(channel) ?? []), publication]);
    }
    pushed.push(
      push(one, { tenant: address.tenant, channel }, { offset, epoch, info, sender: parts.sender.connection }),
    );
  }
  return { pushed, kept, offsets };
}

/** The newest offsets as an actor's record has them. */
export function readOffsets(text: string): ReadonlyMap<string, number> {
  // Only `writeOffsets` and the record's default write the column.
  return new Map(Object.entries(JSON.parse(text) as Readonly<Record<string, number>>));
}

/** Offsets as text for an actor's record. */
export function writeOffsets(offsets: ReadonlyMap<string, number>): string {
  return JSON.stringify(Object.fromEntries(offsets));
}

interface Place {
  readonly offset: number | undefined;
  readonly epoch: string;
  readonly info: string | undefined;
  readonly sender: string | undefined;
}

function push(one: Emitted, key: ChannelKey, { offset, epoch, info, sender }: Place): Pushed {
  const position = offset === undefined ? {} : { position: { offset, epoch } };
  return {
    ...key,
    kind: "publication",
    message: publicationPush(key.channel, {
      data: one.data,
      ...(info !== undefined && { info }),
      ...(offset !== undefined && { offset }),
    }),
    ...position,
    ...(one.except !== undefined && { except: [one.except] }),
    ...(one.user !== undefined && { audience: { principals: [one.user] } }),
    ...(one.connection !== undefined && { audience: { connections: [one.connection] } }),
    ...(one.event.coalesce && { coalesce: `${one.event.name} ${sender ?? ""}` }),
  };
}

function senderOf({ principal, connection, info }: OutboxParts["sender"]): string {
  return JSON.stringify({ user: recipientOf(principal), client: connection ?? "", conn_info: info });
}

/** Tells everybody on a channel, or one principal, that they hear it no more. */
export function pushUnsubscribe(key: ChannelKey, reason: string, user?: string): Pushed {
  const audience = user === undefined ? {} : { audience: { principals: [user] } };
  return {
    ...key,
    kind: "unsubscribe",
    message: unsubscribePush(key.channel, { code: UNSUBSCRIBE.server.code, reason }),
    ...audience,
  };
}
