import type { BucketRule, LimitCheck } from "../kernel/ports/counters.ts";

/** One admission the model remembers for ever. */
interface Entry {
  /** Milliseconds. */
  time: number;
  readonly cost: number;
  givenBack: boolean;
}

/** What the model says about one check. */
export interface ModelAnswer {
  /** Milliseconds until the check passes; a whole window when waiting does not help. */
  readonly retryAfter: number;
  readonly remaining: number;
}

/**
 * A slow model of limits, written from their definition alone: a log of everything that was ever admitted, looked
 * through at each question. It shares no code with any adapter.
 */
export class CountersModel {
  readonly #logs = new Map<string, Entry[]>();

  /** Takes what the adapter under test has admitted. */
  take(checks: readonly LimitCheck[], now: number): Entry[] {
    return checks.map(({ key, cost }) => {
      const entry = { time: now, cost, givenBack: false };
      this.#log(key).push(entry);
      return entry;
    });
  }

  /** Whether anything taken for the key has been given back. */
  hasReturns(key: string): boolean {
    return this.#log(key).some(({ givenBack }) => givenBack);
  }

  answer(check: LimitCheck, now: number): ModelAnswer {
    return check.rule.kind === "bucket" ? this.#bucket(check, check.rule, now) : this.#window(check, now);
  }

  /** Units counted in the trailing `span` milliseconds. */
  used(key: string, span: number, now: number): number {
    return total(this.#log(key).filter(({ time, givenBack }) => !givenBack && time + span > now));
  }

  #window({ key, rule, cost }: LimitCheck, now: number): ModelAnswer {
    const remaining = Math.max(0, rule.limit - this.used(key, rule.window, now));
    if (cost > rule.limit) return { retryAfter: rule.window, remaining };
    const moments = [now, ...this.#log(key).map(({ time }) => time + rule.window)].filter((moment) => moment >= now);
    moments.sort((left, right) => left - right);
    const free = moments.find((moment) => this.used(key, rule.window, moment) + cost <= rule.limit);
    if (free === undefined) throw new Error("A window that is left alone always empties.");
    return { retryAfter: free - now, remaining };
  }

  /** The generic cell rate algorithm over big integers: levels in tokens times microseconds of the window. */
  #bucket({ key, cost }: LimitCheck, rule: BucketRule, now: number): ModelAnswer {
    const token = BigInt(rule.window) * 1000n;
    const rate = BigInt(rule.limit);
    const drained = (level: bigint, milliseconds: number): bigint => {
      const rest = level - BigInt(milliseconds) * 1000n * rate;
      return rest > 0n ? rest : 0n;
    };
    let level = 0n;
    let at = 0;
    for (const entry of this.#log(key)) {
      if (entry.givenBack) continue;
      level = drained(level, entry.time - at) + BigInt(entry.cost) * token;
      at = entry.time;
    }
    level = drained(level, now - at);
    const capacity = BigInt(rule.burst) * token;
    const remaining = Number((capacity - level) / token);
    if (cost > rule.burst) return { retryAfter: rule.window, remaining };
    const excess = level + BigInt(cost) * token - capacity;
    if (excess <= 0n) return { retryAfter: 0, remaining };
    const microseconds = (excess + rate - 1n) / rate;
    return { retryAfter: Number((microseconds + 999n) / 1000n), remaining };
  }

  #log(key: string): Entry[] {
    const known = this.#logs.get(key) ?? [];
    this.#logs.set(key, known);
    return known;
  }
}

function total(entries: readonly Entry[]): number {
  return entries.reduce((sum, { cost }) => sum + cost, 0);
}
