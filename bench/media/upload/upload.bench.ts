/**
 * Uploads beside a bare stream into a file, and beside @tus/server with @tus/file-store.
 *
 * Gatehouse is the assembled server in its production profile with every guard on; what it acknowledges is durable and
 * noted in its store. Neither peer makes anything durable; the bare server is also measured with fdatasync. Servers and
 * load generator are processes of their own; servers take turns in short rounds. Medians over the rounds.
 *
 * node --conditions=gatehouse-source bench/media/upload/upload.bench.ts [--json] [--rounds=N] [--scenarios=NAME,...]
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Child } from "../../support/child.ts";
import { listOption, median, numberOption, print, versionsOf, type Goal, type Table } from "../../support/report.ts";
import type { Usage } from "../../support/served.ts";
import type { LoadResult, LoadTask } from "./load.ts";

const MIB = 1_048_576;
const UPLOADS_AT_ONCE = 200;
const SCENARIOS = {
  large: { title: "one file of 400 MB", files: 1, bytes: 400 * MIB, atOnce: 1 },
  many: { title: "64 files of 5 MB, 8 at once", files: 64, bytes: 5 * MIB, atOnce: 8 },
} as const;
type Scenario = keyof typeof SCENARIOS;

const CONTENDERS = {
  raw: { server: "raw", title: "bare server, not durable" },
  durable: { server: "durable", title: "bare server, fdatasync" },
  tus: { server: "tus", title: "@tus/server" },
  gatehouse: { server: "gatehouse", title: "Gatehouse" },
  sha256: { server: "gatehouse", title: "Gatehouse, sha256 verified" },
} as const;
type Contender = keyof typeof CONTENDERS;

function isScenario(word: string): word is Scenario {
  return word in SCENARIOS;
}

const rounds = numberOption("rounds", 7);
const scenarios = listOption("scenarios", Object.keys(SCENARIOS)).filter(isScenario);
const names = Object.keys(CONTENDERS) as Contender[];

interface Server {
  readonly child: Child;
  readonly port: number;
}

async function start(name: string): Promise<Server> {
  const child = new Child(join(import.meta.dirname, "serve.ts"), name);
  const { port } = await child.answer<{ port: number }>();
  return { child, port };
}

interface Round {
  /** Megabytes a second. */
  readonly speed: number;
  /** Milliseconds of processor time a megabyte, of all threads of the server. */
  readonly cpu: number;
}

async function measure(contender: Contender, scenario: Scenario, load: Child): Promise<Round> {
  // A server of its own for each round: what others have stored is gone with their directories.
  const { child, port } = await start(CONTENDERS[contender].server);
  await using _child = child;
  const { files, bytes, atOnce } = SCENARIOS[scenario];
  const isRaw = contender === "raw" || contender === "durable";
  const task: LoadTask = {
    ...{ port, files, bytes, atOnce, protocol: isRaw ? "raw" : "tus" },
    ...(contender === "sha256" ? { checksum: "sha256" as const } : {}),
  };
  await load.answer<LoadResult>({ ...task, files: 4, atOnce: 4, bytes: MIB });
  await child.answer<Usage>("usage");
  const { elapsed, failure } = await load.answer<LoadResult>(task);
  const { cpu } = await child.answer<Usage>("usage");
  if (failure !== undefined) throw new Error(`${contender}, ${scenario}: ${failure}`);
  const megabytes = (files * bytes) / 1e6;
  return { speed: megabytes / (elapsed / 1000), cpu: cpu / 1000 / megabytes };
}

/** Bytes of memory that each of many uploads at once takes. */
async function memoryPerUpload(contender: "tus" | "gatehouse", load: Child): Promise<number> {
  const { child, port } = await start(CONTENDERS[contender].server);
  await using _child = child;
  const task = { port, protocol: "tus", bytes: 4 * MIB } as const;
  await load.answer<LoadResult>({ ...task, files: 20, atOnce: 20 });
  const before = (await child.answer<Usage>("usage")).memory;
  let most = before;
  let running = true;
  const watch = (async () => {
    while (running) {
      most = Math.max(most, (await child.answer<Usage>("usage")).memory);
      await pause(20);
    }
  })();
  const { failure } = await load.answer<LoadResult>({ ...task, files: 2 * UPLOADS_AT_ONCE, atOnce: UPLOADS_AT_ONCE });
  running = false;
  await watch;
  if (failure !== undefined) throw new Error(`${contender}, memory: ${failure}`);
  return (most - before) / UPLOADS_AT_ONCE;
}

const tables: Table[] = [];
const goals: Goal[] = [];
await using load = new Child(join(import.meta.dirname, "load.ts"));
for (const scenario of scenarios) {
  const speeds = new Map<Contender, Round[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) speeds.get(name)?.push(await measure(name, scenario, load));
  }
  const middle = (name: Contender, member: keyof Round = "speed"): number =>
    median((speeds.get(name) ?? []).map((round) => round[member]));
  const rows = names.map((name) => [
    ...[
      CONTENDERS[name].title,
      middle(name),
      middle(name) / middle("raw"),
      middle(name) / middle("tus"),
      middle(name, "cpu"),
    ],
  ]);
  const { title } = SCENARIOS[scenario];
  tables.push({
    title: `Uploads: ${title}`,
    columns: ["server", "MB/s", "of the bare server", "of @tus/server", "ms CPU a MB"],
    rows,
  });
  goals.push(
    { text: `${title}: sha256 verified beside the bare server`, reached: middle("sha256") / middle("raw"), least: 0.9 },
    { text: `${title}: beside @tus/server`, reached: middle("gatehouse") / middle("tus"), least: 1 },
  );
}
const memory = { gatehouse: await memoryPerUpload("gatehouse", load), tus: await memoryPerUpload("tus", load) };
tables.push({
  title: `Memory of each of ${UPLOADS_AT_ONCE} uploads at once`,
  columns: ["server", "KiB"],
  rows: [
    [CONTENDERS.tus.title, memory.tus / 1024],
    [CONTENDERS.gatehouse.title, memory.gatehouse / 1024],
  ],
});
goals.push({ text: "memory of an upload: at most 2 MiB", reached: (2 * MIB) / memory.gatehouse, least: 1 });
print({ benchmark: "media/upload", tables, goals, versions: versionsOf("@tus/server", "@tus/file-store") });
