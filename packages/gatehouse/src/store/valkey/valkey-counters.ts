import type { Clock } from "../../kernel/clock.ts";
import { scaleOf } from "../../kernel/limit/bucket.ts";
import { grainOf } from "../../kernel/limit/coarse-window.ts";
import { assertChecks, waitMilliseconds } from "../../kernel/limit/decide.ts";
import { tallyKind } from "../../kernel/limit/tallies.ts";
import type {
  Counters,
  Decision,
  LimitCheck,
  LimitRule,
  LimitState,
  Reservation,
} from "../../kernel/ports/counters.ts";
import { RENEW_SCRIPT } from "./valkey-counters-renewal.ts";
import { GIVE_BACK_SCRIPT, TAKE_SCRIPT } from "./valkey-counters-script.ts";
import type { ValkeyConnection, ValkeyValue } from "./valkey-connection.ts";

/** How counters in Valkey behave. */
export interface ValkeyCountersOptions {
  readonly connection: ValkeyConnection;
  /** Epoch time for what callers are told. */
  readonly clock: Clock;
  /**
   * In front of every key. Default `gatehouse:{limits}:`. The part in braces is the hash tag: a cluster keeps all keys
   * of one decision in one slot by it, which checking several policies in one step requires. To spread load over a
   * cluster, give different installations or tenants different tags.
   */
  readonly prefix?: string;
  /**
   * `server`, the default: the server's clock, one for all who share it. `clock`: that of `clock`, for services that
   * refuse TIME in scripts; then the clocks of all servers must agree.
   */
  readonly time?: "server" | "clock";
}

const PREFIX = "gatehouse:{limits}:";
/** Milliseconds a key outlives what it counts. */
const SERVER_MARGIN = 1000;
/** The same when times come from elsewhere and may lag behind the server's. */
const CLOCK_MARGIN = 60_000;
const SCAN_COUNT = 500;
const ANSWER_FIELDS = 4;
const COARSE = "c";

/** What a reservation remembers: the keys, and what was taken and has not been given back. */
class Mark {
  readonly checks: readonly LimitCheck[];
  readonly stamps: (string | undefined)[];
  /** A renewal under way: until it has ended nobody knows what is to be given back. */
  renewing: Promise<void> = Promise.resolve();

  constructor(checks: readonly LimitCheck[], stamps: string[]) {
    this.checks = checks;
    this.stamps = stamps;
  }

  static of({ mark }: Reservation): Mark {
    if (!(mark instanceof Mark)) throw new TypeError("The reservation was made by other counters.");
    return mark;
  }

  outstanding(checks: readonly LimitCheck[]): Outstanding[] {
    return this.checks.flatMap((check, index) => {
      const stamp = this.stamps[index];
      const asked = stamp !== undefined && checks.some(({ key }) => key === check.key);
      return asked ? [{ index, check, stamp }] : [];
    });
  }
}

interface Outstanding {
  readonly index: number;
  readonly check: LimitCheck;
  readonly stamp: string;
}

/**
 * Counters that several servers share through Valkey or Redis. One round trip a decision, whatever the number of
 * policies. Every call fails with `StoreUnavailableError` while the server does not answer.
 */
export function createValkeyCounters(options: ValkeyCountersOptions): Counters {
  return new ValkeyCounters(options);
}

class ValkeyCounters implements Counters {
  readonly #connection: ValkeyConnection;
  readonly #clock: Clock;
  readonly #prefix: string;
  readonly #ownTime: boolean;

  constructor(options: ValkeyCountersOptions) {
    this.#connection = options.connection;
    this.#clock = options.clock;
    this.#prefix = options.prefix ?? PREFIX;
    this.#ownTime = options.time === "clock";
  }

  async take(checks: readonly LimitCheck[]): Promise<Decision> {
    assertChecks(checks);
    const values: ValkeyValue[] = [this.#time(), this.#margin()];
    for (const check of checks) values.push(...takeArguments(check));
    const answer = await this.#connection.script(TAKE_SCRIPT, this.#keys(checks), values);
    return this.#decision(checks, answer);
  }

  async release(reservation: Reservation): Promise<void> {
    const mark = Mark.of(reservation);
    await mark.renewing;
    const given = mark.outstanding(reservation.checks);
    if (given.length === 0) return;
    const values: ValkeyValue[] = [this.#time()];
    for (const { index, check, stamp } of given) {
      mark.stamps[index] = undefined;
      values.push(kindOf(check.rule), check.cost, stamp, ...scaleArguments(check.rule));
    }
    await this.#connection.script(GIVE_BACK_SCRIPT, this.#keys(given.map(({ check }) => check)), values);
  }

  renew(reservation: Reservation): Promise<void> {
    const mark = Mark.of(reservation);
    const renewal = mark.renewing.then(() => this.#renew(mark, reservation.checks));
    mark.renewing = renewal.catch(() => undefined);
    return renewal;
  }

  async #renew(mark: Mark, checks: readonly LimitCheck[]): Promise<void> {
    const held = mark.outstanding(checks).filter(({ check }) => check.rule.kind === "concurrency");
    if (held.length === 0) return;
    const values: ValkeyValue[] = [this.#time(), this.#margin()];
    for (const { check, stamp } of held) {
      const { rule, cost } = check;
      values.push(kindOf(rule), cost, stamp, rule.window * 1000, grainOf(rule.window));
    }
    const keys = this.#keys(held.map(({ check }) => check));
    const answer = await this.#connection.script(RENEW_SCRIPT, keys, values);
    if (!Array.isArray(answer) || answer.length !== held.length) {
      throw new TypeError("Valkey answered a limit script with something else than its stamps.");
    }
    for (const [position, { index }] of held.entries()) mark.stamps[index] = String(answer[position]);
  }

  async reset(keys?: readonly string[]): Promise<void> {
    if (keys !== undefined) {
      if (keys.length > 0) await this.#connection.command("UNLINK", ...keys.map((key) => this.#prefix + key));
      return;
    }
    const pattern = `${this.#prefix.replace(/[\\*?[\]^]/g, "\\$&")}*`;
    let cursor = "0";
    do {
      const answer = await this.#connection.command("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT);
      const [next, found] = scanAnswer(answer);
      if (found.length > 0) await this.#connection.command("UNLINK", ...found);
      cursor = next;
    } while (cursor !== "0");
  }

  /** The connection belongs to whoever opened it. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #keys(checks: readonly LimitCheck[]): string[] {
    return checks.map((check) => this.#prefix + check.key);
  }

  #time(): string {
    return this.#ownTime ? String(Math.floor(this.#clock.now() * 1000)) : "";
  }

  #margin(): number {
    return this.#ownTime ? CLOCK_MARGIN : SERVER_MARGIN;
  }

  #decision(checks: readonly LimitCheck[], answer: unknown): Decision {
    if (!Array.isArray(answer) || answer.length !== 1 + checks.length * ANSWER_FIELDS) {
      throw new TypeError("Valkey answered a limit script with something else than its states.");
    }
    const wall = this.#clock.now();
    const stamps: string[] = [];
    const states = checks.map(({ policy, rule }, index): LimitState => {
      const [wait, remaining, empty, stamp] = answer.slice(1 + index * ANSWER_FIELDS).map(String);
      stamps.push(stamp ?? "");
      const retryAfter = waitMilliseconds(wait === "-1" ? Infinity : Number(wait), rule.window);
      const resetAfter = retryAfter > 0 ? retryAfter : Math.max(0, Math.ceil(Number(empty) / 1000));
      const { limit, window } = rule;
      return { policy, limit, window, remaining: Number(remaining), resetAt: wall + resetAfter, retryAfter };
    });
    if (Number(answer[0]) !== 1) return { admitted: false, states };
    return { admitted: true, states, reservation: { checks, mark: new Mark(checks, stamps) } };
  }
}

function kindOf(rule: LimitRule): string {
  return tallyKind(rule).slice(0, 1);
}

/** See `TAKE_SCRIPT`. */
function takeArguments({ rule, cost }: LimitCheck): ValkeyValue[] {
  const kind = kindOf(rule);
  if (rule.kind === "bucket") return [kind, cost, rule.limit, rule.burst, ...scaleArguments(rule), rule.window * 1000];
  const usual = [kind, cost, rule.limit, rule.window * 1000];
  return kind === COARSE ? [...usual, grainOf(rule.window)] : usual;
}

function scaleArguments(rule: LimitRule): [unit: number, drain: number, tick: number] {
  if (rule.kind !== "bucket") return [0, 0, 0];
  const { unit, drain, tick } = scaleOf(rule);
  return [unit, drain, tick];
}

function scanAnswer(answer: unknown): [cursor: string, keys: string[]] {
  if (!Array.isArray(answer) || !Array.isArray(answer[1])) throw new TypeError("Valkey answered SCAN unexpectedly.");
  return [String(answer[0]), answer[1].map(String)];
}
