/**
 * Limits in memory beside rate-limiter-flexible and the memory store of express-rate-limit: decisions per second of
 * processor time, in one process, in alternating short rounds. Each side is called as its users call it: the peers
 * answer by promises, which are awaited; counters in memory answer at once. `gatehouse, awaited` shows what that alone
 * is worth. The store of express-rate-limit only counts; comparing, remaining units and headers come on top. Medians.
 *
 * node --conditions=gatehouse-source bench/limiter/memory.bench.ts [--json]
 */
import { systemClock as clock } from "gatehouse/kernel";
import { createMemoryCounters } from "gatehouse/store";
import { MemoryStore, type Options } from "express-rate-limit";
import { RateLimiterMemory, RateLimiterUnion } from "rate-limiter-flexible";

const ROUNDS = 25;
/** Rounds to warm up, which also meet every key several times. */
const WARM_UP = 6;
const DECISIONS = 40_000;
const WINDOW = 60_000;

interface Scenario {
  readonly title: string;
  readonly keys: number;
  readonly limit: number;
  readonly policies: number;
}

/** Makes `DECISIONS` decisions, beginning with the given key, and answers how many were admitted. */
type Round = (first: number) => number | Promise<number>;

interface Contender {
  readonly name: string;
  readonly round: Round;
  readonly close: () => void | Promise<void>;
}

const SCENARIOS: readonly Scenario[] = [1, 3].flatMap((policies) => [
  { title: "one key, nearly all refused", keys: 1, limit: 60, policies },
  { title: "one key, all admitted", keys: 1, limit: 10_000_000, policies },
  { title: "100,000 keys", keys: 100_000, limit: 60, policies },
]);

/** Keys by policy and subject, made before anything is measured. */
function keysOf({ keys, policies }: Scenario): string[][] {
  return Array.from({ length: policies }, (_, policy) =>
    Array.from({ length: keys }, (_, subject) => `policy-${policy}:subject-${subject}`),
  );
}

/** A step through the keys in an order that caches do not foresee. */
const STRIDE = 7919;

function gatehouse(scenario: Scenario): Contender & { readonly awaited: Round } {
  const counters = createMemoryCounters({ clock });
  const names = keysOf(scenario);
  const policies = names.map((keys, index) => {
    return { name: `policy-${index}`, keys, rule: { kind: "window", limit: scenario.limit, window: WINDOW } as const };
  });
  const check = ({ name, keys, rule }: (typeof policies)[number], subject: number) => {
    return { policy: name, key: keys[subject] ?? "", rule, cost: 1 };
  };
  const only = policies.length === 1 ? policies[0] : undefined;
  const take = (subject: number) =>
    counters.take(only === undefined ? policies.map((policy) => check(policy, subject)) : [check(only, subject)]);
  return {
    name: "gatehouse",
    round(first) {
      let admitted = 0;
      for (let index = 0; index < DECISIONS; index += 1) {
        if (take(((first + index) * STRIDE) % scenario.keys).admitted) admitted += 1;
      }
      return admitted;
    },
    async awaited(first) {
      let admitted = 0;
      for (let index = 0; index < DECISIONS; index += 1) {
        if ((await take(((first + index) * STRIDE) % scenario.keys)).admitted) admitted += 1;
      }
      return admitted;
    },
    close: () => counters[Symbol.asyncDispose](),
  };
}

function flexible(scenario: Scenario): Contender {
  const names = keysOf(scenario);
  const limiters = names.map((_, index) => {
    return new RateLimiterMemory({ keyPrefix: `policy-${index}`, points: scenario.limit, duration: WINDOW / 1000 });
  });
  const [only] = limiters;
  const limiter = limiters.length === 1 && only !== undefined ? only : new RateLimiterUnion(...limiters);
  const [subjects = []] = names;
  return {
    name: "rate-limiter-flexible",
    async round(first) {
      let admitted = 0;
      for (let index = 0; index < DECISIONS; index += 1) {
        try {
          await limiter.consume(subjects[((first + index) * STRIDE) % scenario.keys] ?? "");
          admitted += 1;
        } catch {
          // Refused: its way to say so.
        }
      }
      return admitted;
    },
    close: () => Promise.all(limiters.flatMap((one) => subjects.map((key) => one.delete(key)))).then(() => undefined),
  };
}

function express(scenario: Scenario): Contender {
  const names = keysOf(scenario);
  const stores = names.map((keys) => {
    const store = new MemoryStore();
    // The store reads the window alone.
    store.init({ windowMs: WINDOW } as Options);
    return { store, keys };
  });
  return {
    name: "express-rate-limit",
    async round(first) {
      let admitted = 0;
      for (let index = 0; index < DECISIONS; index += 1) {
        const subject = ((first + index) * STRIDE) % scenario.keys;
        let within = true;
        for (const { store, keys } of stores) {
          if ((await store.increment(keys[subject] ?? "")).totalHits > scenario.limit) within = false;
        }
        if (within) admitted += 1;
      }
      return admitted;
    },
    close: () => stores.forEach(({ store }) => store.shutdown()),
  };
}

interface Result {
  readonly scenario: Scenario;
  readonly name: string;
  /** Decisions per second of processor time. */
  readonly median: number;
  readonly best: number;
}

async function measure(scenario: Scenario): Promise<Result[]> {
  const own = gatehouse(scenario);
  const second = gatehouse(scenario);
  const awaited: Contender = { name: "gatehouse, awaited", round: second.awaited, close: second.close };
  const contenders = [own, awaited, flexible(scenario), express(scenario)];
  const speeds = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    for (const { name, round: run } of contenders) {
      const start = processorTime();
      await run(round * DECISIONS);
      const speed = DECISIONS / (processorTime() - start);
      if (round >= WARM_UP) speeds.get(name)?.push(speed);
    }
  }
  for (const contender of contenders) await contender.close();
  return [...speeds].map(([name, values]) => {
    const sorted = values.toSorted((left, right) => left - right);
    return { scenario, name, median: sorted[sorted.length >> 1] ?? 0, best: sorted.at(-1) ?? 0 };
  });
}

/** Seconds of processor time of this process: what other processes do in the meantime matters little to it. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const results: Result[] = [];
for (const scenario of SCENARIOS) results.push(...(await measure(scenario)));

if (process.argv.includes("--json")) console.log(JSON.stringify(results));
else {
  console.log("| scenario | policies | who | decisions per CPU second, median | best | gatehouse is |");
  console.log("|---|---|---|---|---|---|");
  for (const { scenario, name, median, best } of results) {
    const own = results.find((result) => result.scenario === scenario && result.name === "gatehouse");
    const ratio = ((own?.median ?? 0) / median).toFixed(1);
    const row = [scenario.title, scenario.policies, name, millions(median), millions(best), `${ratio} times as fast`];
    console.log(`| ${row.join(" | ")} |`);
  }
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`;
}
