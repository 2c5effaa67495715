import type { ChannelKey, StoredPublication, StreamPosition } from "../../kernel/ports/publications.ts";
import type { Pushed } from "../pushed.ts";
import { pushedFrom } from "./hub-messages.ts";
import type { StreamReader } from "./stream-reader.ts";

/** What keeps a stream in order. */
export interface StreamOrderParts {
  readonly key: ChannelKey;
  readonly reader: StreamReader;
  /** Told each publication once, in the order of its offset. */
  readonly next: (pushed: Pushed) => void;
  /** Told when something is missing for good; everything is forgotten then. */
  readonly lost: () => void;
  readonly report: (error: unknown) => void;
}

/** Publications that may wait for earlier ones, and characters of them. */
const MOST_WAITING = 1_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;
/** Publications that are fetched for those who hear a channel; who has missed more recovers. */
const MOST_FETCHED = 1_000;

/** A publication with its place in the stream. */
export type Positioned = Pushed & { readonly position: StreamPosition };

interface Place {
  readonly offset: number;
  readonly epoch: string;
}

/** Nothing had been published when the stream was looked at: it begins with the first publication, of whichever run. */
const OPEN = "open";

/**
 * The publications of one channel in order, each once, whatever the bus loses, repeats or turns around: what is missing
 * is read from the store.
 */
export class StreamOrder {
  readonly #parts: StreamOrderParts;
  #at: Place | typeof OPEN | undefined;
  readonly #waiting = new Map<number, Positioned>();
  #characters = 0;
  /** A position that the store has. */
  #target: Place | undefined;
  #isFilling = false;
  #isDoubting = false;
  /** Grows when everything is forgotten, so that what was asked for before counts no more. */
  #run = 0;

  constructor(parts: StreamOrderParts) {
    this.#parts = parts;
  }

  /** Whether it is known where the stream is. */
  get isKnown(): boolean {
    return this.#at !== undefined;
  }

  /** Counts how often everything was forgotten. */
  get run(): number {
    return this.#run;
  }

  /** Says where the stream is for those who begin to hear it now; `undefined`: nothing was published on it. */
  begin(position: StreamPosition | undefined): void {
    this.#at = position === undefined ? OPEN : { ...position };
    this.#work();
  }

  /** Forgets where the stream is. */
  forget(): void {
    this.#run += 1;
    this.#at = undefined;
    this.#target = undefined;
    this.#isFilling = false;
    this.#isDoubting = false;
    this.#waiting.clear();
    this.#characters = 0;
  }

  /** Takes what was published. */
  take(pushed: Positioned): void {
    const { offset, epoch } = pushed.position;
    const at = this.#at;
    if (at !== undefined && at !== OPEN) {
      if (at.epoch !== epoch) return void this.#doubt(epoch);
      if (offset <= at.offset) return;
      if (offset === at.offset + 1 && !this.#isFilling) return this.#pass(pushed);
    }
    // Nothing comes before the first one.
    if (at === OPEN && offset === 1 && !this.#isFilling) return this.#pass(pushed);
    if (this.#waiting.has(offset)) return;
    this.#waiting.set(offset, pushed);
    this.#characters += pushed.message.length;
    if (this.#waiting.size > MOST_WAITING || this.#characters > MOST_CHARACTERS) this.#lose();
    else this.#work();
  }

  /** Compares with where the store says the stream is. */
  check(newest: StreamPosition | undefined): void {
    const at = this.#at;
    if (at === undefined || newest === undefined) return;
    if (at !== OPEN && at.epoch !== newest.epoch) return this.#lose();
    if (at !== OPEN && newest.offset <= at.offset) return;
    this.#target = newest;
    this.#work();
  }

  #pass(pushed: Positioned): void {
    this.#at = pushed.position;
    this.#parts.next(pushed);
  }

  #lose(): void {
    this.forget();
    this.#parts.lost();
  }

  #work(): void {
    if (this.#at === undefined || this.#isFilling) return;
    const run = this.#run;
    this.#isFilling = true;
    this.#fill(run).catch((error: unknown) => {
      this.#parts.report(error);
      if (run === this.#run) this.#lose();
    });
  }

  /** Passes on what waits, and reads what is missing in between, until nothing is. */
  async #fill(run: number): Promise<void> {
    for (let fetched = 0; ;) {
      this.#passWaiting();
      if (run !== this.#run) return;
      const wanted = this.#wanted();
      // Nothing may come between finding nothing to do and saying so.
      if (wanted === undefined) return void (this.#isFilling = false);
      const rows = await this.#parts.reader.after(this.#parts.key, wanted);
      if (run !== this.#run) return;
      fetched += rows.length;
      if (fetched > MOST_FETCHED || !this.#passStored(rows)) return this.#lose();
      if (run !== this.#run) return;
    }
  }

  /** After which position something is missing. */
  #wanted(): Place | undefined {
    const at = this.#at;
    if (at === OPEN) {
      const epoch = this.#target?.epoch ?? this.#firstWaiting()?.position.epoch;
      return epoch === undefined ? undefined : { offset: 0, epoch };
    }
    if (at === undefined) return undefined;
    return this.#waiting.size > 0 || (this.#target?.offset ?? 0) > at.offset ? at : undefined;
  }

  /** Passes on what the store has kept; `false` where it has not kept the next one. */
  #passStored(rows: readonly StoredPublication[]): boolean {
    if (this.#at === OPEN && !this.#beginWith(rows[0])) return true;
    for (const row of rows) {
      const at = this.#at;
      if (at === undefined || at === OPEN) return true;
      if (row.offset !== at.offset + 1) return false;
      const { offset, epoch } = row;
      // The one that came over the bus knows more of whom it is for.
      const waiting = this.#takeWaiting(offset);
      const isSame = waiting?.position.epoch === epoch;
      this.#pass(isSame ? waiting : { ...pushedFrom(this.#parts.key, row), position: { offset, epoch } });
    }
    return rows.length > 0;
  }

  /** Begins with the first there is: what came before it is missing. Whether the store has one. */
  #beginWith(stored: StoredPublication | undefined): boolean {
    const first = stored ?? this.#firstWaiting()?.position;
    if (first !== undefined) this.#at = { offset: 0, epoch: first.epoch };
    else this.#target = undefined;
    return stored !== undefined;
  }

  #passWaiting(): void {
    for (let at = this.#at; at !== undefined && at !== OPEN; at = this.#at) {
      for (const [offset, { position }] of this.#waiting) {
        if (position.epoch !== at.epoch) void this.#doubt(position.epoch);
        if (position.epoch !== at.epoch || offset <= at.offset) this.#takeWaiting(offset);
      }
      const next = this.#takeWaiting(at.offset + 1);
      if (next === undefined) return;
      this.#pass(next);
    }
  }

  #firstWaiting(): Positioned | undefined {
    let first: Positioned | undefined;
    for (const waiting of this.#waiting.values()) {
      if (first === undefined || waiting.position.offset < first.position.offset) first = waiting;
    }
    return first;
  }

  #takeWaiting(offset: number): Positioned | undefined {
    const waiting = this.#waiting.get(offset);
    if (waiting !== undefined && this.#waiting.delete(offset)) this.#characters -= waiting.message.length;
    return waiting;
  }

  /** Something of another run of the stream: either that run is new, or what came is old. */
  async #doubt(epoch: string): Promise<void> {
    if (this.#isDoubting) return;
    this.#isDoubting = true;
    const run = this.#run;
    const newest = await this.#parts.reader.position(this.#parts.key).catch(this.#parts.report);
    if (run !== this.#run) return;
    this.#isDoubting = false;
    if (newest === undefined || newest.epoch === epoch) this.#lose();
  }
}
