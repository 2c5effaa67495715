import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEventStream } from "./event-stream.ts";
import type { SecurityEvent } from "./event.ts";
import { events } from "./events.ts";

const sample: SecurityEvent = {
  id: "1",
  at: 0,
  name: "action_performed",
  level: "info",
  tenant: "-",
  actor: { type: "system", id: "test" },
  source: { entrance: "job" },
  action: "test.run",
  outcome: "success",
  requestId: "1",
  context: {},
};

describe("events", () => {
  it("say what happened, in a sentence", () => {
    for (const [name, event] of Object.entries(events)) {
      assert.equal(event.name, name);
      assert.match(event.description, /\.$/, name);
    }
  });

  it("use the names of the OWASP vocabulary where it has them", () => {
    assert.equal(events.malicious_csrf.level, "warn");
    assert.equal(events.excess_rate_limit_exceeded.level, "warn");
    assert.equal(events.authz_fail.level, "critical");
    assert.match(events.malicious_csrf.description, /CSRF_ATTACK_DETECTED/);
    assert.match(events.excess_rate_limit_exceeded.description, /RATE_LIMIT_EXCEEDED/);
  });
});

describe("createEventStream", () => {
  it("gives each event to every receiver, until it unsubscribes", () => {
    const stream = createEventStream(() => assert.fail("nothing fails here"));
    const received: string[] = [];
    const first = stream.subscribe((event) => received.push(`first ${event.id}`));
    stream.subscribe((event) => received.push(`second ${event.id}`));
    stream.emit(sample);
    first[Symbol.dispose]();
    stream.emit({ ...sample, id: "2" });
    assert.deepEqual(received, ["first 1", "second 1", "second 2"]);
  });

  it("reports a receiver that throws and goes on to the others", () => {
    const reported: unknown[] = [];
    const received: SecurityEvent[] = [];
    const stream = createEventStream((error) => reported.push(error));
    const failure = new Error("receiver");
    stream.subscribe(() => {
      throw failure;
    });
    stream.subscribe((event) => received.push(event));
    stream.emit(sample);
    assert.deepEqual(reported, [failure]);
    assert.deepEqual(received, [sample]);
  });
});
