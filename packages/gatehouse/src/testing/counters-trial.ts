import assert from "node:assert/strict";

import type { Counters, Decision, LimitCheck, LimitRule, LimitState, Reservation } from "../kernel/ports/counters.ts";
import { createFakeClock } from "./fake-clock.ts";

/** Counters under test and what every test needs. */
export class Trial {
  readonly clock = createFakeClock();
  #counters: Counters | undefined;
  #names = 0;

  get counters(): Counters {
    assert.ok(this.#counters !== undefined);
    return this.#counters;
  }

  set counters(counters: Counters) {
    this.#counters = counters;
  }

  freshName(): string {
    this.#names += 1;
    return `name-${this.#names}`;
  }

  /** A check under a key of its own. */
  check(rule: LimitRule, cost = 1): LimitCheck {
    const name = this.freshName();
    return { policy: `policy of ${name}`, key: name, rule, cost };
  }

  async take(...checks: LimitCheck[]): Promise<Decision> {
    return this.counters.take(checks);
  }

  async one(asked: LimitCheck): Promise<LimitState> {
    return first((await this.take(asked)).states);
  }

  /** How many of `count` attempts in a row are admitted. */
  async times(count: number, asked: LimitCheck): Promise<number> {
    let admitted = 0;
    for (let index = 0; index < count; index += 1) if ((await this.take(asked)).admitted) admitted += 1;
    return admitted;
  }
}

function first<Item>(items: readonly Item[]): Item {
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
}

/** One of each kind with the same limit. */
export function everyKind(limit: number): [LimitRule, LimitRule, LimitRule] {
  return [
    { kind: "window", limit, window: 1000 },
    { kind: "bucket", limit, window: 1000, burst: limit },
    { kind: "concurrency", limit, window: 1000 },
  ];
}

/** What an admitted attempt can give back. */
export function reservationOf(decision: Decision): Reservation {
  assert.ok(decision.reservation !== undefined, "the attempt was expected to be admitted");
  return decision.reservation;
}
