import type { Clock } from "../../kernel/clock.ts";
import type { ChannelKey, Publications, StreamPositions } from "../../kernel/ports/publications.ts";
import { StoreUnavailableError, type Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { Hub, Pushed, Subscriber } from "../pushed.ts";
import { FanOut } from "./fan-out.ts";
import { HubChannel, type HubChannelParts, type Recipient } from "./hub-channel.ts";
import { channelTopic, writePushed } from "./hub-messages.ts";
import { isCarried } from "./message-parts.ts";
import type { SignedBus } from "./signed-bus.ts";
import { spread } from "./spread.ts";
import { StreamReader } from "./stream-reader.ts";

/** What a hub is made of. */
export interface HubParts {
  /** To the other nodes; absent where this one is alone. */
  readonly bus: SignedBus | undefined;
  readonly store: Pick<Store, "read">;
  readonly publications: Pick<Publications, "after">;
  readonly positions: StreamPositions;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly report: (error: unknown) => void;
  /** Milliseconds between looks at whether the last publication of a channel was missed. Default 40 000. */
  readonly check?: number;
  /** Milliseconds a channel is listened to after its last subscriber has left. Default 5000. */
  readonly linger?: number;
}

const CHECK = 40_000;
const LINGER = 5_000;
const JITTER = 0.1;

/** The subscribers of this node, and the publications of all nodes. */
export class ChannelHub implements Hub, AsyncDisposable {
  readonly #parts: HubParts;
  readonly #reader: StreamReader;
  readonly #channelParts: HubChannelParts;
  readonly #channels = new Map<string, HubChannel>();
  /** When channels that nobody hears any more are closed. */
  readonly #closing = new Map<string, Disposable>();
  #check: Disposable | undefined;
  #ended = false;

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#reader = new StreamReader(parts);
    const fanOut = new FanOut<Recipient>(parts);
    this.#channelParts = { bus: parts.bus, reader: this.#reader, fanOut, report: parts.report };
    this.#checkLater();
  }

  async subscribe(key: ChannelKey, subscriber: Subscriber): Promise<Disposable> {
    const name = channelTopic(key);
    const channel = this.#channelOf(name, key);
    try {
      const recipient = await channel.join(subscriber);
      return {
        [Symbol.dispose]: () => {
          channel.leave(recipient);
          this.#closeLater(name, channel);
        },
      };
    } finally {
      this.#closeLater(name, channel);
    }
  }

  publish(pushed: Pushed): void {
    if (this.#ended) return;
    this.tellHere(pushed);
    const { bus, report } = this.#parts;
    if (bus === undefined) return;
    const text = writePushed(pushed);
    // What is too long to travel is found in the store, or is volatile.
    if (!isCarried(text))
      return report(new RangeError(`A publication on ${pushed.channel} is too long for other nodes.`));
    bus.publish(channelTopic(pushed), text).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) report(error);
    });
  }

  /** Tells the subscribers of this node alone. */
  tellHere(pushed: Pushed): void {
    this.#channels.get(channelTopic(pushed))?.take(pushed);
  }

  count(key: ChannelKey): number {
    return this.#channels.get(channelTopic(key))?.count ?? 0;
  }

  /** Looks now whether the last publication of a channel was missed. */
  async checkPositions(): Promise<void> {
    const used = [...this.#channels.values()].filter(({ isUsed, order }) => isUsed && order.isKnown);
    const runs = used.map(({ order }) => order.run);
    const found = await this.#reader.positions(used.map(({ key }) => key));
    for (const [index, { order }] of used.entries()) if (order.run === runs[index]) order.check(found[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#check?.[Symbol.dispose]();
    for (const closing of this.#closing.values()) closing[Symbol.dispose]();
    await Promise.all([...this.#channels.values()].map((channel) => channel.close()));
    this.#channels.clear();
  }

  #channelOf(name: string, key: ChannelKey): HubChannel {
    this.#closing.get(name)?.[Symbol.dispose]();
    this.#closing.delete(name);
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    if (this.#ended) throw new StoreUnavailableError("bus", "The hub has been closed.");
    const channel = new HubChannel({ tenant: key.tenant, channel: key.channel }, this.#channelParts);
    this.#channels.set(name, channel);
    return channel;
  }

  #closeLater(name: string, channel: HubChannel): void {
    if (channel.isUsed || this.#ended || this.#closing.has(name) || this.#channels.get(name) !== channel) return;
    const { timers, linger = LINGER, report } = this.#parts;
    const close = (): void => {
      this.#closing.delete(name);
      if (channel.isUsed) return;
      this.#channels.delete(name);
      channel.close().catch(report);
    };
    this.#closing.set(name, timers.after(linger, close, "background"));
  }

  #checkLater(): void {
    const { timers, random, report, check = CHECK } = this.#parts;
    const look = (): void =>
      void this.checkPositions()
        .catch(report)
        .finally(() => this.#ended || this.#checkLater());
    this.#check = timers.after(spread(random, check, JITTER), look, "background");
  }
}
