/**
 * Opening connections, and keeping them while nothing happens, beside Socket.IO and beside bare ws. A connection counts
 * once it would hear what is told to everybody: after the upgrade alone with ws, after its own handshake with Socket.IO,
 * and with Gatehouse after it has said who it is and is subscribed to a channel, which are three attempts that pass every
 * guard. Memory is what the server occupies more than before, for each of the connections that are open then.
 *
 * node --conditions=gatehouse-source bench/realtime/connections.bench.ts
 *   [--json] [--rounds=N] [--connections=N] [--only=VARIANT,...] [--at-once=N]
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "../support/child.ts";
import { listOption, median, numberOption, print, versionsOf } from "../support/report.ts";
import type { Usage } from "../support/served.ts";
import type { Variant } from "./listener.ts";
import type { LoadResult, LoadTask } from "./load.ts";
import { NAMES, startServers, type MeasuredServer } from "./servers.ts";

/** Connections before the first that are measured: what a server needs once is there then. */
const WARM_UP = 500;
/** Milliseconds until a server has come to rest. */
const REST = 3000;

interface Round {
  /** Connections a second. */
  readonly speed: number;
  /** Microseconds of the server's processor time for each of them. */
  readonly cpu: number;
  /** Resident bytes of each of them. */
  readonly memory: number;
}

const rounds = numberOption("rounds", 3);
const count = numberOption("connections", 4000);
const atOnce = numberOption("at-once", 32);
// The option names members of the object.
const variants = listOption("only", Object.keys(NAMES)) as Variant[];

async function perform(load: Child, task: LoadTask): Promise<LoadResult> {
  const result = await load.answer<LoadResult>(task);
  if (result.failure !== undefined) throw new Error(`${task.variant}: ${result.failure}`);
  return result;
}

async function measure({ variant, child, port }: MeasuredServer, load: Child): Promise<Round> {
  const at = { variant, port } as const;
  await perform(load, { ...at, kind: "open", count: WARM_UP, atOnce });
  await delay(REST);
  const before = await child.answer<Usage>("usage");
  const { elapsed } = await perform(load, { ...at, kind: "open", count, atOnce });
  const { cpu } = await child.answer<Usage>("usage");
  await delay(REST);
  const after = await child.answer<Usage>("usage");
  await perform(load, { ...at, kind: "close" });
  return { speed: (count * 1000) / elapsed, cpu: cpu / count, memory: (after.memory - before.memory) / count };
}

const results = new Map(variants.map((variant) => [variant, [] as Round[]]));
for (let round = 0; round < rounds; round += 1) {
  for (const variant of variants) {
    // Memory that a server has had once it would use again: each round has servers of its own.
    await using stack = new AsyncDisposableStack();
    const load = stack.use(new Child(join(import.meta.dirname, "load.ts")));
    for (const server of await startServers(stack, [variant])) results.get(variant)?.push(await measure(server, load));
  }
}

const middle = (variant: Variant, member: keyof Round): number =>
  median((results.get(variant) ?? []).map((round) => round[member]));
const ratio = (member: keyof Round): number => middle("gatehouse", member) / middle("socketio", member);
print({
  benchmark: "realtime/connections",
  tables: [
    {
      title: `${count} connections, ${atOnce} opened at once`,
      columns: ["server", "connections a second", "CPU us a connection", "KB of memory a connection"],
      rows: variants.map((variant) => [
        ...[NAMES[variant], middle(variant, "speed"), middle(variant, "cpu"), middle(variant, "memory") / 1e3],
      ]),
    },
  ],
  goals:
    variants.length < Object.keys(NAMES).length
      ? []
      : [
          { text: "connections a second, of those of Socket.IO", reached: ratio("speed"), least: 1 },
          { text: "memory of Socket.IO for a connection, of Gatehouse's", reached: 1 / ratio("memory"), least: 1 },
          {
            text: "25 KB, of the memory of Gatehouse for a connection",
            reached: 25_000 / middle("gatehouse", "memory"),
            least: 1,
          },
        ],
  versions: versionsOf("ws", "socket.io"),
});
