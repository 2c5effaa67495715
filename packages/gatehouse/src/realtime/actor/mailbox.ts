import type { ActorAddress } from "../../kernel/ports/actors.ts";
import { addressText } from "./known-actors.ts";

/** How many commands may wait for one actor. */
const MOST_WAITING = 1000;

interface Mailbox {
  size: number;
  /** Resolves once the last one that entered has passed. */
  tail: Promise<void>;
}

/** A command's place in the order of its actor. */
export interface Ticket {
  /** Resolves when all who entered before have passed. */
  readonly turn: Promise<void>;
  /** Lets the next one's turn come. */
  pass(): void;
  /** Gives the place back, once the command has come to its end. */
  leave(): void;
}

/**
 * Orders commands by actor: first come, first served, one turn at a time. Actors nobody waits for take no memory; nothing
 * else of an actor lives here, because its state is the store's.
 */
export class Mailboxes {
  readonly #mailboxes = new Map<string, Mailbox>();
  readonly #idle: (() => void)[] = [];

  /** How many commands wait or run. */
  get size(): number {
    let size = 0;
    for (const mailbox of this.#mailboxes.values()) size += mailbox.size;
    return size;
  }

  /** How many wait or run of the actor of whom most do. */
  get deepest(): number {
    let deepest = 0;
    for (const { size } of this.#mailboxes.values()) deepest = Math.max(deepest, size);
    return deepest;
  }

  /** A place at the end of the order, or `undefined` where too many wait. */
  enter(address: ActorAddress): Ticket | undefined {
    const text = addressText(address);
    const mailbox = this.#mailboxes.get(text) ?? { size: 0, tail: Promise.resolve() };
    if (mailbox.size >= MOST_WAITING) return undefined;
    mailbox.size += 1;
    this.#mailboxes.set(text, mailbox);
    const turn = mailbox.tail;
    const { promise, resolve } = Promise.withResolvers<void>();
    // Whoever leaves early lets nobody overtake those before it.
    mailbox.tail = Promise.all([turn, promise]).then(() => undefined);
    return {
      turn,
      pass: resolve,
      leave: () => {
        resolve();
        mailbox.size -= 1;
        if (mailbox.size === 0) this.#mailboxes.delete(text);
        if (this.#mailboxes.size === 0) for (const done of this.#idle.splice(0)) done();
      },
    };
  }

  /** Resolves once nobody waits or runs. */
  async idle(): Promise<void> {
    if (this.#mailboxes.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}
