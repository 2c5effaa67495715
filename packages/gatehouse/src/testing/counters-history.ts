import assert from "node:assert/strict";
import fc from "fast-check";

import type { Counters, LimitCheck, LimitRule, LimitState, Reservation } from "../kernel/ports/counters.ts";
import { CountersModel } from "./counters-model.ts";
import type { FakeClock } from "./fake-clock.ts";

const RULES: readonly LimitRule[] = [
  { kind: "window", limit: 3, window: 10 },
  { kind: "window", limit: 7, window: 23 },
  { kind: "window", limit: 1500, window: 300 },
  { kind: "bucket", limit: 3, window: 7, burst: 4 },
  { kind: "bucket", limit: 1000, window: 3, burst: 900 },
  { kind: "bucket", limit: 1, window: 20, burst: 2 },
  { kind: "concurrency", limit: 3, window: 31 },
];

interface Wanted {
  readonly rule: number;
  readonly subject: number;
  readonly cost: number;
}

/** One thing that happens in a history; numbers are reduced to what there is to choose from. */
export type HistoryStep =
  | { readonly kind: "wait"; readonly milliseconds: number }
  | { readonly kind: "take"; readonly wanted: readonly Wanted[] }
  | { readonly kind: "release" | "renew"; readonly taken: number; readonly part: number };

/** Random steps. */
export const historyStep: fc.Arbitrary<HistoryStep> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      milliseconds: fc.oneof(fc.nat(5), fc.nat(80)),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("take" as const),
      wanted: fc.uniqueArray(
        fc.record({
          rule: fc.nat(RULES.length - 1),
          subject: fc.nat(1),
          cost: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 800 })),
        }),
        { minLength: 1, maxLength: 3, selector: ({ rule }) => rule },
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("release" as const, "renew" as const),
      taken: fc.nat(100),
      part: fc.nat(3),
    }),
  },
);

/** Runs one random history against an adapter and the model side by side. */
export class History {
  readonly #counters: Counters;
  readonly #clock: FakeClock;
  readonly #prefix: string;
  readonly #model = new CountersModel();
  readonly #taken: { readonly reservation: Reservation; readonly entries: ReturnType<CountersModel["take"]> }[] = [];

  constructor(counters: Counters, clock: FakeClock, prefix: string) {
    this.#counters = counters;
    this.#clock = clock;
    this.#prefix = prefix;
  }

  async run(steps: readonly HistoryStep[]): Promise<void> {
    for (const current of steps) {
      if (current.kind === "wait") await this.#clock.advance(current.milliseconds);
      else if (current.kind === "take") await this.#take(current.wanted);
      else await this.#return(current);
    }
  }

  async #take(wanted: readonly Wanted[]): Promise<void> {
    const checks = wanted.map(({ rule, subject, cost }): LimitCheck => {
      const key = `${this.#prefix}-${rule}-${subject}`;
      return { policy: `rule-${rule}`, key, rule: ruleAt(rule), cost };
    });
    const now = this.#clock.now();
    const decision = await this.#counters.take(checks);
    for (const [index, state] of decision.states.entries()) this.#compare(checks[index], state, now);
    assert.equal(
      decision.admitted,
      decision.states.every(({ retryAfter }) => retryAfter === 0),
    );
    const { reservation } = decision;
    if (reservation === undefined) return;
    const entries = this.#model.take(checks, now);
    this.#taken.push({ reservation, entries });
    for (const [index, state] of decision.states.entries()) this.#compareRemaining(checks[index], state, now);
  }

  #compare(check: LimitCheck | undefined, state: LimitState, now: number): void {
    assert.ok(check !== undefined);
    const { rule, key, cost } = check;
    const expected = this.#model.answer(check, now);
    const exact = rule.limit <= 1024 && !(rule.kind === "bucket" && this.#model.hasReturns(key));
    if (exact) assert.equal(state.retryAfter, expected.retryAfter, JSON.stringify({ check, state, expected }));
    else if (state.retryAfter === 0) assert.equal(expected.retryAfter, 0, "over-admission");
    else if (rule.kind !== "bucket") {
      // A coarse window may count what has left the window less than one sub-window ago.
      const span = rule.window + Math.ceil(rule.window / 60);
      assert.ok(this.#model.used(key, span, now) + cost > rule.limit, "refused although there was room");
    }
  }

  #compareRemaining(check: LimitCheck | undefined, state: LimitState, now: number): void {
    assert.ok(check !== undefined);
    const { remaining } = this.#model.answer(check, now);
    const exact = check.rule.limit <= 1024 && !(check.rule.kind === "bucket" && this.#model.hasReturns(check.key));
    if (exact) assert.equal(state.remaining, remaining);
    else assert.ok(state.remaining <= remaining);
  }

  async #return({ kind, taken: number, part }: Extract<HistoryStep, { readonly part: number }>): Promise<void> {
    const taken = this.#taken[number % Math.max(1, this.#taken.length)];
    if (taken === undefined) return;
    const { reservation, entries } = taken;
    const parts = reservation.checks.map((_, index) => part === 0 || part - 1 === index);
    await this.#counters[kind]({ ...reservation, checks: reservation.checks.filter((_, index) => parts[index]) });
    for (const [index, entry] of entries.entries()) {
      if (!parts[index]) continue;
      if (kind === "release") entry.givenBack = true;
      else if (reservation.checks[index]?.rule.kind === "concurrency") entry.time = this.#clock.now();
    }
  }
}

function ruleAt(index: number): LimitRule {
  const rule = RULES[index];
  if (rule === undefined) throw new RangeError("There is no such rule.");
  return rule;
}
