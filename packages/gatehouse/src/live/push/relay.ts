import type { Clock } from "../../kernel/clock.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import type { Timers } from "../../kernel/timers.ts";
import { readMessage, type Message, type Tidings } from "./relay-message.ts";

/** What a relay works with. */
export interface RelayParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Names this process among the servers of the installation. */
  readonly name: string;
  /** Told what other servers tell. */
  readonly heard: (tidings: Tidings) => void;
  /** Told that something another server told may have been missed. */
  readonly missed: () => void;
  readonly report: (error: unknown) => void;
}

const TOPIC = "gatehouse.live";
/** Milliseconds between signs of life, which let everybody see whether they missed something. */
const BEAT = 15_000;
/** Milliseconds for which they go on after the last message: longer than a loss that nobody's own beats would show. */
const BEATS_ON = 60_000;
/** Milliseconds before another attempt to subscribe. */
const RETRY = 1_000;
/** Milliseconds in which the others introduce themselves to a server that has just come. */
const SETTLING = 2_000;
/** Servers that are remembered; long-gone ones are forgotten first. */
const MOST_SERVERS = 1_000;

/**
 * Tells the other servers of an installation, over a bus that may lose messages. Each server numbers what it sends, so
 * that whoever gets the next one knows whether something is missing; while there is somebody to be told, a server
 * sends to itself as well, and so finds out that its own subscription has lapsed.
 */
export class Relay implements AsyncDisposable {
  readonly #parts: RelayParts;
  /** The last number of each server. */
  readonly #numbers = new Map<string, number>();
  #sent = 0;
  #lastSent = -Infinity;
  #since: number | undefined;
  #subscription: AsyncDisposable | undefined;
  #opening: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #beat: Disposable | undefined;
  #awake = false;
  #ended = false;

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** Subscribes, in the background for as long as the bus is away. */
  open(): void {
    this.#opening = this.#subscribe(false);
  }

  /** Tells the others. */
  tell(tidings: Tidings): void {
    if (this.#ended) return;
    this.#lastSent = this.#parts.clock.monotonic();
    this.#send(tidings);
    this.#keepBeating();
  }

  /** Says whether there is somebody whom missed tidings would matter to. */
  set awake(awake: boolean) {
    this.#awake = awake;
    if (awake) this.#keepBeating();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#beat?.[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    await this.#opening;
    await this.#subscription?.[Symbol.asyncDispose]();
  }

  async #subscribe(late: boolean): Promise<void> {
    const { bus, clock, missed, report, timers } = this.#parts;
    try {
      this.#subscription = await bus.subscribe(TOPIC, (text) => this.#receive(text));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) report(error);
      if (this.#ended) return;
      this.#retry = timers.after(RETRY, () => void (this.#opening = this.#subscribe(true)), "background");
      return;
    }
    this.#since = clock.monotonic();
    if (late) missed();
    this.#send({ kind: "hello" });
  }

  #send(tidings: Tidings): void {
    if (this.#ended) return;
    this.#sent += 1;
    const message: Message = { from: this.#parts.name, number: this.#sent, tidings };
    // What does not arrive is missing in the numbers of what does.
    this.#parts.bus.publish(TOPIC, JSON.stringify(message)).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) this.#parts.report(error);
    });
  }

  #receive(text: string): void {
    const message = readMessage(text);
    if (message === undefined || this.#ended) return;
    const { from, number, tidings } = message;
    this.#count(from, number);
    if (from === this.#parts.name) return;
    if (tidings.kind === "hello") this.#send({ kind: "beat" });
    else if (tidings.kind !== "beat") this.#parts.heard(tidings);
  }

  #count(from: string, number: number): void {
    const last = this.#numbers.get(from);
    if (last !== undefined && number <= last) return;
    this.#numbers.set(from, number);
    if (this.#numbers.size > MOST_SERVERS) {
      const [oldest] = this.#numbers.keys();
      if (oldest !== undefined) this.#numbers.delete(oldest);
    }
    if (last === undefined ? number > 1 && !this.#isSettling : number !== last + 1) this.#parts.missed();
  }

  get #isSettling(): boolean {
    return this.#since === undefined || this.#parts.clock.monotonic() - this.#since < SETTLING;
  }

  #keepBeating(): void {
    if (this.#ended || this.#beat !== undefined) return;
    this.#beat = this.#parts.timers.after(
      BEAT,
      () => {
        this.#beat = undefined;
        if (!this.#awake && this.#parts.clock.monotonic() - this.#lastSent > BEATS_ON) return;
        this.#send({ kind: "beat" });
        this.#keepBeating();
      },
      "background",
    );
  }
}
