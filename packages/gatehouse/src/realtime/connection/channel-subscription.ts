import type { ChannelKey, StreamPosition } from "../../kernel/ports/publications.ts";
import type { ChannelParts } from "../channel-name.ts";
import type { Disconnect } from "../protocol/codes.ts";
import type { Pushed, Subscriber } from "../pushed.ts";
import type { SubscribeResult } from "../subscription.ts";
import type { Outbox } from "./outbox.ts";

/** Whose subscription it is, and who is told what becomes of it. */
export interface SubscriptionOwner {
  /** Identifier of the connection. */
  readonly client: string;
  /** Identifier of the principal. */
  readonly principal: string;
  readonly outbox: Outbox;
  /** The most bytes that may wait while the subscription begins. */
  readonly mostHeld: number;
  /** Something was missed and is not to be had any more. */
  lost(subscription: ChannelSubscription): void;
  /** The stream is another one than what the client has seen is of. */
  restarted(subscription: ChannelSubscription): void;
  /** The server has ended it. */
  ended(subscription: ChannelSubscription): void;
}

interface Heard {
  readonly pushed: Pushed;
  readonly encoded: Uint8Array;
}

/**
 * One connection hearing one channel. It hears from before it is known what was published until then: what comes
 * meanwhile is held, and told once, after what was replayed, in the order of the stream.
 */
export class ChannelSubscription implements Subscriber {
  readonly connection: string;
  readonly principal: string;
  readonly key: ChannelKey;
  readonly parts: ChannelParts;
  readonly #owner: SubscriptionOwner;
  #held: Heard[] | undefined = [];
  #heldBytes = 0;
  #joinLeave = false;
  #recoverable = false;
  #epoch = "";
  #offset = 0;
  #hub: Disposable | undefined;
  #place: Disposable | undefined;
  #begun = false;
  #ended = false;
  /** Why the server ended it before it had begun. */
  endedBy: Disconnect | undefined;
  /** Whether it counts among the members of the channel. */
  present = false;
  /** Epoch milliseconds until which it may go on without being asked for again. */
  expiresAt = Infinity;

  constructor(owner: SubscriptionOwner, key: ChannelKey, parts: ChannelParts) {
    this.connection = owner.client;
    this.principal = owner.principal;
    this.key = key;
    this.parts = parts;
    this.#owner = owner;
  }

  /** Bytes that are held until the subscription has begun. */
  get held(): number {
    return this.#heldBytes;
  }

  /** Whether the client has been told that it hears the channel. */
  get hasBegun(): boolean {
    return this.#begun;
  }

  /** Whether it hears nothing any more. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** The hub's hold on it. One that has ended meanwhile lets go at once. */
  attach(hub: Disposable): void {
    if (this.#ended) hub[Symbol.dispose]();
    else this.#hub = hub;
  }

  /** The place it takes in its actor. One that has ended meanwhile gives it back at once. */
  occupy(place: Disposable): void {
    if (this.#ended) place[Symbol.dispose]();
    else this.#place = place;
  }

  hear(pushed: Pushed, encoded: Uint8Array): void {
    if (this.#ended) return;
    if (this.#held === undefined) return this.#tell({ pushed, encoded });
    this.#heldBytes += encoded.byteLength;
    if (this.#heldBytes + this.#owner.outbox.size > this.#owner.mostHeld) return this.lost();
    this.#held.push({ pushed, encoded });
  }

  lost(): void {
    if (!this.#ended) this.#owner.lost(this);
  }

  /** Begins to tell: what was held first, without what the client has been told with the reply. */
  begin({ epoch, offset, recoverable, joinLeave }: SubscribeResult): void {
    this.#begun = true;
    this.#epoch = epoch;
    this.#offset = offset;
    this.#recoverable = recoverable;
    this.#joinLeave = joinLeave;
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#heldBytes = 0;
    for (const heard of held) if (!this.#ended) this.#tell(heard);
  }

  /** Hears nothing any more. */
  end(): void {
    this.#ended = true;
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#hub?.[Symbol.dispose]();
    this.#hub = undefined;
    this.#place?.[Symbol.dispose]();
    this.#place = undefined;
  }

  #tell({ pushed, encoded }: Heard): void {
    const { outbox } = this.#owner;
    switch (pushed.kind) {
      case "join":
      case "leave":
        if (this.#joinLeave) outbox.send(encoded);
        return;
      case "unsubscribe":
        outbox.send(encoded);
        return this.#owner.ended(this);
      case "publication":
        if (pushed.position !== undefined) return this.#tellDurable(encoded, pushed.position);
        return outbox.sendVolatile(encoded, pushed.coalesce && `${pushed.channel} ${pushed.coalesce}`);
    }
  }

  #tellDurable(encoded: Uint8Array, { epoch, offset }: StreamPosition): void {
    if (this.#recoverable) {
      // A stream that had nothing in it when the subscription began has its name from the first publication.
      if (this.#epoch === "") this.#epoch = epoch;
      if (epoch !== this.#epoch) return this.#owner.restarted(this);
      if (offset <= this.#offset) return;
      this.#offset = offset;
    }
    this.#owner.outbox.send(encoded);
  }
}
