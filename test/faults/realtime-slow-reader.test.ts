import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { ServerProcess } from "../support/server-process.ts";
import { drillTimeout, isFull, quantile, Report, sized, unexpectedExceptions, Violations } from "./drill.ts";
import { Listener, type Hearing } from "./realtime-load/listener.ts";
import { Speaker } from "./realtime-load/speaker.ts";

const config = fileURLToPath(new URL("realtime-load/application.ts", import.meta.url));
const MEBIBYTE = 1024 * 1024;
const LISTENERS = sized(200, 1000);
/** Everybody hears the hall; the bulk is heard by one who reads it, and by the one who reads nothing. */
const HALL = { room: "hall", every: 50 } as const;
const BULK = { room: "bulk", every: 15, bytes: 90_000 } as const;
/** Milliseconds with nobody who is slow, and as many with somebody, in turns. */
const PHASE = sized(5_000, 15_000);
const ROUNDS = sized(1, 5);
/** What may wait for one reader (`realtime.connection.queueHard`), and how much else a slow one may take. */
const QUEUE = 1 * MEBIBYTE;
const ELSE = 2 * MEBIBYTE;
/** How much longer others may wait, on a machine with nothing else to do. */
const LONGER = 1.1;
const AT_ONCE = 50;
const PATIENCE = 60_000;

interface Phase {
  /** Milliseconds in which 99 of 100 events reached the others. */
  readonly p99: number;
  /** By how much the most memory that the server has ever occupied has risen, as the system counts it. */
  readonly growth: number;
}

/** Watches the others for a while. */
async function watch(server: ServerProcess, listeners: readonly Listener[]): Promise<Phase> {
  for (const { delays } of listeners) delays.length = 0;
  const before = server.peakMemory;
  await delay(PHASE);
  return {
    p99: quantile(
      listeners.flatMap(({ delays }) => delays),
      0.99,
    ),
    growth: server.peakMemory - before,
  };
}

/** Somebody who hears both rooms, says so, and reads nothing from then on. */
async function stall(server: ServerProcess): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/connection/websocket`, {
    perMessageDeflate: false,
  });
  socket.on("error", () => {});
  await once(socket, "open");
  const ready = Promise.withResolvers<void>();
  socket.on("message", (data: Buffer) => {
    if (data.includes('"id":3')) ready.resolve();
  });
  const commands = [
    { id: 1, connect: { token: "user-stalled" } },
    { id: 2, subscribe: { channel: `room:${HALL.room}` } },
    { id: 3, subscribe: { channel: `room:${BULK.room}` } },
  ];
  socket.send(commands.map((command) => JSON.stringify(command)).join("\n"));
  await ready.promise;
  socket.pause();
  return socket;
}

/** The code with which a connection was closed, once what lies in the network was read; 1006 where its line was cut. */
async function endOf(socket: WebSocket): Promise<number> {
  const closed = once(socket, "close", { signal: AbortSignal.timeout(PATIENCE) });
  socket.resume();
  const [code]: unknown[] = await closed;
  return Number(code);
}

function slowCloses(server: ServerProcess): number {
  return server.log.filter(({ event }) => event === "connection_slow").length;
}

async function gather(stack: AsyncDisposableStack, hearing: Hearing): Promise<Listener[]> {
  const listeners = Array.from({ length: LISTENERS }, (_, index) => stack.use(new Listener(`u${index}`, hearing)));
  for (let next = 0; next < LISTENERS; next += AT_ONCE)
    await Promise.all(listeners.slice(next, next + AT_ONCE).map((listener) => listener.connect()));
  return listeners;
}

// Whoever opens a connection and reads nothing from it has the server keep everything for later. Done on purpose, it takes
// the server's memory, and everybody else's time.
describe("a reader that has stalled", { timeout: drillTimeout }, () => {
  it("is closed, takes no more memory than its queue, and keeps nobody else waiting", async () => {
    await using stack = new AsyncDisposableStack();
    const report = new Report("realtime-slow-reader");
    const violations = new Violations();
    const server = stack.use(await (await ServerProcess.launch({ config })).ready());
    const listeners = await gather(stack, { origin: server.url, rooms: [HALL.room], violations });
    const reader = stack.use(new Listener("reader", { origin: server.url, rooms: [BULK.room], violations }));
    await reader.connect();
    const speaker = stack.use(new Speaker({ origin: server.url, rooms: [], violations }, [HALL, BULK]));
    // What a server needs once, it has afterwards. A shortened drill is over before.
    await watch(server, listeners);
    const without: Phase[] = [];
    const beside: Phase[] = [];
    const codes: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      without.push(await watch(server, listeners));
      const stalled = await stall(server);
      beside.push(await watch(server, listeners));
      violations.expect(slowCloses(server) === round, `${slowCloses(server)} of ${round} stalled readers were closed.`);
      codes.push(await endOf(stalled));
      report.progress(`round ${round}: ${JSON.stringify([without.at(-1), beside.at(-1)])}`);
    }
    await speaker.stop();
    await delay(1_000);
    for (const listener of [...listeners, reader])
      violations.expect(listener.hasHeard(speaker.confirmed), `${listener.name} misses events.`);
    for (const line of unexpectedExceptions(server)) violations.add(`The server reported: ${line}`);
    const middle = (phases: readonly Phase[], member: keyof Phase): number =>
      quantile(
        phases.map((phase) => phase[member]),
        0.5,
      );
    const growth = middle(beside, "growth");
    report.summary({
      listeners: LISTENERS,
      rounds: ROUNDS,
      "bulk events": speaker.confirmed.get(BULK.room) ?? 0,
      "closed with": codes.join(", "),
      "others' p99 without, beside (ms)": `${middle(without, "p99").toFixed(1)}, ${middle(beside, "p99").toFixed(1)}`,
      "growth without, beside (MiB)": [without, beside]
        .map((phases) => (middle(phases, "growth") / MEBIBYTE).toFixed(1))
        .join(", "),
      violations: violations.list.length,
    });
    assert.deepEqual(violations.list.slice(0, 20), []);
    assert.ok(codes.every((code) => code === 3008 || code === 1006));
    if (!isFull) return;
    assert.ok(growth < QUEUE + ELSE, "a slow reader takes more memory than its queue");
    assert.ok(middle(beside, "p99") < middle(without, "p99") * LONGER, "others wait for a slow reader");
  });
});
