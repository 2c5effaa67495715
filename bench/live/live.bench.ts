/**
 * Actions of live components beside liveviewjs and beside fragments for htmx from bare Hono: the same two components, a
 * button with its number and a table of 50 rows of which one changes, for the same number of visitors, each with a
 * session, a connection and a component of their own.
 *
 * Gatehouse is the assembled server in its production profile with every guard on: addresses and bans, origin, CSRF
 * token (a new one each time), session with its row in the store, limits, validation, an authorisation rule, idempotency
 * with a new key for every action; state, result and audit row in one durable transaction; a log line. The peers guard
 * and store nothing: their state is in memory. Every answer is checked to show the new number. The servers and the load
 * generator are processes of their own; servers take turns in short rounds. Medians over the rounds.
 *
 * node --conditions=gatehouse-source bench/live/live.bench.ts
 *   [--json] [--rounds=N] [--seconds=N] [--visitors=N] [--only=VARIANT,...] [--scenarios=like,table] [--concurrency=1,8,64]
 */
import { join } from "node:path";
import { Child } from "../support/child.ts";
import { listOption, median, numberOption, print, versionsOf, type Goal, type Table } from "../support/report.ts";
import type { Usage } from "../support/served.ts";
import type { LoadResult, LoadTask } from "./load.ts";
import type { Scenario, Variant } from "./visitors.ts";

const NAMES: Readonly<Record<Variant, string>> = {
  hono: "Hono + htmx, nothing guarded",
  liveviewjs: "liveviewjs",
  gatehouse: "Gatehouse, mode store",
  "gatehouse-sealed": "Gatehouse, mode sealed",
};
const CONTENTS: Readonly<Record<Scenario, string>> = { like: "a button", table: "50 rows" };

interface Server {
  readonly variant: Variant;
  readonly child: Child;
  readonly port: number;
}

interface Round {
  /** Actions a second. */
  readonly speed: number;
  /** Microseconds of processor time per action, of all threads of the server. */
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
  /** Bytes per action. */
  readonly sent: number;
  readonly received: number;
  /** Resident bytes of the server. */
  readonly memory: number;
}

async function measure(
  { variant, child, port }: Server,
  load: Child,
  task: Omit<LoadTask, "variant" | "port">,
): Promise<Round> {
  await child.answer<Usage>("usage");
  const result = await load.answer<LoadResult>({ ...task, variant, port });
  const { cpu, memory } = await child.answer<Usage>("usage");
  const { answered, elapsed, p50, p99, bytes, failure } = result;
  if (failure !== undefined) throw new Error(`${variant}: ${failure}`);
  const speed = (answered * 1000) / elapsed;
  return {
    speed,
    cpu: cpu / answered,
    p50,
    p99,
    sent: bytes.sent / answered,
    received: bytes.received / answered,
    memory,
  };
}

type Results = ReadonlyMap<Variant, readonly Round[]>;

function middle(results: Results, variant: Variant, member: keyof Round): number {
  return median((results.get(variant) ?? []).map((round) => round[member]));
}

function tableOf(title: string, results: Results): Table {
  const of = (variant: Variant, member: keyof Round): number => middle(results, variant, member);
  const times = (variant: Variant, peer: Variant): string => `${(of(variant, "speed") / of(peer, "speed")).toFixed(2)}`;
  return {
    title,
    columns: [
      ...["server", "actions a second", "of liveviewjs", "of Hono", "CPU us an action", "p50 ms", "p99 ms"],
      ...["bytes sent", "bytes received", "memory MB"],
    ],
    rows: [...results.keys()].map((variant) => [
      ...[NAMES[variant], of(variant, "speed"), times(variant, "liveviewjs"), times(variant, "hono")],
      ...[of(variant, "cpu"), of(variant, "p50"), of(variant, "p99")],
      ...[of(variant, "sent"), of(variant, "received"), of(variant, "memory") / 1e6],
    ]),
  };
}

function goalsOf(content: string, results: Results): Goal[] {
  const share = (peer: Variant): number => middle(results, "gatehouse", "speed") / middle(results, peer, "speed");
  return [
    { text: `${content}, 64 at a time: actions a second, of liveviewjs's`, reached: share("liveviewjs"), least: 1 },
    { text: `${content}, 64 at a time: actions a second, of Hono's with htmx`, reached: share("hono"), least: 0.5 },
  ];
}

const rounds = numberOption("rounds", 5);
const duration = numberOption("seconds", 3) * 1000;
const visitors = numberOption("visitors", 192);
// The options name members of the objects above.
const variants = listOption("only", Object.keys(NAMES)) as Variant[];
const scenarios = listOption("scenarios", Object.keys(CONTENTS)) as Scenario[];
const concurrencies = listOption("concurrency", ["64", "8", "1"]).map(Number);
const tables: Table[] = [];
const goals: Goal[] = [];
{
  await using stack = new AsyncDisposableStack();
  const load = stack.use(new Child(join(import.meta.dirname, "load.ts")));
  const servers: Server[] = [];
  for (const variant of variants) {
    const child = stack.use(new Child(join(import.meta.dirname, "serve.ts"), variant));
    servers.push({ variant, child, ...(await child.answer<{ readonly port: number }>()) });
  }
  for (const scenario of scenarios) {
    for (const concurrency of concurrencies) {
      const results = new Map(variants.map((variant) => [variant, [] as Round[]]));
      for (let round = -1; round < rounds; round += 1) {
        for (const server of servers) {
          const measured = await measure(server, load, { scenario, concurrency, duration, visitors });
          if (round >= 0) results.get(server.variant)?.push(measured);
        }
      }
      tables.push(tableOf(`${CONTENTS[scenario]}, ${concurrency} at a time, ${visitors} visitors`, results));
      if (concurrency === 64 && variants.length > 2) goals.push(...goalsOf(CONTENTS[scenario], results));
    }
  }
}
print({
  benchmark: "live",
  tables,
  goals,
  versions: versionsOf("liveviewjs", "@liveviewjs/express", "express", "hono", "@hono/node-server", "htmx.org", "zod"),
});
