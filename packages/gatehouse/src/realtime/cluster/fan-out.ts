import type { Clock } from "../../kernel/clock.ts";

/** Recipients that have their turn before others of the process have theirs, and how long that may take in milliseconds. */
const SLICE = 1_000;
const SLICE_TIME = 8;
/** How often the time is looked at. */
const LOOK = 64;
const MEBIBYTE = 1024 * 1024;
/** Characters that may wait before something is left out. */
const ROOM = { little: 8 * MEBIBYTE, much: 32 * MEBIBYTE, any: Infinity } as const;
/** Tellings that are done with are taken off the list so many at a time. */
const COMPACTION = 256;

/** Something that every one of a list is told. */
export interface Telling<Recipient> {
  readonly recipients: readonly Recipient[];
  /** Tells one of them. */
  readonly tell: (recipient: Recipient) => void;
  /** What it keeps in memory while it waits, in characters. */
  readonly size: number;
  /** How much may wait before it is left out. */
  readonly room: keyof typeof ROOM;
}

/** What a fan-out works with. */
export interface FanOutParts {
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/**
 * Tells many recipients in the order in which it was asked to, some hundreds at a time, so that nothing else of the
 * process waits for long. Never waits for a recipient.
 */
export class FanOut<Recipient> {
  readonly #parts: FanOutParts;
  #list: Telling<Recipient>[] = [];
  /** How many of the list have been told to all, and how many recipients have heard the next one. */
  #done = 0;
  #heard = 0;
  #size = 0;
  /** How many recipients have had their turn in this slice. */
  #spent = 0;
  #isWorking = false;
  #isResting = false;

  constructor(parts: FanOutParts) {
    this.#parts = parts;
  }

  /** How many tellings wait for their turn. */
  get waiting(): number {
    return this.#list.length - this.#done;
  }

  /** Tells all of a list; `false` where too much waits already, so that none of it is told. */
  add(telling: Telling<Recipient>): boolean {
    if (telling.recipients.length === 0) return true;
    if (this.#size > ROOM[telling.room]) return false;
    this.#size += telling.size;
    this.#list.push(telling);
    // Whoever is being told something may ask for more: that has its turn afterwards.
    if (!this.#isWorking && !this.#isResting) this.#work();
    return true;
  }

  #work(): void {
    this.#isWorking = true;
    const until = this.#parts.clock.monotonic() + SLICE_TIME;
    for (let next = this.#list[this.#done]; next !== undefined; next = this.#list[this.#done]) {
      if (!this.#tell(next, until)) break;
      this.#size -= next.size;
      this.#done += 1;
      this.#heard = 0;
    }
    if (this.#done >= COMPACTION || this.#done === this.#list.length) {
      this.#list = this.#list.slice(this.#done);
      this.#done = 0;
    }
    this.#isWorking = false;
    this.#rest();
  }

  /** Whether all have been told. */
  #tell({ recipients, tell }: Telling<Recipient>, until: number): boolean {
    while (this.#heard < recipients.length) {
      if (this.#spent >= SLICE) return false;
      this.#spent += 1;
      if (this.#spent % LOOK === 0 && this.#parts.clock.monotonic() > until) this.#spent = SLICE;
      const recipient = recipients[this.#heard];
      this.#heard += 1;
      if (recipient === undefined) continue;
      try {
        tell(recipient);
      } catch (error) {
        this.#parts.report(error);
      }
    }
    return true;
  }

  /** A new slice begins when the event loop has come round. */
  #rest(): void {
    const isFirst = !this.#isRenewing;
    this.#isResting = this.waiting > 0;
    if (!isFirst) return;
    this.#isRenewing = true;
    setImmediate(() => {
      this.#isRenewing = false;
      this.#isResting = false;
      this.#spent = 0;
      if (this.waiting > 0) this.#work();
    });
  }

  #isRenewing = false;
}
