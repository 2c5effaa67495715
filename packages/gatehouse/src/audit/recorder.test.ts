import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createIds } from "../kernel/ids.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import { createDeterministicRandom } from "../testing/deterministic-random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createRecordingStore } from "../testing/recording-store.ts";
import { createRecorder, type RecorderOptions } from "./recorder.ts";

const denial: SecurityEvent = {
  id: "e",
  at: 1000,
  name: "authz_fail",
  level: "critical",
  tenant: "acme",
  actor: { type: "user", id: "ada" },
  source: { entrance: "http", ip: "192.0.2.1" },
  action: "room.delete",
  outcome: "denied",
  problem: "PERMISSION_DENIED",
  requestId: "r",
  context: {},
};

function createFixture(options: Partial<RecorderOptions> = {}) {
  const clock = createFakeClock();
  const ids = createIds(clock, createDeterministicRandom());
  const events = createEventStream((error) => assert.fail(String(error)));
  const store = createRecordingStore();
  const rows: SecurityEvent[] = [];
  const reported: unknown[] = [];
  const fault: { refuse?: (event: SecurityEvent) => Error | undefined } = {};
  const trail: RecorderOptions["trail"] = {
    append: async (transaction, event) => {
      const error = fault.refuse?.(event);
      if (error !== undefined) throw error;
      transaction.afterCommit(() => rows.push(event));
    },
  };
  const report = (error: unknown): void => void reported.push(error);
  const recorder = createRecorder({ events, store, trail, clock, ids, timers: clock, report, ...options });
  return { clock, events, store, rows, reported, fault, recorder };
}

describe("createRecorder", () => {
  it("writes denials in batches, after a while, in their order", async () => {
    const { clock, events, store, rows } = createFixture();
    for (let index = 0; index < 10; index += 1) events.emit({ ...denial, id: `e${index}` });
    assert.deepEqual(store.notes, []);
    await clock.advance(250);
    assert.deepEqual(store.notes, ["begin", "commit"]);
    assert.deepEqual(
      rows.map(({ id }) => id),
      Array.from({ length: 10 }, (_, index) => `e${index}`),
    );
  });

  it("leaves alone what the trail holds already", async () => {
    const { events, rows, recorder } = createFixture();
    events.emit({ ...denial, outcome: "success", recorded: true });
    await recorder.flush();
    assert.deepEqual(rows, []);
  });

  it("keeps secrets and unstorable characters out of the trail", async () => {
    const { events, rows, recorder } = createFixture();
    events.emit({ ...denial, action: "a\u0000b\ud800", target: "Bearer abcdefgh", context: { password: "hunter2" } });
    await recorder.flush();
    const text = JSON.stringify(rows);
    assert.ok(!text.includes("hunter2") && !text.includes("abcdefgh"));
    assert.equal(rows[0]?.action, "a?b\ufffd");
  });

  it("writes what is left when it is disposed, counts of floods included", async () => {
    const { events, rows, recorder } = createFixture({ rollUp: { cap: 2 } });
    for (let index = 0; index < 5; index += 1) events.emit({ ...denial, at: 1000 + index });
    await recorder[Symbol.asyncDispose]();
    assert.deepEqual(
      rows.map(({ context }) => context),
      [{}, {}, { merged: 3, firstAt: 1002, lastAt: 1004 }],
    );
    events.emit(denial);
    assert.equal(recorder.state().waiting, 0);
  });
});

// A flood of refused requests is also an attack on the audit trail: it fills the disk and buries the one row
// that matters. Alike events from one source become one row an interval, with the exact count.
describe("createRecorder against a flood of denials", () => {
  it("writes a few rows singly and one for the rest, with first and last time", async () => {
    const { clock, events, rows } = createFixture({ rollUp: { cap: 3, interval: 10_000 } });
    for (let index = 0; index < 1000; index += 1) events.emit({ ...denial, at: 1000 + index });
    await clock.advance(11_000);
    assert.equal(rows.length, 4);
    assert.deepEqual(rows[3]?.context, { merged: 997, firstAt: 1003, lastAt: 1999 });
    assert.deepEqual(rows[3]?.actor, denial.actor);
    assert.equal(rows[3]?.action, "room.delete");
  });

  it("names in the row what was common to all", async () => {
    const { events, rows, recorder } = createFixture({ rollUp: { cap: 0 } });
    events.emit(denial);
    events.emit({ ...denial, actor: { type: "user", id: "bob" }, problem: "NOT_FOUND" });
    events.emit({ ...denial, actor: { type: "user", id: "bob" }, problem: "NOT_FOUND" });
    await recorder[Symbol.asyncDispose]();
    const [row] = rows;
    assert.deepEqual(row?.actor, { type: "anonymous", id: "various" });
    assert.equal(row?.action, "room.delete");
    assert.equal(row?.problem, "various");
    assert.equal(row?.context["merged"], 3);
    assert.equal(row?.context["actors"], "user ada, user bob");
  });

  it("counts one IPv6 subscriber as one source, and other sources and kinds apart", async () => {
    const { events, rows, recorder } = createFixture({ rollUp: { cap: 1 } });
    for (let host = 1; host <= 50; host += 1) {
      events.emit({ ...denial, source: { entrance: "http", ip: `2001:db8:1:2::${host.toString(16)}` } });
    }
    events.emit({ ...denial, source: { entrance: "http", ip: "2001:db8:1:3::1" } });
    events.emit({ ...denial, name: "malicious_csrf" });
    await recorder[Symbol.asyncDispose]();
    assert.equal(rows.length, 4);
    const merged = rows.find(({ context }) => context["merged"] !== undefined);
    assert.equal(merged?.context["merged"], 49);
    assert.equal(merged?.source.ip, "2001:db8:1:2::/64");
  });

  it("never merges the system's own acts", async () => {
    const { events, rows, recorder } = createFixture({ rollUp: { cap: 1 } });
    for (let index = 0; index < 5; index += 1) events.emit({ ...denial, source: { entrance: "job" } });
    await recorder[Symbol.asyncDispose]();
    assert.equal(rows.length, 5);
  });

  it("holds bounded memory however many sources there are, and still counts every event", async () => {
    const { events, rows, recorder } = createFixture({ rollUp: { cap: 1, sources: 100 }, capacity: 1000 });
    for (let index = 0; index < 20_000; index += 1) {
      const ip = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
      events.emit({ ...denial, source: { entrance: "http", ip } });
    }
    assert.ok(recorder.state().waiting <= 1000);
    await recorder[Symbol.asyncDispose]();
    const counted = rows.reduce((sum, { context }) => sum + Number(context["merged"] ?? 1), 0);
    assert.equal(counted, 20_000);
    assert.ok(rows.length < 250);
  });

  it("accounts for every event exactly, whatever the mix of sources, times and pauses", async () => {
    const step = fc.record({ source: fc.nat(5), kind: fc.nat(2), pause: fc.constantFrom(0, 0, 0, 100, 4000, 11_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const { clock, events, rows, recorder } = createFixture({ rollUp: { cap: 2 } });
        for (const { source, kind, pause } of steps) {
          events.emit({ ...denial, name: `kind_${kind}`, source: { entrance: "http", ip: `192.0.2.${source}` } });
          if (pause > 0) await clock.advance(pause);
        }
        await recorder[Symbol.asyncDispose]();
        const counted = rows.reduce((sum, { context }) => sum + Number(context["merged"] ?? 1), 0);
        assert.equal(counted, steps.length);
      }),
      { numRuns: 60 },
    );
  });
});

// Hiding in a flood of one's own: twenty cheap denials use up what is written singly, and the one that matters comes
// after them, to become a number. What was attempted, in which tenant, by whom and on what stays readable.
describe("createRecorder against hiding behind cheap denials", () => {
  const from = (ip: string) => ({ source: { entrance: "http", ip } }) as const;

  it("writes the first denial of every action singly", async () => {
    const { events, rows, recorder } = createFixture();
    for (let index = 0; index < 30; index += 1) events.emit({ ...denial, action: "album.peek" });
    events.emit({ ...denial, action: "album.deleteEverything", target: "album 7" });
    events.emit({ ...denial, action: "album.peek" });
    await recorder[Symbol.asyncDispose]();
    assert.equal(rows.filter(({ action }) => action === "album.deleteEverything").length, 1);
    assert.equal(rows.find(({ context }) => context["merged"] === 11)?.action, "album.peek");
    assert.equal(rows.length, 22);
  });

  it("keeps tenants and actions apart when there are more sources than are told apart", async () => {
    const { events, rows, recorder } = createFixture({ rollUp: { cap: 1, sources: 3 } });
    for (let index = 0; index < 9; index += 1) events.emit({ ...denial, ...from(`192.0.2.${index}`) });
    events.emit({ ...denial, ...from("198.51.100.1"), tenant: "victim" });
    events.emit({ ...denial, ...from("198.51.100.1"), action: "room.rename" });
    // Neither by source nor by kind is there room left: what comes now is not counted with others.
    events.emit({ ...denial, ...from("198.51.100.1"), action: "room.paint" });
    await recorder[Symbol.asyncDispose]();
    const alone = rows.filter(({ source }) => source.ip === "198.51.100.1").map((row) => `${row.tenant} ${row.action}`);
    assert.deepEqual(alone, ["victim room.delete", "acme room.rename", "acme room.paint"]);
    const merged = rows.find(({ context }) => context["merged"] !== undefined);
    assert.deepEqual([merged?.tenant, merged?.action, merged?.context["merged"]], ["acme", "room.delete", 5]);
  });

  it("names whom and what a row of many was about, the first ten and whether there are more", async () => {
    const { events, rows, recorder } = createFixture({ rollUp: { cap: 0 } });
    const secret = "Zx9Q2mB7vK4nT8wR1yU6pL3sD5fG0hJaXcVbNmQ";
    for (let index = 0; index < 40; index += 1) {
      const actor = { type: "user", id: index === 3 ? "root" : "mallory" } as const;
      events.emit({ ...denial, actor, target: index === 5 ? secret : `${"album ".repeat(50)}`.slice(index) });
    }
    await recorder[Symbol.asyncDispose]();
    const { actors, targets } = rows[0]?.context ?? {};
    assert.equal(actors, "user mallory, user root");
    assert.ok(typeof targets === "string" && targets.length <= 500);
    assert.ok(targets.includes("[redacted]") && !JSON.stringify(rows).includes(secret.slice(0, 20)));
    const several = createFixture({ rollUp: { cap: 0 } });
    for (let index = 0; index < 40; index += 1) several.events.emit({ ...denial, target: `album ${index}` });
    await several.recorder[Symbol.asyncDispose]();
    assert.match(String(several.rows[0]?.context["targets"]), /^album 0, album 1, .*album 9, …$/);
    const one = createFixture({ rollUp: { cap: 0 } });
    for (let index = 0; index < 3; index += 1) one.events.emit({ ...denial, target: "album 7" });
    await one.recorder[Symbol.asyncDispose]();
    assert.equal(one.rows[0]?.target, "album 7");
    assert.equal(one.rows[0]?.context["targets"], undefined);
  });
});

describe("createRecorder while the store is away", () => {
  const down = new StoreUnavailableError("main", "down");

  it("keeps events and writes them once it is back, reporting the outage once", async () => {
    const { clock, events, rows, reported, store } = createFixture();
    store.commitFailures.push(down, down, down);
    events.emit(denial);
    await clock.advance(250);
    events.emit({ ...denial, id: "later" });
    await clock.advance(60_000);
    assert.deepEqual(
      rows.map(({ id }) => id),
      ["e", "later"],
    );
    assert.deepEqual(reported, [down]);
  });

  it("counts what does not fit, and records the count", async () => {
    const { clock, events, rows, recorder, store } = createFixture({ capacity: 5, rollUp: { cap: 100 } });
    store.commitFailures.push(down);
    for (let index = 0; index < 12; index += 1) events.emit({ ...denial, id: `e${index}`, at: 1000 + index });
    assert.deepEqual(recorder.state(), { waiting: 5, dropped: 7 });
    await clock.advance(60_000);
    assert.deepEqual(rows.map(({ id }) => id).slice(0, 5), ["e0", "e1", "e2", "e3", "e4"]);
    assert.equal(rows[5]?.name, "audit_events_dropped");
    assert.deepEqual(rows[5]?.context, { dropped: 7, firstAt: 1005, lastAt: 1011 });
    assert.equal(rows.length, 6);
    assert.deepEqual(recorder.state(), { waiting: 0, dropped: 0 });
  });

  it("does not let one row the engine refuses hold up the others", async () => {
    const { events, rows, reported, fault, recorder } = createFixture();
    fault.refuse = ({ id }) => (id === "bad" ? new Error("text is refused") : undefined);
    for (const id of ["a", "bad", "b"]) events.emit({ ...denial, id });
    await recorder.flush();
    assert.deepEqual(
      rows.map(({ id, name }) => (name === "authz_fail" ? id : name)),
      ["a", "b", "audit_events_dropped"],
    );
    assert.equal(reported.length, 1);
  });

  it("says at the end what it could not write", async () => {
    const { events, reported, recorder, store } = createFixture();
    store.commitFailures.push(down, down, down, down, down);
    events.emit(denial);
    await recorder[Symbol.asyncDispose]();
    assert.match(String(reported.at(-1)), /1 events could not be recorded/);
  });
});
