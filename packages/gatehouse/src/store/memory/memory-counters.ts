import type { Clock } from "../../kernel/clock.ts";
import { assertChecks, stateOf } from "../../kernel/limit/decide.ts";
import { createTally, horizonOf, restoreState, shiftState, tallyKind } from "../../kernel/limit/tallies.ts";
import type { Tally, TallyState } from "../../kernel/limit/tally.ts";
import type {
  Counters,
  Decision,
  LimitCheck,
  LimitRule,
  LimitState,
  Reservation,
} from "../../kernel/ports/counters.ts";
import { Generations } from "./memory-counters-generations.ts";
import { outstanding, Taking, type Shared } from "./memory-counters-taking.ts";

/** How counters in memory behave. */
export interface MemoryCountersOptions {
  readonly clock: Clock;
  /**
   * Keys held at most; default 500,000. Beyond it new keys of a policy share one tally, so that a flood of sources
   * can neither fill the memory nor push out what is counted for others.
   */
  readonly maximumKeys?: number;
  /** Windows of at least this many milliseconds are noted for `changed()`. Default 600,000, ten minutes. */
  readonly lastingWindow?: number;
}

/** One key's tally, in wall-clock time, to be kept over a restart. */
export interface CounterSnapshot {
  readonly key: string;
  /** Milliseconds after its last use at which it is empty. */
  readonly horizon: number;
  /** Times in epoch microseconds; `undefined` when the key was forgotten. */
  readonly state: TallyState | undefined;
}

/** Counters in the memory of one process. */
export interface MemoryCounters extends Counters {
  take(checks: readonly LimitCheck[]): Decision;
  release(reservation: Reservation): void;
  renew(reservation: Reservation): void;
  reset(keys?: readonly string[]): void;
  /** How many keys are held, and whether new ones share tallies at the moment. */
  usage(): { readonly keys: number; readonly overflowing: boolean };
  /** Everything counted. */
  snapshot(): CounterSnapshot[];
  /** What has changed in lasting windows since the last call. */
  changed(): CounterSnapshot[];
  /** Notes keys as changed again, after writing them down has failed. */
  markChanged(snapshots: readonly CounterSnapshot[]): void;
  /** Takes over what an earlier process has counted; keys already in use are left alone. */
  restore(snapshots: readonly CounterSnapshot[]): void;
}

const MAXIMUM_KEYS = 500_000;
const LASTING_WINDOW = 600_000;
/** Microseconds for which the difference between the clocks is taken to stand. */
const STEP_LIFETIME = 200_000;

/**
 * Counters in memory: decisions in constant time without timers, on a clock that does not jump.
 * Disposing them forgets everything.
 */
export function createMemoryCounters(options: MemoryCountersOptions): MemoryCounters {
  return new Table(options);
}

class Table implements MemoryCounters {
  readonly #clock: Clock;
  readonly #maximumKeys: number;
  readonly #lastingWindow: number;
  readonly #generations = new Map<number, Generations>();
  /** The shared tallies of policies whose new keys found no room. */
  readonly #overflow = new Map<string, Shared>();
  /** Generations by the exact horizon of a rule, so that rounding is done once. */
  readonly #byHorizon = new Map<number, Generations>();
  #nextTurn = Infinity;
  /** Milliseconds between the monotonic clock and the wall clock, looked up again when `#stepUntil` has passed. */
  #step = 0;
  #stepUntil = -Infinity;

  constructor(options: MemoryCountersOptions) {
    this.#clock = options.clock;
    this.#maximumKeys = options.maximumKeys ?? MAXIMUM_KEYS;
    this.#lastingWindow = options.lastingWindow ?? LASTING_WINDOW;
  }

  take(checks: readonly LimitCheck[]): Decision {
    assertChecks(checks);
    const now = this.#now();
    if (now >= this.#nextTurn) this.#turn(now);
    const only = checks[0];
    return checks.length === 1 && only !== undefined ? this.#takeOne(only, checks, now) : this.#takeAll(checks, now);
  }

  /** The same as `#takeAll`, without its loops: most decisions are about one policy. */
  #takeOne(check: LimitCheck, checks: readonly LimitCheck[], now: number): Decision {
    const taking = this.#begin(check, undefined, now);
    const { tally } = taking;
    const wait = tally.wait(check.rule, check.cost, now);
    if (wait === 0) this.#finish(taking, now);
    const states = [stateOf(check, tally, { now, wall: this.#wall(now), wait })];
    return wait === 0 ? { admitted: true, states, reservation: { checks, mark: taking } } : { admitted: false, states };
  }

  #takeAll(checks: readonly LimitCheck[], now: number): Decision {
    const wall = this.#wall(now);
    let last: Taking | undefined;
    let isFree = true;
    for (const check of checks) {
      last = this.#begin(check, last, now);
      // Not `> 0`: a wait that is no number, from a rule that makes no sense, refuses too.
      if (last.tally.wait(check.rule, check.cost, now) !== 0) isFree = false;
    }
    const states = new Array<LimitState>(checks.length);
    let index = checks.length;
    for (let taking = last; taking !== undefined; taking = taking.before) {
      const { check, tally } = taking;
      index -= 1;
      if (isFree) this.#finish(taking, now);
      const wait = isFree ? 0 : tally.wait(check.rule, check.cost, now);
      states[index] = stateOf(check, tally, { now, wall, wait });
    }
    return isFree ? { admitted: true, states, reservation: { checks, mark: last } } : { admitted: false, states };
  }

  release(reservation: Reservation): void {
    const now = this.#now();
    for (const { taking, stamp } of outstanding(reservation)) {
      taking.stamp = undefined;
      taking.tally.giveBack(taking.check, stamp, now);
    }
  }

  renew(reservation: Reservation): void {
    const now = this.#now();
    if (now >= this.#nextTurn) this.#turn(now);
    for (const { taking, stamp } of outstanding(reservation)) {
      const { check } = taking;
      if (check.rule.kind !== "concurrency") continue;
      taking.tally.giveBack(check, stamp, now);
      // The tally may have been forgotten together with what had freed itself.
      const again = this.#begin(check, undefined, now);
      this.#finish(again, now);
      taking.tally = again.tally;
      taking.stamp = again.stamp;
    }
  }

  reset(keys?: readonly string[]): void {
    if (keys === undefined) {
      for (const generations of this.#generations.values()) {
        for (const [key] of generations.entries()) generations.delete(key);
      }
      this.#overflow.clear();
      return;
    }
    for (const generations of this.#generations.values()) for (const key of keys) generations.delete(key);
  }

  usage(): { readonly keys: number; readonly overflowing: boolean } {
    return { keys: this.#size(), overflowing: this.#overflow.size > 0 };
  }

  snapshot(): CounterSnapshot[] {
    const step = this.#toWallClock();
    return [...this.#generations.values()].flatMap((generations) => {
      const { horizon } = generations;
      return generations.entries().map(([key, tally]) => ({ key, horizon, state: shiftState(tally.state(), step) }));
    });
  }

  changed(): CounterSnapshot[] {
    const step = this.#toWallClock();
    const snapshots: CounterSnapshot[] = [];
    for (const generations of this.#generations.values()) {
      for (const key of generations.changed) {
        const tally = generations.find(key);
        const state = tally === undefined ? undefined : shiftState(tally.state(), step);
        snapshots.push({ key, horizon: generations.horizon, state });
      }
      generations.changed.clear();
    }
    return snapshots;
  }

  markChanged(snapshots: readonly CounterSnapshot[]): void {
    for (const { key, horizon } of snapshots) this.#generations.get(horizon)?.changed.add(key);
  }

  restore(snapshots: readonly CounterSnapshot[]): void {
    const now = this.#now();
    const step = this.#toWallClock();
    for (const { key, horizon, state } of snapshots) {
      if (state === undefined || this.#size() >= this.#maximumKeys) continue;
      const generations = this.#generationsOf(horizon, now);
      if (generations.find(key) !== undefined) continue;
      generations.set(key, restoreState(shiftState(state, -step), now));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#generations.clear();
    this.#byHorizon.clear();
    this.#overflow.clear();
    return Promise.resolve();
  }

  #now(): number {
    return Math.floor(this.#clock.monotonic() * 1000);
  }

  /** Epoch milliseconds. Reading two clocks would cost more than deciding, so one is derived from the other. */
  #wall(now: number): number {
    if (now >= this.#stepUntil) {
      this.#step = this.#clock.now() - Math.round(now / 1000);
      this.#stepUntil = now + STEP_LIFETIME;
    }
    return Math.round(now / 1000) + this.#step;
  }

  /** Microseconds between the tallies' clock and the epoch. */
  #toWallClock(): number {
    return this.#clock.now() * 1000 - this.#now();
  }

  #size(): number {
    let size = 0;
    for (const generations of this.#generations.values()) size += generations.size;
    return size;
  }

  #generationsFor(rule: LimitRule, now: number): Generations {
    const horizon = rule.kind === "bucket" ? horizonOf(rule) : rule.window;
    const known = this.#byHorizon.get(horizon);
    if (known !== undefined) return known;
    // Rounded up to a power of two: a handful of maps, whatever windows are in use.
    const generations = this.#generationsOf(2 ** Math.ceil(Math.log2(horizon)), now);
    this.#byHorizon.set(horizon, generations);
    return generations;
  }

  #generationsOf(horizon: number, now: number): Generations {
    const known = this.#generations.get(horizon);
    if (known !== undefined) return known;
    const generations = new Generations(horizon, now, horizon >= this.#lastingWindow);
    this.#generations.set(horizon, generations);
    this.#nextTurn = Math.min(this.#nextTurn, generations.turnAt);
    return generations;
  }

  /** The tally a key without one is decided by: its own when there is room, else the one its policy shares. */
  #newcomer(check: LimitCheck, now: number): Tally {
    const { rule, policy } = check;
    const shared = this.#overflow.get(policy)?.tally;
    const usable = shared?.kind === tallyKind(rule) ? shared : undefined;
    if (this.#size() >= this.#maximumKeys) {
      const tally = usable ?? createTally(rule);
      this.#overflow.set(policy, { rule, tally });
      return tally;
    }
    // What the key took while sharing must not be forgotten now that it has a tally of its own. Slots are given back
    // to where they came from, so for them a copy would stay taken.
    if (usable === undefined || rule.kind === "concurrency") return createTally(rule);
    return restoreState(usable.state(), now);
  }

  #begin(check: LimitCheck, before: Taking | undefined, now: number): Taking {
    const generations = this.#generationsFor(check.rule, now);
    const known = generations.find(check.key);
    if (known?.kind === tallyKind(check.rule)) return new Taking(check, known, before);
    const taking = new Taking(check, this.#newcomer(check, now), before);
    if (this.#overflow.get(check.policy)?.tally !== taking.tally) taking.home = generations;
    return taking;
  }

  #finish(taking: Taking, now: number): void {
    const { check, tally, home } = taking;
    taking.stamp = tally.take(check.rule, check.cost, now);
    if (home !== undefined) {
      home.set(check.key, tally);
      taking.home = undefined;
    }
    this.#generationsFor(check.rule, now).note(check.key);
  }

  #turn(now: number): void {
    this.#nextTurn = Infinity;
    for (const generations of this.#generations.values()) {
      generations.turn(now);
      this.#nextTurn = Math.min(this.#nextTurn, generations.turnAt);
    }
    for (const [policy, { rule, tally }] of this.#overflow) {
      if (tally.emptyAt(rule) <= now) this.#overflow.delete(policy);
    }
  }
}
