import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { skipWithout, startOwnPostgres, startOwnValkey, type ServiceControl } from "gatehouse/testing";
import { RealtimeProcess } from "../support/realtime-process.ts";
import { createDice, drillTimeout, quantile, Report, sized, Violations } from "./drill.ts";

const missing = (await skipWithout("postgres")) || (await skipWithout("valkey"));
/** Milliseconds until a room whose owner died has a new one. */
const NEW_OWNER = 20_000;
/** Milliseconds for which a worker is stopped: longer than its lease. */
const STOPPED = 17_000;
const ROOMS = ["a", "b", "c", "d"] as const;
const dice = createDice();
const report = new Report("realtime-owners");
const results: Record<string, string | number> = {};

interface Said {
  readonly room: string;
  readonly mark: string;
  readonly code: string;
  readonly begun: number;
  readonly ended: number;
}

/** Says one thing after the other in every room until it is stopped. */
class Flow implements AsyncDisposable {
  readonly said: Said[] = [];
  readonly #gateway: RealtimeProcess;
  readonly #running: Promise<void>[];
  #stopped = false;

  constructor(gateway: RealtimeProcess) {
    this.#gateway = gateway;
    this.#running = ROOMS.map((room) => this.#talk(room));
  }

  /** What was said in a room since a moment and is done. */
  since(moment: number, room?: string): Said[] {
    return this.said.filter((each) => each.begun >= moment && (room === undefined || each.room === room));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #talk(room: string): Promise<void> {
    while (!this.#stopped) {
      const [mark, begun] = [randomUUID(), performance.now()];
      // Some clients name their commands, others do not.
      const key = dice.chance(0.5) ? { key: randomUUID() } : {};
      const { code } = await this.#gateway.order({ do: "say", room, mark, ...key });
      this.said.push({ room, mark, code: String(code), begun, ended: performance.now() });
      await delay(dice.integer(0, 20));
    }
  }
}

// A worker that dies takes with it what it was doing, and one that hangs comes back believing that all is as it was. Whoever
// could use that would have a command lost that was confirmed, or done twice.
describe("two workers and a gateway", { skip: missing, timeout: drillTimeout }, () => {
  const stack = new AsyncDisposableStack();
  let services: { readonly postgres: string; readonly valkey: string; readonly prefix: string };
  let valkey: ServiceControl;
  let gateway: RealtimeProcess;
  let flow: Flow;
  const workers = new Set<RealtimeProcess>();

  before(async () => {
    const postgres = stack.use(await startOwnPostgres());
    const counters = stack.use(await startOwnValkey());
    valkey = counters.process;
    services = { postgres: postgres.url, valkey: counters.url, prefix: counters.freshPrefix() };
    gateway = stack.use(await RealtimeProcess.start({ ...services, roles: ["gateway"] }));
    for (let index = 0; index < 2; index += 1) await startWorker();
    flow = new Flow(gateway);
    await until("everybody is heard", () => ROOMS.every((room) => flow.said.some((each) => each.room === room)));
  });
  after(async () => {
    report.summary({ seed: dice.seed, commands: flow.said.length, ...results });
    await flow[Symbol.asyncDispose]();
    await stack.disposeAsync();
  });

  async function startWorker(): Promise<RealtimeProcess> {
    const worker = await RealtimeProcess.start({ ...services, roles: ["worker"], stubborn: true });
    stack.use(worker);
    workers.add(worker);
    return worker;
  }

  async function look(room: string): Promise<{ readonly owner: string; readonly marks: readonly string[] }> {
    const { owner, marks } = await gateway.order({ do: "look", room });
    return { owner: String(owner), marks: marks as string[] };
  }

  /** A room of a worker's that owns one. */
  async function ownedRoom(): Promise<{ readonly room: string; readonly owner: RealtimeProcess }> {
    for (const room of ROOMS.toSorted(() => dice.fraction() - 0.5)) {
      const { owner } = await look(room);
      const worker = [...workers].find(({ node }) => node === owner);
      if (worker !== undefined) return { room, owner: worker };
    }
    throw new Error("Nobody owns a room.");
  }

  async function until(what: string, holds: () => boolean, patience = 60_000): Promise<number> {
    const started = performance.now();
    while (!holds()) {
      if (performance.now() - started > patience) throw new Error(`${what}: not within ${patience} ms.`);
      await delay(20);
    }
    return performance.now() - started;
  }

  /** Compares what was confirmed with what the store has. */
  async function judge(violations: Violations): Promise<void> {
    // What was under way at this moment may be there already.
    const confirmed = flow.said.filter(({ code }) => code === "ok");
    for (const room of ROOMS) {
      const { marks } = await look(room);
      const times = Map.groupBy(marks, (mark) => mark);
      for (const [mark, all] of times) violations.expect(all.length === 1, `${mark} took effect ${all.length} times.`);
      for (const { mark } of confirmed.filter((each) => each.room === room)) {
        violations.expect(times.has(mark), `${mark} was confirmed and is not there.`);
      }
    }
    for (const { code, begun, ended } of flow.said) {
      violations.expect(code === "ok", `A command was answered with ${code} after ${(ended - begun).toFixed(0)} ms.`);
    }
    for (const worker of workers) {
      violations.expect(worker.errors === "", worker.errors);
      if (violations.list.length > 0) report.progress(JSON.stringify(await worker.order({ do: "status" })));
    }
    violations.expect(gateway.errors === "", gateway.errors);
  }

  it("lose no confirmed command and do none twice when an owner is killed, and have a new one in time", async () => {
    const violations = new Violations();
    const times: number[] = [];
    const rounds = sized(1, 12);
    for (let round = 1; round <= rounds; round += 1) {
      const { room, owner } = await ownedRoom();
      const killed = performance.now();
      owner.signal("SIGKILL");
      workers.delete(owner);
      await until("a new owner", () => flow.since(killed, room).length > 1);
      const first = flow.since(killed, room).find(({ code }) => code === "ok");
      times.push((first?.ended ?? Infinity) - killed);
      const started = startWorker();
      await delay(sized(500, dice.integer(500, 8_000)));
      await started;
      report.progress(`kill ${round}/${rounds}: new owner after ${times.at(-1)?.toFixed(0)} ms`);
    }
    await judge(violations);
    for (const time of times) violations.expect(time < NEW_OWNER, `A new owner after ${time.toFixed(0)} ms.`);
    assert.deepEqual(violations.list, []);
    results["owners killed, new one after (ms)"] =
      `${rounds}; median ${quantile(times, 0.5).toFixed(0)}, at most ${Math.max(...times).toFixed(0)}`;
  });

  it("accept no write of an owner that was stopped while another took over", async () => {
    const violations = new Violations();
    const rounds = sized(1, 6);
    let fenced = 0;
    for (let round = 1; round <= rounds; round += 1) {
      const { room, owner } = await ownedRoom();
      const { fenced: earlier } = await owner.order({ do: "status" });
      const stopped = performance.now();
      owner.signal("SIGSTOP");
      await delay(STOPPED);
      await until("a new owner", () => flow.since(stopped + 100, room).some(({ code }) => code === "ok"));
      const before = await look(room);
      violations.expect(before.owner !== owner.node, "The stopped worker still owns the room.");
      // It finds what was sent to it meanwhile, and does what it is told on the strength of what it remembers.
      const forged: string[] = [];
      const force = (): Promise<Readonly<Record<string, unknown>>> => {
        forged.push(randomUUID());
        return owner.order({ do: "force", room, mark: forged.at(-1) });
      };
      const answers = Array.from({ length: 20 }, force);
      owner.signal("SIGCONT");
      const codes = (await Promise.all(answers)).map(({ code }) => String(code));
      // Its connections to the store may have gone, too; what it remembers it still believes when it has new ones.
      while (codes.at(-1) === "STORE_UNAVAILABLE") {
        const { code } = await force();
        codes.push(String(code));
      }
      const { fenced: total } = await owner.order({ do: "status" });
      const count = Number(total) - Number(earlier);
      fenced += count;
      violations.expect(count > 0, "The stopped worker has not tried to write.");
      // Nothing is known of the lease while the store cannot be asked; nor is anything written.
      const told = codes.filter((code) => code !== "STORE_UNAVAILABLE");
      violations.expect(
        told.length > 0 && told.every((code) => code === "ACTOR_MOVED"),
        `Answers: ${codes.join(" ")}.`,
      );
      const { marks } = await look(room);
      for (const mark of forged)
        violations.expect(!marks.includes(mark), "A write of the stopped worker was accepted.");
      await until("it goes on", () => flow.since(performance.now() - 5_000).length > 10);
      report.progress(`stop ${round}/${rounds}: ${count} writes refused by the store`);
    }
    await judge(violations);
    assert.deepEqual(violations.list, []);
    results["owners stopped, their writes refused"] = `${rounds}; ${fenced}`;
  });

  it("refuse nothing and keep nobody waiting when a worker is restarted in order", async () => {
    const violations = new Violations();
    const rounds = sized(2, 20);
    const waits: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const { owner } = await ownedRoom();
      const told = performance.now();
      owner.signal("SIGTERM");
      const code = await owner.ended();
      violations.expect(code === 0, `The worker ended with ${String(code)}.`);
      workers.delete(owner);
      await until("everybody goes on", () => ROOMS.every((room) => flow.since(told, room).length > 2));
      waits.push(...flow.since(told - 1_000).map(({ begun, ended }) => ended - begun));
      await startWorker();
    }
    await judge(violations);
    violations.expect(Math.max(...waits) < 5_000, `A command took ${Math.max(...waits).toFixed(0)} ms.`);
    assert.deepEqual(violations.list, []);
    results["workers restarted, slowest command (ms)"] = `${rounds}; ${Math.max(...waits).toFixed(0)}`;
  });

  it("goes on by itself after an outage of Valkey, with nothing lost and nothing twice", async () => {
    const violations = new Violations();
    const rounds = sized(1, 6);
    for (let round = 1; round <= rounds; round += 1) {
      await valkey.stop(dice.chance(0.5) ? "crash" : "orderly");
      await delay(dice.integer(500, 4_000));
      const started = performance.now();
      await valkey.start();
      await until("everybody goes on", () => ROOMS.every((room) => flow.since(started, room).length > 2));
    }
    await judge(violations);
    assert.deepEqual(violations.list, []);
    results["outages of Valkey"] = rounds;
  });
});
