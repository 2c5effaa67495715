/**
 * An issuer's endpoints beside plain oidc-provider, the engine inside: the same clients, settings and flows.
 *
 * Gatehouse is the assembled server in its production profile with every guard on; codes, tokens, grants and sessions
 * are sealed rows of an SQLite database, made durable before the answer, with an audit row. The peer keeps everything in
 * memory. Servers and load generator are processes of their own; servers take turns in short rounds. Medians over the
 * rounds. What the machine can sign at all is measured beside them, with the same key and on all its threads.
 *
 * node --conditions=gatehouse-source bench/identity/identity.bench.ts
 *   [--json] [--rounds=N] [--seconds=N] [--algorithms=RS256,ES256] [--scenarios=NAME,...] [--concurrency=1,32]
 */
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { Child } from "../support/child.ts";
import { listOption, median, numberOption, print, versionsOf, type Goal, type Table } from "../support/report.ts";
import type { Usage } from "../support/served.ts";
import { ALGORITHMS, type Algorithm } from "./issuer.ts";
import type { LoadResult, LoadTask, Scenario } from "./load.ts";

const SCENARIOS: Readonly<Record<Scenario, string>> = {
  "client-credentials": "client credentials, opaque token",
  introspection: "introspection",
  userinfo: "userinfo",
  refresh: "refresh with ID token",
  login: "code flow from authorization to tokens",
};
/** Scenarios whose answers are signed. */
const SIGNED: readonly Scenario[] = ["refresh", "login"];
const VARIANTS = { plain: "oidc-provider, in memory", gatehouse: "Gatehouse, durable" } as const;
type Variant = keyof typeof VARIANTS;

interface Round {
  /** Answers a second. */
  readonly speed: number;
  /** Microseconds of processor time per answer, of all threads of the server. */
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

interface Server {
  readonly variant: Variant;
  readonly child: Child;
  readonly port: number;
}

async function measure({ variant, child, port }: Server, load: Child, task: Omit<LoadTask, "port">): Promise<Round> {
  await child.answer<Usage>("usage");
  const { answered, elapsed, p50, p99, failure } = await load.answer<LoadResult>({ ...task, port });
  const { cpu } = await child.answer<Usage>("usage");
  if (failure !== undefined) throw new Error(`${variant}, ${task.scenario}: ${failure}`);
  return { speed: (answered * 1000) / elapsed, cpu: cpu / answered, p50, p99 };
}

const signAsync = promisify<string, Buffer, ReturnType<typeof createPrivateKey>, Buffer>(sign);

/** Signatures a second this machine makes at most, with four threads at work as in the servers. */
async function signingLimit(algorithm: Algorithm, duration: number): Promise<number> {
  const { privateKey } =
    algorithm === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 4096 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const message = Buffer.alloc(400, "token");
  let made = 0;
  const began = performance.now();
  const work = async (): Promise<void> => {
    for (; performance.now() - began < duration; made += 1) await signAsync("sha256", message, privateKey);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return (made * 1000) / (performance.now() - began);
}

type Results = ReadonlyMap<Variant, readonly Round[]>;

function middle(results: Results, variant: Variant, member: keyof Round): number {
  return median((results.get(variant) ?? []).map((round) => round[member]));
}

function rowOf(scenario: Scenario, results: Results, variant: Variant): (string | number)[] {
  const of = (member: keyof Round): number => middle(results, variant, member);
  const share = of("speed") / middle(results, "plain", "speed");
  return [SCENARIOS[scenario], VARIANTS[variant], of("speed"), share, of("cpu"), of("p50"), of("p99")];
}

const rounds = numberOption("rounds", 5);
const duration = numberOption("seconds", 3) * 1000;
// The options name members of the lists above.
const algorithms = listOption("algorithms", ALGORITHMS) as Algorithm[];
const scenarios = listOption("scenarios", Object.keys(SCENARIOS)) as Scenario[];
const concurrencies = listOption("concurrency", ["32", "1"]).map(Number);
const tables: Table[] = [];
const goals: Goal[] = [];

for (const algorithm of algorithms) {
  await using stack = new AsyncDisposableStack();
  const load = stack.use(new Child(join(import.meta.dirname, "load.ts")));
  const servers: Server[] = [];
  // The types know the variants as texts.
  for (const variant of Object.keys(VARIANTS) as Variant[]) {
    const child = stack.use(new Child(join(import.meta.dirname, "serve.ts"), variant, algorithm));
    servers.push({ variant, child, ...(await child.answer<{ readonly port: number }>()) });
  }
  const limit = await signingLimit(algorithm, duration);
  for (const concurrency of concurrencies) {
    const rows: (string | number)[][] = [];
    for (const scenario of scenarios) {
      const results = new Map(servers.map(({ variant }) => [variant, [] as Round[]]));
      for (let round = -1; round < rounds; round += 1) {
        for (const server of servers) {
          const measured = await measure(server, load, { scenario, concurrency, duration });
          if (round >= 0) results.get(server.variant)?.push(measured);
        }
      }
      for (const { variant } of servers) rows.push(rowOf(scenario, results, variant));
      if (concurrency === 1) continue;
      const speed = middle(results, "gatehouse", "speed");
      const text = `${algorithm}: ${SCENARIOS[scenario]}, of oidc-provider's speed`;
      goals.push({ text, reached: speed / middle(results, "plain", "speed"), least: 0.7 });
      if (algorithm === "RS256" && SIGNED.includes(scenario))
        goals.push({
          text: `${algorithm}: ${SCENARIOS[scenario]}, of the signing limit`,
          reached: speed / limit,
          least: 0.8,
        });
    }
    tables.push({
      title: `${algorithm}, ${concurrency} at a time (this machine signs ${Math.round(limit)} times a second)`,
      columns: ["what", "issuer", "answers a second", "of oidc-provider", "CPU us an answer", "p50 ms", "p99 ms"],
      rows,
    });
  }
}
print({ benchmark: "identity", tables, goals, versions: versionsOf("oidc-provider", "jose", "koa") });
