import { utf8 } from "../../kernel/codec.ts";
import type { ChannelKey } from "../../kernel/ports/publications.ts";
import type { Pushed, Subscriber } from "../pushed.ts";
import type { FanOut } from "./fan-out.ts";
import { channelTopic, readPushed } from "./hub-messages.ts";
import type { SignedBus } from "./signed-bus.ts";
import { StreamOrder, type Positioned } from "./stream-order.ts";
import type { StreamReader } from "./stream-reader.ts";

/** Somebody who hears a channel. */
export interface Recipient {
  readonly subscriber: Subscriber;
  /** Whether it still wants to hear. */
  active: boolean;
}

/** What a channel of the hub works with. */
export interface HubChannelParts {
  readonly bus: SignedBus | undefined;
  readonly reader: StreamReader;
  readonly fanOut: FanOut<Recipient>;
  readonly report: (error: unknown) => void;
}

/** A channel that somebody on this node hears, or has heard a moment ago. */
export class HubChannel {
  readonly key: ChannelKey;
  readonly order: StreamOrder;
  readonly #parts: HubChannelParts;
  #recipients = new Set<Recipient>();
  /** The recipients as a list that is never changed: messages on their way keep the one they began with. */
  #list: readonly Recipient[] | undefined;
  #joining = 0;
  #listening: Promise<void> | undefined;
  #subscription: AsyncDisposable | undefined;
  #beginning: Promise<void> | undefined;

  constructor(key: ChannelKey, parts: HubChannelParts) {
    this.key = key;
    this.#parts = parts;
    const { reader, report } = parts;
    this.order = new StreamOrder({
      key,
      reader,
      report,
      next: (pushed) => this.#tell(pushed),
      lost: () => this.#lose(),
    });
  }

  /** How many hear it. */
  get count(): number {
    return this.#recipients.size;
  }

  /** Whether anybody hears it or is about to. */
  get isUsed(): boolean {
    return this.#joining > 0 || this.#recipients.size > 0;
  }

  /**
   * Adds somebody, once the bus brings what is published and it is known where the stream is: what is read of the stream
   * from then on and what is heard leave nothing out.
   * @throws {StoreUnavailableError} when the bus or the store is away.
   */
  async join(subscriber: Subscriber): Promise<Recipient> {
    this.#joining += 1;
    try {
      await this.#listen();
      while (!this.order.isKnown) await this.#begin();
      const recipient = { subscriber, active: true };
      this.#recipients.add(recipient);
      this.#list = undefined;
      return recipient;
    } finally {
      this.#joining -= 1;
      if (!this.isUsed) this.order.forget();
    }
  }

  /** Removes somebody. */
  leave(recipient: Recipient): void {
    recipient.active = false;
    if (this.#recipients.delete(recipient)) this.#list = undefined;
    if (!this.isUsed) this.order.forget();
  }

  /** Takes what was published, here or elsewhere. */
  take(pushed: Pushed): void {
    if (!this.isUsed) return;
    if (isPositioned(pushed)) this.order.take(pushed);
    else this.#tell(pushed);
  }

  /** Stops listening: at once, so that whoever listens next to the topic is alone with it. */
  async close(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#listening = undefined;
    await subscription?.[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    const { bus } = this.#parts;
    if (bus === undefined) return;
    this.#listening ??= this.#subscribe(bus).catch((error: unknown) => {
      this.#listening = undefined;
      throw error;
    });
    await this.#listening;
  }

  async #subscribe(bus: SignedBus): Promise<void> {
    this.#subscription = await bus.subscribe(channelTopic(this.key), ({ body }) => {
      const pushed = readPushed(this.key, body);
      if (pushed !== undefined) this.take(pushed);
    });
  }

  #begin(): Promise<void> {
    this.#beginning ??= this.#parts.reader
      .position(this.key)
      .then((position) => this.order.begin(position))
      .finally(() => (this.#beginning = undefined));
    return this.#beginning;
  }

  #tell(pushed: Pushed): void {
    const recipients = (this.#list ??= [...this.#recipients]);
    const isMeant = listenersOf(pushed);
    let encoded: Uint8Array | undefined;
    const tell = ({ active, subscriber }: Recipient): void => {
      if (active && isMeant(subscriber)) subscriber.hear(pushed, (encoded ??= utf8(pushed.message)));
    };
    const room = pushed.position === undefined && pushed.kind === "publication" ? "little" : "much";
    const isTold = this.#parts.fanOut.add({ recipients, tell, size: pushed.message.length, room });
    if (isTold || pushed.position === undefined) return;
    this.order.forget();
    this.#lose();
  }

  /** Tells everybody that something is missing for good. Whoever wants to hear more subscribes again. */
  #lose(): void {
    const recipients = [...this.#recipients];
    this.#recipients = new Set();
    this.#list = undefined;
    const tell = (recipient: Recipient): void => {
      if (recipient.active) recipient.subscriber.lost(this.key);
      recipient.active = false;
    };
    this.#parts.fanOut.add({ recipients, tell, size: 0, room: "any" });
  }
}

function isPositioned(pushed: Pushed): pushed is Positioned {
  return pushed.position !== undefined;
}

function listenersOf({ audience, except }: Pushed): (subscriber: Subscriber) => boolean {
  if (audience === undefined && except === undefined) return () => true;
  const principals = new Set(audience?.principals);
  const connections = new Set(audience?.connections);
  const excepted = new Set(except);
  return ({ principal, connection }) => {
    if (excepted.has(connection)) return false;
    return audience === undefined || principals.has(principal) || connections.has(connection);
  };
}
