import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import { PartAssembler, partsOf } from "./message-parts.ts";
import { ReplayWindow } from "./replay-window.ts";
import { readMessage, signMessage } from "./signed-message.ts";

/** Why a message was not taken. Only nodes of the installation can have made one that is `stale` or `replayed`. */
export type Refusal = "malformed" | "forged" | "stale" | "replayed";

/** What a signed bus is made of. */
export interface SignedBusParts {
  readonly bus: Bus;
  readonly keyRing: KeyRing;
  /** Identifier of this node. */
  readonly node: string;
  /** The database's clock, in whole milliseconds. */
  readonly now: () => number;
  readonly refused: (refusal: Refusal) => void;
}

/** What nodes tell each other. */
export interface NodeMessage {
  readonly from: string;
  readonly body: string;
}

/** Milliseconds after which a message is too old to be taken: much longer than a bus takes, so that little can be replayed. */
const LONGEST_WAY = 30_000;
/** Senders that are remembered; those who have been silent for longest are forgotten first. */
const MOST_SENDERS = 1_000;

/**
 * A bus between nodes of one installation. Whoever can publish on the bus below could otherwise act as anybody: each message
 * is signed for its topic with a key of the installation, is taken once, and only while it is fresh. Texts of up to
 * 1 MiB travel in parts. A topic is subscribed to at most once at a time.
 */
export class SignedBus {
  readonly #parts: SignedBusParts;
  readonly #assembler = new PartAssembler();
  readonly #senders = new Map<string, ReplayWindow>();
  #number = 0;

  constructor(parts: SignedBusParts) {
    this.#parts = parts;
  }

  /** Identifier of this node. */
  get node(): string {
    return this.#parts.node;
  }

  /**
   * Sends a text to whoever subscribes to the topic. It may be lost.
   * @throws {RangeError} when it is longer than 1 MiB.
   */
  async publish(topic: string, body: string): Promise<void> {
    const { bus, keyRing, node, now } = this.#parts;
    const parts = partsOf(body);
    if (parts === undefined) throw new RangeError("A message between nodes holds at most 1 MiB.");
    const at = now();
    const sent = parts.map((payload, index) => {
      this.#number += 1;
      const message = { from: node, number: this.#number, at, index, count: parts.length, payload };
      return bus.publish(topic, signMessage(keyRing, topic, message));
    });
    await Promise.all(sent);
  }

  /** Receives what other nodes send. Resolves once the subscription is in force. */
  subscribe(topic: string, receive: (message: NodeMessage) => void): Promise<AsyncDisposable> {
    return this.#parts.bus.subscribe(topic, (text) => {
      const message = this.#open(topic, text);
      if (message !== undefined) receive(message);
    });
  }

  #open(topic: string, text: string): NodeMessage | undefined {
    const { keyRing, node, now, refused } = this.#parts;
    const message = readMessage(keyRing, topic, text);
    if (typeof message === "string") return void refused(message);
    const { from, at, number } = message;
    if (from === node) return undefined;
    if (Math.abs(now() - at) > LONGEST_WAY) return void refused("stale");
    if (!this.#windowOf(from).admit(number)) return void refused("replayed");
    const body = this.#assembler.add(topic, message);
    return body === undefined ? undefined : { from, body };
  }

  #windowOf(sender: string): ReplayWindow {
    const window = this.#senders.get(sender) ?? new ReplayWindow();
    // The last one is the one heard last.
    this.#senders.delete(sender);
    this.#senders.set(sender, window);
    if (this.#senders.size > MOST_SENDERS) {
      const [oldest] = this.#senders.keys();
      if (oldest !== undefined) this.#senders.delete(oldest);
    }
    return window;
  }
}
