import type { Transport } from "../transport.ts";
import type { Flusher } from "./flusher.ts";

/** What an outbox is kept with. */
export interface OutboxParts {
  readonly transport: Transport;
  readonly flusher: Flusher;
  /** From which volatile news are dropped or coalesced, in bytes. */
  readonly soft: number;
  /** From which the reader is too slow, in bytes. */
  readonly hard: number;
  /** Called once the reader is too slow. */
  readonly slow: () => void;
  /** Called once something is withheld. */
  readonly withholding: () => void;
}

/** Names of which a slow reader gets the latest news later. */
const MOST_WITHHELD = 64;

/**
 * What is on its way to one client: our own queue and what the network has not taken yet, counted together. All that is
 * said in one turn of the event loop goes out as one message.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #withheld: Map<string, Uint8Array> | undefined;
  #closed = false;
  /** Volatile news that this reader did not get. */
  dropped = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Bytes that the client has not been sent or has not taken. */
  get size(): number {
    return this.#queued + this.#parts.transport.buffered;
  }

  /** Whether there is something to be said once the reader has caught up. */
  get isWithholding(): boolean {
    return this.#withheld !== undefined;
  }

  /** Says something that has to arrive. The bytes may be shared. */
  send(message: Uint8Array): void {
    if (this.#closed) return;
    this.#queue.push(message);
    this.#queued += message.byteLength;
    if (this.size > this.#parts.hard) return this.#overflow();
    if (this.#queue.length === 1) this.#parts.flusher.add(this);
  }

  /** Says what may be lost. Of one name, a slow reader gets the latest once it has caught up. */
  sendVolatile(message: Uint8Array, name?: string): void {
    if (this.size + message.byteLength <= this.#parts.soft) {
      if (name !== undefined) this.#forget(name);
      return this.send(message);
    }
    this.dropped += 1;
    if (name !== undefined && !this.#closed) this.#withhold(name, message);
  }

  /** Says what was withheld, where the reader has caught up. */
  catchUp(): void {
    for (const [name, message] of this.#withheld ?? []) {
      if (this.size + message.byteLength > this.#parts.soft) return;
      this.#forget(name);
      this.dropped -= 1;
      this.send(message);
    }
  }

  /** Hands over what has been said. */
  flush(): void {
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    this.#parts.transport.send(this.#parts.flusher.join(queue));
  }

  /** Hands over what has been said, and says nothing any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.flush();
    this.#withheld = undefined;
  }

  #withhold(name: string, message: Uint8Array): void {
    const withheld = this.#withheld ?? new Map<string, Uint8Array>();
    withheld.delete(name);
    withheld.set(name, message);
    if (withheld.size > MOST_WITHHELD) {
      const [oldest] = withheld.keys();
      if (oldest !== undefined) withheld.delete(oldest);
    }
    if (this.#withheld !== undefined) return;
    this.#withheld = withheld;
    this.#parts.withholding();
  }

  #forget(name: string): void {
    if (this.#withheld?.delete(name) === true && this.#withheld.size === 0) this.#withheld = undefined;
  }

  #overflow(): void {
    // Whoever does not read is not sent what is left, either.
    this.#queue = [];
    this.#queued = 0;
    this.#closed = true;
    this.#withheld = undefined;
    this.#parts.slow();
  }
}
