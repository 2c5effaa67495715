/**
 * Limits in Valkey or Redis beside rate-limiter-flexible: commands sent per decision, as the server counted them, and
 * decisions a second of one caller after the other, for one, three and five policies. Medians.
 *
 * node --conditions=gatehouse-source bench/limiter/round-trips.bench.ts [--json]
 */
import { systemClock as clock } from "gatehouse/kernel";
import { createValkeyCounters, openValkeyConnection } from "gatehouse/store/valkey";
import { startValkey } from "gatehouse/testing";
import { Redis } from "iovalkey";
import { RateLimiterRedis, RateLimiterUnion } from "rate-limiter-flexible";

const POLICIES = [1, 3, 5] as const;
const ROUNDS = 9;
const DECISIONS = 400;
const LIMIT = 1000;
const WINDOW = 60_000;

interface Contender {
  readonly name: string;
  readonly decide: (subject: number) => Promise<unknown>;
}

interface Result {
  readonly name: string;
  readonly policies: number;
  readonly commandsPerDecision: number;
  readonly decisionsPerSecond: number;
}

await using server = await startValkey();
await using connection = await openValkeyConnection({
  url: server.url,
  clock,
  profile: "development",
  commandTimeout: 5000,
});
const client = new Redis(server.url);

/** Commands clients have sent, without those that scripts have run or that read these figures. */
async function commandsSent(): Promise<number> {
  const text = String(await connection.command("INFO", "commandstats"));
  let calls = 0;
  for (const [, name, count] of text.matchAll(/^cmdstat_(eval|evalsha|script\|load|multi|exec):calls=(\d+)/gm)) {
    if (name !== undefined) calls += Number(count);
  }
  return calls;
}

function gatehouse(policies: number): Contender {
  const counters = createValkeyCounters({ connection, clock, prefix: `${server.freshPrefix()}{limits}:` });
  const rule = { kind: "window", limit: LIMIT, window: WINDOW } as const;
  return {
    name: "gatehouse",
    decide: (subject) =>
      counters.take(
        Array.from({ length: policies }, (_, index) => {
          return { policy: `policy-${index}`, key: `${index}:${subject}`, rule, cost: 1 };
        }),
      ),
  };
}

function flexible(policies: number): Contender {
  const prefix = server.freshPrefix();
  const limiters = Array.from({ length: policies }, (_, index) => {
    const keyPrefix = `${prefix}${index}`;
    return new RateLimiterRedis({ storeClient: client, keyPrefix, points: LIMIT, duration: WINDOW / 1000 });
  });
  const [only] = limiters;
  const limiter = policies === 1 && only !== undefined ? only : new RateLimiterUnion(...limiters);
  return { name: "rate-limiter-flexible", decide: (subject) => limiter.consume(String(subject)) };
}

async function measure(policies: number): Promise<Result[]> {
  const runs = [gatehouse(policies), flexible(policies)].map((contender) => ({
    contender,
    commands: 0,
    speeds: [] as number[],
  }));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const run of runs) {
      const before = await commandsSent();
      const start = clock.monotonic();
      for (let index = 0; index < DECISIONS; index += 1) await run.contender.decide(index % 50);
      const speed = (DECISIONS * 1000) / (clock.monotonic() - start);
      if (round < 0) continue;
      run.speeds.push(speed);
      run.commands += (await commandsSent()) - before;
    }
  }
  return runs.map(({ contender, commands, speeds }) => ({
    name: contender.name,
    policies,
    commandsPerDecision: commands / (ROUNDS * DECISIONS),
    decisionsPerSecond: speeds.toSorted((left, right) => left - right)[ROUNDS >> 1] ?? 0,
  }));
}

const results: Result[] = [];
for (const policies of POLICIES) results.push(...(await measure(policies)));
client.disconnect();

if (process.argv.includes("--json")) console.log(JSON.stringify(results));
else {
  console.log("| policies | who | commands a decision | decisions a second, one after the other | gatehouse is |");
  console.log("|---|---|---|---|---|");
  for (const { name, policies, commandsPerDecision, decisionsPerSecond } of results) {
    const own = results.find((result) => result.policies === policies && result.name === "gatehouse");
    const ratio = ((own?.decisionsPerSecond ?? 0) / decisionsPerSecond).toFixed(2);
    const speed = decisionsPerSecond.toFixed(0);
    console.log(`| ${policies} | ${name} | ${commandsPerDecision.toFixed(2)} | ${speed} | ${ratio} times as fast |`);
  }
}
