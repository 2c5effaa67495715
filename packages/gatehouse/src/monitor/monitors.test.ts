import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../kernel/clock.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createEventStream } from "../kernel/event-stream.ts";
import { createIds } from "../kernel/ids.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { systemTimers } from "../kernel/timers.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { createLeases } from "../store/sql/leases.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createMetrics } from "./metrics.ts";
import { defineMonitor, expectThat, type Monitor } from "./monitor.ts";
import { createMonitors, type MonitorsParts } from "./monitors.ts";

/** A door that opens for who has been there before. */
const door = createServer((request, response) => {
  if (request.url === "/slow") return;
  const known = request.headers.cookie === "seen=yes";
  response.writeHead(known ? 200 : 403, { "set-cookie": "seen=yes; Path=/; HttpOnly" }).end(known ? "come in" : "who?");
});
let origin: string;
let store: Store;

before(async () => {
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  // It listens on a port.
  origin = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  store = await openSqliteStore({ memory: true, clock: systemClock, migrations: coreMigrations });
});
after(async () => {
  door.closeAllConnections();
  door.close();
  await store[Symbol.asyncDispose]();
});

function setUp(monitors: readonly Monitor[]): { parts: MonitorsParts; events: SecurityEvent[]; reported: unknown[] } {
  const events: SecurityEvent[] = [];
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const stream = createEventStream(report);
  stream.subscribe((event) => void events.push(event));
  const parts = {
    ...{ monitors, store, documents: createDocuments(), leases: createLeases(store), events: stream, report },
    ...{ ids: createIds(systemClock, systemRandom), clock: systemClock, timers: systemTimers, origin: () => origin },
  };
  return { parts, events, reported };
}

const doorMonitor = (name: string): Monitor =>
  defineMonitor({
    ...{ name, title: "The door", every: 60_000 },
    steps: () => {
      let body = "";
      return [
        {
          name: "open",
          async run({ visitor }) {
            const guest = visitor();
            const first = await guest.fetch("/");
            expectThat(first.status === 403, "A stranger came in.");
            body = await (await guest.fetch("/")).text();
          },
        },
        { name: "greet", run: async () => expectThat(body === "come in", `The door says "${body}".`) },
      ];
    },
  });

describe("a monitor", () => {
  it("goes in at the front door with cookies of its own, and notes what each step took", async () => {
    const { parts, events } = setUp([doorMonitor("door")]);
    const monitors = createMonitors(parts);
    const run = await monitors.run("door");
    assert.ok(typeof run === "object" && run.failed === undefined, JSON.stringify(run));
    assert.deepEqual(
      run.steps.map(({ name }) => name),
      ["open", "greet"],
    );
    const [listed] = await store.read((transaction) => monitors.list(transaction));
    assert.equal(listed?.state, "up");
    assert.deepEqual(listed?.runs, [run]);
    assert.deepEqual(events, []);
    assert.equal(await monitors.run("window"), "unknown");
  });

  it("tells of an outage when it has failed twice, with the step and the reason, and of its end", async () => {
    let broken = true;
    const lamp = defineMonitor({
      ...{ name: "lamp", title: "The lamp" },
      steps: () => [{ name: "shine", run: async () => expectThat(!broken, "It is dark.") }],
    });
    const { parts, events } = setUp([lamp]);
    const monitors = createMonitors(parts);
    for (const _ of [1, 2, 3]) await monitors.run("lamp");
    broken = false;
    await monitors.run("lamp");
    assert.deepEqual(
      events.map(({ name, target, context }) => [name, target, context["step"], context["reason"]]),
      [
        ["monitor_failed", "lamp", "shine", "It is dark."],
        ["monitor_recovered", "lamp", undefined, undefined],
      ],
    );
  });

  it("ends when its time is up, although a step waits for ever, and cleans up, last first", async () => {
    const undone: string[] = [];
    const stuck = defineMonitor({
      ...{ name: "stuck", title: "Stuck", timeout: 100 },
      steps: () => [
        {
          name: "wait",
          run: ({ defer }) => {
            defer(async () => void undone.push("first"));
            defer(() => Promise.reject(new Error("cannot be undone")));
            defer(async () => void undone.push("second"));
            return new Promise(() => undefined);
          },
        },
        { name: "never", run: async () => void undone.push("never") },
      ],
    });
    const { parts, reported } = setUp([stuck]);
    const run = await createMonitors(parts).run("stuck");
    assert.deepEqual(typeof run === "object" && run.failed, { step: "wait", reason: "It took longer than 100 ms." });
    assert.deepEqual(undone, ["second", "first"]);
    assert.equal(reported.length, 1);
  });

  it("has a request that hangs given up when its time is up", async () => {
    const slow = defineMonitor({
      ...{ name: "slow", title: "Slow", timeout: 150 },
      steps: () => [{ name: "ask", run: async ({ visitor }) => void (await visitor().fetch("/slow")) }],
    });
    const run = await createMonitors(setUp([slow]).parts).run("slow");
    assert.equal(typeof run === "object" && run.failed?.step, "ask");
  });

  it("is run by one server at a time", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const long = defineMonitor({
      ...{ name: "long", title: "Long" },
      steps: () => [{ name: "last", run: () => promise }],
    });
    const [one, other] = [createMonitors(setUp([long]).parts), createMonitors(setUp([long]).parts)];
    const running = one.run("long");
    while ((await other.run("long")) !== "running") await delay(5);
    resolve();
    assert.equal(typeof (await running), "object");
    assert.equal(typeof (await other.run("long")), "object");
  });

  it("runs when it is due, and not again on another server before it is due again", async () => {
    let runs = 0;
    const often = defineMonitor({
      ...{ name: "often", title: "Often", every: 60_000 },
      steps: () => [{ name: "count", run: async () => void (runs += 1) }],
    });
    const [one, other] = [createMonitors(setUp([often]).parts), createMonitors(setUp([often]).parts)];
    {
      await using _one = one.start();
      while (runs === 0) await delay(5);
      await using _other = other.start();
      await delay(100);
    }
    assert.equal(runs, 1);
  });

  it("asks the server alone, wherever an answer sends it", async () => {
    const astray = defineMonitor({
      ...{ name: "astray", title: "Astray" },
      steps: () => [{ name: "go", run: async ({ visitor }) => void (await visitor().fetch("http://192.0.2.1/")) }],
    });
    const run = await createMonitors(setUp([astray]).parts).run("astray");
    assert.match(String(typeof run === "object" && run.failed?.reason), /not the server's own address/);
  });

  it("has a name that metrics and commands can have, and no other one has", () => {
    assert.throws(() => defineMonitor({ ...doorMonitor("door"), name: "The Door" }), /no name for a monitor/);
    assert.throws(() => createMonitors(setUp([doorMonitor("a"), doorMonitor("a")]).parts), /same name/);
  });
});

describe("metrics", () => {
  it("show how the monitors stand and count events, by names of the registries alone", async () => {
    const { parts } = setUp([doorMonitor("measured")]);
    const monitors = createMonitors(parts);
    using metrics = createMetrics({ ...parts, monitors });
    assert.doesNotMatch(await metrics.render(), /monitor="measured"/);
    await monitors.run("measured");
    parts.events.emit({
      ...{ id: "1", at: 0, name: "authn_login_fail", level: "warn", tenant: "a", requestId: "1", action: "x" },
      ...{ actor: { type: "anonymous", id: "-" }, source: { entrance: "http" }, outcome: "denied", context: {} },
    });
    const text = await metrics.render();
    assert.match(text, /^probe_success\{monitor="measured"\} 1$/m);
    assert.match(text, /^probe_step_duration_seconds\{monitor="measured",step="greet"\} [\d.e-]+$/m);
    assert.match(text, /^gatehouse_events_total\{event="authn_login_fail",outcome="denied"\} 1$/m);
    assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
  });
});
