import type { Clock } from "../../kernel/clock.ts";

/** Recipients that have their turn before others of the process have theirs, and how long that may take in milliseconds. */
const SLICE = 1_000;
const SLICE_TIME = 8;
/** How often the time is looked at. */
const LOOK = 64;
const MEBIBYTE = 1024 * 1024;
/** Characters that may wait before something is left out. */
const ROOM = { little: 8 * MEBIBYTE, much: 32 * MEBIBYTE, any: Infinity } as const;
/** Tellings to the same recipients that each of them hears in one turn, and their characters: they go out as one message. */
const MOST_TOGETHER = 64;
const TOGETHER_SIZE = 128 * 1024;
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
  /** How many of the list have been told to all, how many after them go together, and how many recipients have heard those. */
  #done = 0;
  #together: readonly Telling<Recipient>[] = [];
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
    while (this.waiting > 0) {
      if (this.#heard === 0) this.#together = this.#gather();
      if (!this.#tell(until)) break;
      for (const { size } of this.#together) this.#size -= size;
      this.#done += this.#together.length;
      this.#heard = 0;
    }
    if (this.#done >= COMPACTION || this.#done === this.#list.length) {
      this.#list = this.#list.slice(this.#done);
      this.#done = 0;
    }
    this.#isWorking = false;
    this.#rest();
  }

  /** The next ones that are for the same recipients. */
  #gather(): readonly Telling<Recipient>[] {
    const recipients = this.#list[this.#done]?.recipients;
    let end = this.#done;
    let size = 0;
    for (let next = this.#list[end]; next?.recipients === recipients; next = this.#list[end]) {
      size += next?.size ?? 0;
      if (end > this.#done && (size > TOGETHER_SIZE || end - this.#done >= MOST_TOGETHER)) break;
      end += 1;
    }
    return this.#list.slice(this.#done, end);
  }

  /** Whether all have been told. */
  #tell(until: number): boolean {
    const recipients = this.#together[0]?.recipients ?? [];
    while (this.#heard < recipients.length) {
      if (this.#spent >= SLICE) return false;
      this.#spent += 1;
      if (this.#spent % LOOK === 0 && this.#parts.clock.monotonic() > until) this.#spent = SLICE;
      const recipient = recipients[this.#heard];
      this.#heard += 1;
      if (recipient !== undefined) this.#tellOne(recipient);
    }
    return true;
  }

  #tellOne(recipient: Recipient): void {
    for (const { tell } of this.#together) {
      try {
        tell(recipient);
      } catch (error) {
        this.#parts.report(error);
      }
    }
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
