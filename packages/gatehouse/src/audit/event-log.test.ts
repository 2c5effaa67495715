import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { describe, it } from "node:test";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createIds } from "../kernel/ids.ts";
import { systemRandom } from "../kernel/random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { attemptOf } from "../testing/passage.ts";
import { createErrorReport } from "./error-report.ts";
import { createEventLog, type EventLogOptions } from "./event-log.ts";

const event: SecurityEvent = {
  id: "019b7600-0000-7000-8000-000000000002",
  at: 1_767_225_600_123,
  name: "authz_fail",
  level: "critical",
  tenant: "acme",
  actor: { type: "user", id: "ada" },
  source: { entrance: "http", ip: "192.0.2.1" },
  action: "room.delete",
  target: "room 7",
  outcome: "denied",
  problem: "PERMISSION_DENIED",
  requestId: "019b7600-0000-7000-8000-000000000001",
  context: { by: "rule" },
};

function createFixture(options: Partial<EventLogOptions> = {}) {
  const stream = createEventStream((error) => assert.fail(String(error)));
  const written: string[] = [];
  const sink = { writableLength: 0, write: (text: string) => written.push(text) > 0 };
  const clock = createFakeClock();
  const ids = createIds(clock, systemRandom);
  const log = createEventLog({ events: stream, sink, clock, timers: clock, ids, format: "json", ...options });
  return { stream, written, sink, clock, log };
}

describe("createEventLog", () => {
  it("writes one JSON object a line, those of one turn together", async () => {
    const { stream, written } = createFixture();
    stream.emit(event);
    stream.emit({ ...event, name: "second", recorded: true });
    assert.deepEqual(written, []);
    await setImmediate();
    assert.equal(written.length, 1);
    const lines = written
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines[0], {
      time: "2026-01-01T00:00:00.123Z",
      level: "critical",
      event: "authz_fail",
      outcome: "denied",
      problem: "PERMISSION_DENIED",
      tenant: "acme",
      actor: { type: "user", id: "ada" },
      source: { entrance: "http", ip: "192.0.2.1" },
      action: "room.delete",
      target: "room 7",
      request_id: "019b7600-0000-7000-8000-000000000001",
      id: "019b7600-0000-7000-8000-000000000002",
      context: { by: "rule" },
    });
    assert.deepEqual(Object.keys(lines[1]), Object.keys(lines[0]));
  });

  it("writes lines for people, coloured on terminals alone", async () => {
    const { stream, written, log } = createFixture({ format: "readable" });
    stream.emit(event);
    log.flush();
    const expected =
      '00:00:00.123 critical authz_fail room.delete room 7 · denied PERMISSION_DENIED · user ada · http 192.0.2.1 · by="rule"';
    assert.equal(written[0], `${expected} ${event.requestId}\n`);
    const coloured = createFixture({ format: "readable", colour: true });
    coloured.stream.emit(event);
    coloured.log.flush();
    assert.match(coloured.written[0] ?? "", /\u001b\[31mcritical\u001b\[0m/);
  });

  it("leaves out what is quieter than the chosen level", () => {
    const { stream, written, log } = createFixture({ level: "warn" });
    stream.emit({ ...event, level: "info" });
    log.flush();
    assert.deepEqual(written, []);
    stream.emit({ ...event, level: "warn" });
    log.flush();
    assert.equal(written.length, 1);
  });

  it("writes what is left when it is disposed, and nothing after", async () => {
    const { stream, written, log } = createFixture();
    stream.emit(event);
    await log[Symbol.asyncDispose]();
    stream.emit(event);
    await setImmediate();
    assert.equal(written.length, 1);
  });

  it("leaves lines out rather than filling memory, and says how many", () => {
    const { stream, written, sink, log } = createFixture();
    sink.writableLength = 100_000_000;
    stream.emit(event);
    stream.emit(event);
    log.flush();
    assert.deepEqual(written, []);
    sink.writableLength = 0;
    stream.emit(event);
    log.flush();
    assert.match(written[0] ?? "", /"log_lines_left_out","count":2/);
  });
});

// Log flooding: a caller sends refusals as fast as the wire allows, to fill the disk with lines, or to push out of
// sight what else it does. The first denials of a kind and source are written, the others become one line with
// their exact count, and what succeeded is always written.
describe("createEventLog against floods of denials", () => {
  const linesOf = (written: readonly string[]) =>
    written
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly event: string; readonly context: Record<string, number> });

  it("writes twenty of them, and one line for the others once ten seconds are over", async () => {
    const { stream, written, clock, log } = createFixture();
    for (let index = 0; index < 10_000; index += 1) stream.emit(event);
    stream.emit({ ...event, name: "vault_opened", outcome: "success" });
    stream.emit({ ...event, source: { entrance: "http", ip: "198.51.100.7" } });
    log.flush();
    assert.equal(linesOf(written).filter(({ event: name }) => name === "authz_fail").length, 21);
    assert.ok(linesOf(written).some(({ event: name }) => name === "vault_opened"));
    await clock.advance(10_000);
    log.flush();
    const last = linesOf(written).slice(22);
    assert.deepEqual(
      last.map(({ context }) => context["merged"]),
      [9980],
    );
    await clock.advance(60_000);
    log.flush();
    assert.equal(linesOf(written).length, 23);
    assert.equal(clock.waiting, 0);
  });

  it("writes singly again once an interval is over, whenever the counts are told", async () => {
    const { stream, written, clock, log } = createFixture();
    stream.emit({ ...event, source: { entrance: "http", ip: "198.51.100.7" } });
    await clock.advance(100);
    for (let index = 0; index < 22; index += 1) stream.emit(event);
    await clock.advance(10_050);
    stream.emit({ ...event, target: "room 8" });
    log.flush();
    const last = JSON.parse(written.join("").trimEnd().split("\n").at(-1) ?? "");
    assert.equal(last.target, "room 8");
    assert.ok(linesOf(written).some(({ context }) => context["merged"] === 2));
    await log[Symbol.asyncDispose]();
  });

  it("writes the count when it is disposed", async () => {
    const { stream, written, log } = createFixture();
    for (let index = 0; index < 25; index += 1) stream.emit(event);
    await log[Symbol.asyncDispose]();
    assert.equal(linesOf(written).at(-1)?.context["merged"], 5);
  });
});

// Log injection: a caller puts line ends, terminal sequences or secrets into names that are logged, to forge
// lines, take over the operator's terminal, or have credentials end up in log storage. Fields arrive as text
// of one line, and what looks like a secret does not arrive.
describe("createEventLog against log injection", () => {
  const hostile = { ...event, action: "x\n2026 critical forged", target: "\u001b]0;title\u0007\u202e", context: {} };

  for (const format of ["json", "readable"] as const) {
    it(`keeps one event on one line, without control characters (${format})`, () => {
      const { stream, written, log } = createFixture({ format });
      stream.emit(hostile);
      log.flush();
      const line = written.join("").slice(0, -1);
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f]/);
    });

    it(`never prints a secret (${format})`, () => {
      const { stream, written, log } = createFixture({ format });
      const secret = "Zx9Q2mB7vK4nT8wR1yU6pL3sD5fG0hJaXcVbNmQ";
      const context = { password: "hunter2", note: `saw ${secret}`, uri: `https://a:hunter2@b.example/?token=hunter2` };
      stream.emit({ ...event, target: `Bearer ${secret}`, context });
      log.flush();
      assert.ok(!written.join("").includes("hunter2"));
      assert.ok(!written.join("").includes(secret));
    });
  }
});

describe("createErrorReport", () => {
  it("writes the stack, the causes and the request, without secrets", () => {
    const written: string[] = [];
    const sink = { write: (text: string) => written.push(text) > 0 };
    const report = createErrorReport({ sink, clock: createFakeClock(), format: "json" });
    const cause = new Error("connect to postgres://gate:hunter2@db failed");
    report(new Error("no answer", { cause }), attemptOf());
    const line = JSON.parse(written[0] ?? "");
    assert.equal(line.request_id, attemptOf().id);
    assert.match(line.stack, /no answer[\s\S]*caused by Error: connect to postgres:\/\/gate:\[redacted\]@db/);
    report("thrown text with hunter2");
    assert.ok(!written.join("").includes("hunter2"));
  });

  it("ends at causes that go in circles", () => {
    const written: string[] = [];
    const report = createErrorReport({
      sink: { write: (text) => written.push(text) > 0 },
      clock: createFakeClock(),
      format: "readable",
    });
    const error = new Error("round");
    error.cause = error;
    report(error);
    assert.equal(written.length, 1);
  });
});
