import { z } from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { Principal } from "../kernel/attempt.ts";
import { channelName } from "../realtime/channel-name.ts";
import { publicationPush } from "../realtime/protocol/encode.ts";
import type { Hub } from "../realtime/pushed.ts";
import type { HistoryResult, StreamPublication, SubscribeResult } from "../realtime/subscription.ts";

const KEY = z.array(z.string());
const CHANNEL = z.object({ key: KEY, channel: z.string() });
const POSITION = z.object({ offset: z.number(), epoch: z.string() });
const SUBSCRIBE = CHANNEL.extend({
  since: POSITION.optional(),
  data: z.unknown().optional(),
  token: z.string().optional(),
});
const HISTORY = CHANNEL.extend({ since: POSITION.optional(), limit: z.number(), reverse: z.boolean() });
const SAY = z.object({ key: KEY, input: z.object({ text: z.string() }) });
const PUBLISH = z.object({ key: KEY, input: z.object({ channel: z.string(), data: z.unknown() }) });
const ANY = z.object({ key: KEY, input: z.unknown() });

const LIMITS = [
  { name: "rooms", by: ["principal"], rule: { kind: "window", limit: 100_000, window: 60_000 } },
] as const;

/** Rooms whose streams are kept in memory, with the actions by which they are heard and spoken to. */
export class TestRooms {
  readonly #hub: Hub;
  readonly #streams = new Map<string, (StreamPublication & { readonly audience?: readonly string[] })[]>();
  epoch = "epoch1";
  /** Rooms that only those may enter who have a grant of the same name. */
  readonly closed = new Set<string>();
  /** What was said, in the order in which it was carried out. */
  readonly said: string[] = [];
  /** Called before a subscriber is told where a stream is. */
  beforeAnswer: () => void | Promise<void> = () => undefined;
  /** What `room.wait` waits for. */
  waiting: Promise<unknown> = Promise.resolve();
  /** What `room.answer` answers. */
  answer: unknown = {};
  /** What subscribers are told besides. */
  subscribed: Partial<SubscribeResult> = {};

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Publishes for good. */
  publish(channel: string, value: unknown, audience?: readonly string[]): void {
    const stream = this.#stream(channel);
    const publication = { offset: stream.length + 1, data: JSON.stringify(value) };
    stream.push({ ...publication, ...(audience === undefined ? {} : { audience }) });
    this.#hub.publish({
      ...{ tenant: "acme", channel, kind: "publication" },
      position: { offset: publication.offset, epoch: this.epoch },
      message: publicationPush(channel, publication),
      ...(audience === undefined ? {} : { audience: { principals: audience } }),
    });
  }

  /** Tells what may be lost. */
  whisper(channel: string, value: unknown, coalesce?: string): void {
    const message = publicationPush(channel, { data: JSON.stringify(value) });
    const pushed = { tenant: "acme", channel, kind: "publication", message } as const;
    this.#hub.publish(coalesce === undefined ? pushed : { ...pushed, coalesce });
  }

  /** Begins the streams anew, as when a room was closed and opened again. */
  restart(epoch: string): void {
    this.epoch = epoch;
    this.#streams.clear();
  }

  /** What can be attempted. */
  get actions(): readonly AnyAction[] {
    return [...this.#reads(), ...this.#commands()];
  }

  #mayEnter = ({ principal, input }: { principal: Principal; input: { key: string[] } }): boolean =>
    !input.key.some((part) => this.closed.has(part) && !principal.grants.has(part));

  #reads(): readonly AnyAction[] {
    const shared = { entrances: ["realtime"], effects: "none", limits: LIMITS, authorise: this.#mayEnter } as const;
    return [
      defineAction({ ...shared, name: "room.subscribe", input: SUBSCRIBE, run: (context) => this.#subscribe(context) }),
      defineAction({
        ...{ ...shared, name: "room.history", input: HISTORY },
        run: async ({ input }): Promise<HistoryResult> => {
          const stream = this.#stream(channelName({ type: "room", key: input.key }, input.channel));
          const after = stream.filter(({ offset }) => offset > (input.since?.offset ?? 0));
          const ordered = input.reverse ? after.toReversed() : after;
          return { epoch: this.epoch, offset: stream.length, publications: ordered.slice(0, input.limit) };
        },
      }),
      defineAction({ ...shared, name: "room.presence", input: CHANNEL, run: async () => ({}) }),
      defineAction({
        ...shared,
        name: "room.state",
        input: CHANNEL,
        run: async ({ input }) => ({ said: this.said.length, channel: input.channel }),
      }),
    ];
  }

  #commands(): readonly AnyAction[] {
    const shared = { entrances: ["realtime"], effects: "store", limits: LIMITS, authorise: this.#mayEnter } as const;
    return [
      defineAction({
        ...{ ...shared, name: "room.say", input: SAY },
        run: async ({ input, transaction }) => {
          transaction.afterCommit(() => {
            this.said.push(input.input.text);
            this.publish(channelName({ type: "room", key: input.key }), { text: input.input.text });
          });
          return { heard: true };
        },
      }),
      defineAction({
        ...{ ...shared, name: "room.publish", input: PUBLISH },
        run: async ({ input: { key, input }, transaction }) => {
          transaction.afterCommit(() => this.publish(channelName({ type: "room", key }, input.channel), input.data));
          return {};
        },
      }),
      defineAction({
        ...{ ...shared, name: "room.wait", input: ANY, effects: "external" },
        run: async () => {
          await this.waiting;
          this.said.push("waited");
          return { waited: true };
        },
      }),
      defineAction({ ...{ ...shared, name: "room.answer", input: ANY }, run: async () => this.answer }),
      defineAction({
        ...{ ...shared, name: "room.break", input: ANY },
        run: () => {
          throw new Error("secret of the handler");
        },
      }),
    ];
  }

  async #subscribe({
    input,
    principal,
  }: {
    input: z.infer<typeof SUBSCRIBE>;
    principal: Principal;
  }): Promise<SubscribeResult> {
    const stream = this.#stream(channelName({ type: "room", key: input.key }, input.channel));
    const { since } = input;
    const recovered = since !== undefined && since.epoch === this.epoch && since.offset <= stream.length;
    const missed = recovered ? stream.filter(({ offset }) => offset > since.offset) : [];
    const result = {
      ...{ epoch: this.epoch, offset: stream.length, recoverable: true, recovered, joinLeave: true, presence: true },
      publications: missed.filter(({ audience }) => audience?.includes(principal.id) ?? true),
    };
    await this.beforeAnswer();
    return { ...result, ...this.subscribed };
  }

  #stream(channel: string): (StreamPublication & { readonly audience?: readonly string[] })[] {
    const found = this.#streams.get(channel) ?? [];
    this.#streams.set(channel, found);
    return found;
  }
}
