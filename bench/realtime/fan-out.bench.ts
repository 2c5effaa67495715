/**
 * Something volatile that everybody in a room hears, beside Socket.IO and beside bare ws: the same listeners, the same
 * few numbers, said by one of them. Said one after the other, each once all have heard the one before; and so many under
 * way at the same time.
 *
 * Gatehouse is the assembled server in its production profile: what is said is a signal of an actor that passes every
 * guard, its event goes by the hub and its bounds to each queue and its bounds. The peers guard and bound nothing. The
 * servers and the load generator are processes of their own; servers take turns in short rounds. Medians over the rounds.
 * Processor time of the server is what to compare where other work shares the machine.
 *
 * node --conditions=gatehouse-source bench/realtime/fan-out.bench.ts
 *   [--json] [--rounds=N] [--seconds=N] [--listeners=N] [--only=VARIANT,...] [--under-way=1,16]
 */
import { join } from "node:path";
import { Child } from "../support/child.ts";
import { listOption, median, numberOption, print, versionsOf, type Goal, type Table } from "../support/report.ts";
import type { Usage } from "../support/served.ts";
import type { Variant } from "./listener.ts";
import type { LoadResult, LoadTask } from "./load.ts";
import { NAMES, startServers, type MeasuredServer } from "./servers.ts";

interface Round {
  /** Messages that arrived, a second. */
  readonly speed: number;
  /** Microseconds of the server's processor time for each of them. */
  readonly cpu: number;
  readonly p50: number;
  readonly p99: number;
}

async function measure(
  { variant, child, port }: MeasuredServer,
  load: Child,
  task: { readonly duration: number; readonly underWay: number },
): Promise<Round> {
  await child.answer<Usage>("usage");
  const result = await load.answer<LoadResult>({ ...task, kind: "say", variant, port } satisfies LoadTask);
  const { cpu } = await child.answer<Usage>("usage");
  const { delivered, elapsed, p50, p99, failure } = result;
  if (failure !== undefined) throw new Error(`${variant}: ${failure}`);
  return { speed: (delivered * 1000) / elapsed, cpu: cpu / delivered, p50, p99 };
}

type Results = ReadonlyMap<Variant, readonly Round[]>;

function middle(results: Results, variant: Variant, member: keyof Round): number {
  return median((results.get(variant) ?? []).map((round) => round[member]));
}

function tableOf(title: string, results: Results): Table {
  const of = (variant: Variant, member: keyof Round): number => middle(results, variant, member);
  const times = (variant: Variant, peer: Variant): string => (of(variant, "speed") / of(peer, "speed")).toFixed(2);
  return {
    title,
    columns: ["server", "messages a second", "of ws", "of Socket.IO", "CPU us a message", "p50 ms", "p99 ms"],
    rows: [...results.keys()].map((variant) => [
      ...[NAMES[variant], of(variant, "speed"), times(variant, "ws"), times(variant, "socketio")],
      ...[of(variant, "cpu"), of(variant, "p50"), of(variant, "p99")],
    ]),
  };
}

function goalsOf(how: string, results: Results): Goal[] {
  const speed = (peer: Variant): number => middle(results, "gatehouse", "speed") / middle(results, peer, "speed");
  const cost = (peer: Variant): number => middle(results, peer, "cpu") / middle(results, "gatehouse", "cpu");
  return [
    { text: `${how}: messages a second, of those of ws`, reached: speed("ws"), least: 0.8 },
    { text: `${how}: messages a second, of those of Socket.IO`, reached: speed("socketio"), least: 1 },
    { text: `${how}: messages for the same processor time, of those of ws`, reached: cost("ws"), least: 0.8 },
    {
      text: `${how}: messages for the same processor time, of those of Socket.IO`,
      reached: cost("socketio"),
      least: 1,
    },
  ];
}

const rounds = numberOption("rounds", 7);
const duration = numberOption("seconds", 2) * 1000;
const count = numberOption("listeners", 1000);
// The option names members of the object.
const variants = listOption("only", Object.keys(NAMES)) as Variant[];
const counts = listOption("under-way", ["1", "16"]).map(Number);
const tables: Table[] = [];
const goals: Goal[] = [];
{
  await using stack = new AsyncDisposableStack();
  const load = stack.use(new Child(join(import.meta.dirname, "load.ts")));
  const servers = await startServers(stack, variants);
  for (const { variant, port } of servers) {
    const task: LoadTask = { kind: "open", variant, port, count: count + 1, atOnce: 32 };
    const { failure } = await load.answer<LoadResult>(task);
    if (failure !== undefined) throw new Error(`${variant}: ${failure}`);
  }
  for (const underWay of counts) {
    const results = new Map(variants.map((variant) => [variant, [] as Round[]]));
    for (let round = -1; round < rounds; round += 1) {
      for (const server of servers) {
        const measured = await measure(server, load, { duration, underWay });
        if (round >= 0) results.get(server.variant)?.push(measured);
      }
    }
    const how = underWay === 1 ? "one after the other" : `${underWay} under way`;
    tables.push(tableOf(`${count} listeners, ${how}`, results));
    if (variants.length === Object.keys(NAMES).length) goals.push(...goalsOf(how, results));
  }
}
print({ benchmark: "realtime/fan-out", tables, goals, versions: versionsOf("ws", "socket.io") });
