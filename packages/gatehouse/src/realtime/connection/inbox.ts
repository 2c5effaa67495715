import type { Command } from "../protocol/command.ts";
import { Budget } from "./budget.ts";
import type { ConnectionSettings } from "./parts.ts";

/** Commands that may wait for the ones before them. */
const MOST_WAITING = 256;
/** How many times more than it may a connection sends before it is closed. */
const GROSS = 20;
/** Newer tokens: one a second, so many at once. Each is looked at, and has every channel asked for again. */
const TOKENS = 1;
const TOKEN_BURST = 5;
/** Milliseconds after which a client may come back with what was one too many. */
const SECOND = 1_000;

/** What becomes of a command that has arrived. */
export type Arrival = "taken" | "refused" | "flood";

/** A request that waits for its turn. */
export type Waiting = Extract<Command, { readonly kind: "request" }>;

/** Methods of which a client that comes back sends one for each of its channels. */
const OF_CHANNELS: ReadonlySet<string> = new Set(["subscribe", "unsubscribe", "sub_refresh"]);

/** Requests of one connection in the order in which they came, and what it may send. Times never step back. */
export class Inbox {
  readonly #commands: Budget;
  readonly #channels: Budget;
  readonly #tokens = new Budget(TOKENS, TOKEN_BURST);
  readonly #all: Budget;
  readonly #bytes: Budget;
  readonly #errors: Budget;
  #waiting: Waiting[] = [];

  constructor({ commands, commandBurst, channels, bytes, errors }: ConnectionSettings) {
    this.#commands = new Budget(commands, commandBurst);
    this.#channels = new Budget(commands, Math.max(channels, commandBurst));
    this.#all = new Budget(commands * GROSS, (commandBurst + channels) * GROSS);
    this.#bytes = new Budget(bytes, bytes);
    this.#errors = new Budget(errors / 60, errors);
  }

  /** Seconds after which a refused command makes sense again. */
  get retryAfter(): number {
    return Math.max(1, Math.ceil(this.#commands.wait(1) / SECOND));
  }

  /** Takes what has been read; how many milliseconds nothing more should be read, and whether it is a flood. */
  read(bytes: number, now: number): { readonly pause: number; readonly flood: boolean } {
    const pause = this.#bytes.spend(bytes, now);
    return { pause, flood: pause > GROSS * SECOND };
  }

  /** Counts a line or a frame that asks for nothing, or nothing that can be done. */
  count(now: number): Arrival {
    return this.#all.take(now) ? "taken" : "flood";
  }

  /** Counts a newer token, which waits for nothing before it. */
  renew(now: number): Arrival {
    if (!this.#all.take(now)) return "flood";
    return this.#tokens.take(now) ? "taken" : "refused";
  }

  /** Puts a request at the end, where it may be sent. */
  put(command: Waiting, now: number): Arrival {
    if (!this.#all.take(now)) return "flood";
    const budget = OF_CHANNELS.has(command.request.method) ? this.#channels : this.#commands;
    if (this.#waiting.length >= MOST_WAITING || !budget.take(now)) return "refused";
    this.#waiting.push(command);
    return "taken";
  }

  /** The request whose turn it is. */
  next(): Waiting | undefined {
    return this.#waiting.shift();
  }

  /** Counts an error; `false`: there were too many. */
  endure(now: number): boolean {
    return this.#errors.take(now);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
  }
}
