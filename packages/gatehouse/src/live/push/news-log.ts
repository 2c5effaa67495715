/** When something last became stale. */
interface News {
  readonly number: number;
  /** Epoch milliseconds at which this process heard of it. */
  readonly at: number;
}

/** What is known of the log. */
export interface NewsLogParts {
  /** Keys that are remembered; of the others nobody knows when they last became stale. */
  readonly size: number;
  readonly newEpoch: () => string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A point in the log as streams name it: `<epoch>.<number>`. */
const POSITION = /^([A-Za-z0-9_-]{1,32})\.(\d{1,15})$/;

/**
 * When what became stale, as far as this process has heard. Positions in it mean nothing to any other process, nor to
 * this one after something may have been missed: the epoch says so.
 */
export class NewsLog {
  readonly #size: number;
  readonly #newEpoch: () => string;
  /** By key, the longest unchanged first. */
  readonly #latest = new Map<string, News>();
  #epoch: string;
  #number = 0;
  /** The newest that was forgotten. */
  #forgotten = 0;
  #completeSince: number;

  constructor({ size, newEpoch, now }: NewsLogParts) {
    this.#size = size;
    this.#newEpoch = newEpoch;
    this.#epoch = newEpoch();
    this.#completeSince = now;
  }

  /** The point of somebody who has heard everything. */
  get position(): string {
    return `${this.#epoch}.${this.#number}`;
  }

  append(key: string, now: number): void {
    this.#number += 1;
    this.#latest.delete(key);
    this.#latest.set(key, { number: this.#number, at: now });
    if (this.#latest.size <= this.#size) return;
    const [oldest] = this.#latest;
    if (oldest === undefined) return;
    const [forgotten, { number, at }] = oldest;
    this.#latest.delete(forgotten);
    this.#forgotten = number;
    this.#completeSince = Math.max(this.#completeSince, at + 1);
  }

  /** Begins a new epoch: something may have been missed until `now`. */
  reset(now: number): void {
    this.#epoch = this.#newEpoch();
    this.#completeSince = now + 1;
    this.#latest.clear();
    this.#number = 0;
    this.#forgotten = 0;
  }

  /** Tells of a key whether it has become stale after a position; `undefined` where nobody knows. */
  after(position: string): ((key: string) => boolean) | undefined {
    const [, epoch, digits] = POSITION.exec(position) ?? [];
    const number = Number(digits);
    if (epoch !== this.#epoch || number < this.#forgotten || number > this.#number) return undefined;
    return (key) => (this.#latest.get(key)?.number ?? 0) > number;
  }

  /** Tells of a key whether it has become stale at a time or later; `undefined` where nobody knows. */
  since(time: number): ((key: string) => boolean) | undefined {
    if (time < this.#completeSince) return undefined;
    return (key) => (this.#latest.get(key)?.at ?? -Infinity) >= time;
  }
}
