import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { skipWithout, startOwnPostgres, startOwnValkey } from "gatehouse/testing";
import { ServerProcess } from "../support/server-process.ts";
import {
  createDice,
  drillTimeout,
  isFull,
  quantile,
  Report,
  sized,
  unexpectedExceptions,
  Violations,
  type Dice,
} from "./drill.ts";
import { Listener, type Hearing } from "./realtime-load/listener.ts";
import { Speaker } from "./realtime-load/speaker.ts";

const config = fileURLToPath(new URL("realtime-load/application.ts", import.meta.url));
const LISTENERS = sized(100, 1000);
/** Two events a second, of two rooms that everybody hears. */
const ROOMS = ["hall", "garden"] as const;
const EVERY = 1_000;
/** Milliseconds of a round, in which everybody loses the link once, and for which it is away. */
const ROUND = sized(3_000, 15_000);
const AWAY = sized(1_000, 2_000);
/** Milliseconds in which 99 of 100 missed events have to be heard, on a machine with nothing else to do. */
const REPLAY: Readonly<Record<Manner, number>> = { spread: 2_000, "at once": 5_000 };
/** Milliseconds until everybody is back and has heard everything, however busy the machine is. */
const PATIENCE = sized(30_000, 180_000);
/** How many connect at the same time in the beginning. */
const AT_ONCE = 50;
const missing = (await skipWithout("postgres")) || (await skipWithout("valkey"));

/** When everybody loses the link: each at another time of the round, or all at once. */
type Manner = "spread" | "at once";

interface Company {
  readonly hearing: Hearing;
  readonly listeners: readonly Listener[];
  readonly speaker: Speaker;
  readonly dice: Dice;
  readonly report: Report;
  /** How long what was missed took, in milliseconds. */
  readonly replays: Readonly<Record<Manner, number[]>>;
}

async function gather(stack: AsyncDisposableStack, server: ServerProcess, report: Report): Promise<Company> {
  const hearing = { origin: server.url, rooms: ROOMS, violations: new Violations() };
  const listeners = Array.from({ length: LISTENERS }, (_, index) => stack.use(new Listener(`u${index}`, hearing)));
  for (let next = 0; next < LISTENERS; next += AT_ONCE)
    await Promise.all(listeners.slice(next, next + AT_ONCE).map((listener) => listener.connect()));
  report.progress(`${LISTENERS} are there`);
  const speeches = ROOMS.map((room) => ({ room, every: EVERY }));
  const speaker = stack.use(new Speaker(hearing, speeches));
  return { hearing, listeners, speaker, dice: createDice(), report, replays: { spread: [], "at once": [] } };
}

async function loseOnce(listener: Listener, wait: number): Promise<void> {
  await delay(wait);
  listener.loseLink();
  await delay(AWAY);
  listener.findLink();
}

/** Everybody loses the link once, and comes back. */
async function playRound(company: Company, manner: Manner): Promise<void> {
  const { listeners, speaker, dice, report, replays } = company;
  const last = ROUND - AWAY;
  const losses = listeners.map((listener) => loseOnce(listener, manner === "spread" ? dice.integer(0, last) : 0));
  await Promise.all([...losses, delay(ROUND)]);
  const said = new Map(speaker.confirmed);
  await until("everybody is back", () =>
    listeners.every((listener) => listener.isConnected && listener.hasHeard(said)),
  );
  const round = listeners.flatMap((listener) => listener.replays);
  for (const listener of listeners) listener.replays = [];
  replays[manner].push(...round);
  report.progress(`everybody has lost the link once, ${manner}: ${percentiles(round)}`);
}

/** Waits until everybody has heard everything, and compares. */
async function judge(company: Company, servers: readonly ServerProcess[]): Promise<void> {
  const { hearing, listeners, speaker, report, dice, replays } = company;
  const { violations } = hearing;
  await speaker.stop();
  const deadline = performance.now() + PATIENCE;
  while (listeners.some((listener) => !listener.hasHeard(speaker.confirmed)) && performance.now() < deadline)
    await delay(50);
  // Whatever came twice would have come by now.
  await delay(500);
  for (const listener of listeners) {
    for (const room of ROOMS) {
      const [heard, said] = [listener.heard(room), speaker.confirmed.get(room)];
      violations.expect(heard === said, `${listener.name} has heard ${heard} of ${said} events of ${room}.`);
    }
  }
  for (const server of servers) {
    violations.expect(server.errors === "", `A server wrote to standard error: ${server.errors}`);
    for (const line of unexpectedExceptions(server)) violations.add(`A server reported: ${line}`);
  }
  const delays = listeners.flatMap((listener) => listener.delays);
  const missed = replays.spread.length + replays["at once"].length;
  report.summary({
    seed: dice.seed,
    listeners: listeners.length,
    "links lost": listeners.reduce((sum, { losses }) => sum + losses, 0),
    "events said": [...speaker.confirmed.values()].reduce((sum, count) => sum + count, 0),
    "commands repeated": speaker.repeated,
    "events heard": missed + delays.length,
    "of them missed and replayed": missed,
    "replay, p50, p99, max (ms)": percentiles(replays.spread),
    "replay when all come back at once": percentiles(replays["at once"]),
    "others, p50, p99, max (ms)": percentiles(delays),
    "subscriptions refused for a while": refusals(listeners),
    violations: violations.list.length,
  });
  assert.deepEqual(violations.list.slice(0, 20), [], `seed ${dice.seed}`);
  assert.ok(missed > LISTENERS, "hardly anything was missed");
  if (!isFull) return;
  for (const manner of ["spread", "at once"] as const)
    assert.ok(quantile(replays[manner], 0.99) < REPLAY[manner], `replay takes too long, ${manner}`);
}

function refusals(listeners: readonly Listener[]): string {
  const counts = new Map<string, number>();
  for (const { refused } of listeners)
    for (const [why, count] of refused) counts.set(why, (counts.get(why) ?? 0) + count);
  return [...counts].map(([why, count]) => `${count} times ${why}`).join(", ") || "nothing";
}

function percentiles(values: readonly number[]): string {
  return [0.5, 0.99, 1].map((part) => quantile(values, part).toFixed(0)).join(", ");
}

// Phones lose their connection in lifts, and all of them at once when a radio mast does. What is said meanwhile has to
// reach everybody afterwards, once and in order, and soon.
describe("connections that are lost again and again", { timeout: drillTimeout }, () => {
  it("lose no event of a server and bring none twice", async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await (await ServerProcess.launch({ config })).ready());
    const company = await gather(stack, server, new Report("realtime-drops"));
    for (let round = 0; round < sized(1, 5); round += 1) await playRound(company, "spread");
    for (let round = 0; round < sized(1, 2); round += 1) await playRound(company, "at once");
    await judge(company, [server]);
  });

  it("lose none of a worker's either, whose restart cuts no connection", { skip: missing }, async () => {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-drops-"));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const postgres = stack.use(await startOwnPostgres());
    const valkey = stack.use(await startOwnValkey());
    const launch = (role: "gateway" | "worker"): Promise<ServerProcess> =>
      ServerProcess.launch({
        config,
        data: join(directory, role),
        environment: {
          GATEHOUSE_STORE_ENGINE: "postgres",
          GATEHOUSE_STORE_POSTGRES_URL: postgres.url,
          GATEHOUSE_COUNTERS_ENGINE: "valkey",
          GATEHOUSE_COUNTERS_VALKEY_URL: valkey.url,
          GATEHOUSE_KEYS_FILE: join(directory, "keys.json"),
          GATEHOUSE_REALTIME_ROLES: role,
        },
      });
    const gateway = stack.use(await launch("gateway"));
    const first = stack.use(await launch("worker"));
    await Promise.all([gateway.ready(), first.ready()]);
    const company = await gather(stack, gateway, new Report("realtime-drops, gateway and worker"));
    await playRound(company, "spread");
    const { listeners, hearing, speaker, report } = company;
    const before = listeners.map(({ interruptions }) => interruptions);
    const said = new Map(speaker.confirmed);
    const { code } = await first.stop();
    hearing.violations.expect(code === 0, `The worker's orderly end had the code ${code}.`);
    const second = stack.use(await launch("worker"));
    await second.ready();
    const isHeard = (room: string): boolean => (speaker.confirmed.get(room) ?? 0) > (said.get(room) ?? 0) + 1;
    await until("the new worker does what is said", () => ROOMS.every(isHeard));
    report.progress("the worker was restarted");
    const cut = listeners.filter(({ interruptions }, index) => interruptions !== before[index]).length;
    hearing.violations.expect(cut === 0, `The restart of the worker has cut ${cut} connections.`);
    await playRound(company, isFull ? "spread" : "at once");
    if (isFull) await playRound(company, "at once");
    await judge(company, [gateway, second]);
  });
});

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${PATIENCE} ms.`);
    await delay(50);
  }
}
