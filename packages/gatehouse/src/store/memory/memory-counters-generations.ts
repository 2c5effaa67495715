import type { Tally } from "../../kernel/limit/tally.ts";

/**
 * Tallies that are certainly empty `horizon` milliseconds after their last use, in two generations. A tally in use
 * moves to the young one; each horizon the old one is dropped as a whole. So nothing is searched, nothing needs a
 * timer, and nothing that still counts is ever forgotten.
 */
export class Generations {
  /** Milliseconds. */
  readonly horizon: number;
  /** Keys used since they were last asked for; only filled where `tracked`. */
  readonly changed = new Set<string>();
  readonly tracked: boolean;
  #young = new Map<string, Tally>();
  #old = new Map<string, Tally>();
  #turnAt: number;

  constructor(horizon: number, now: number, tracked: boolean) {
    this.horizon = horizon;
    this.tracked = tracked;
    this.#turnAt = now + horizon * 1000;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Microsecond of the next turn. */
  get turnAt(): number {
    return this.#turnAt;
  }

  find(key: string): Tally | undefined {
    const young = this.#young.get(key);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#young.set(key, old);
    return old;
  }

  set(key: string, tally: Tally): void {
    this.#old.delete(key);
    this.#young.set(key, tally);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
    this.note(key);
  }

  /** Notes that a key's tally has changed. */
  note(key: string): void {
    if (this.tracked) this.changed.add(key);
  }

  entries(): [string, Tally][] {
    return [...this.#old, ...this.#young];
  }

  /** Drops what nobody has used for a horizon, when it is time to. */
  turn(now: number): void {
    if (now < this.#turnAt) return;
    const span = this.horizon * 1000;
    // Every use since the last turn would have turned the generations first: after two spans both are empty.
    this.#old = now >= this.#turnAt + span ? new Map<string, Tally>() : this.#young;
    this.#young = new Map();
    this.#turnAt = now + span;
    // Nobody may ever ask for what has changed; keys that are gone are not worth telling of.
    for (const key of this.changed) if (!this.#old.has(key)) this.changed.delete(key);
  }
}
