import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeClock } from "../../testing/fake-clock.ts";
import type { Attended } from "../../realtime/connection/parts.ts";
import { Attendances } from "./attendances.ts";

const attended: Attended = {
  address: { tenant: "acme", type: "room", key: ["one"] },
  channel: "default",
  connection: "connection 1",
  principal: { type: "user", id: "ada", tenant: "acme", grants: new Set() },
};

/** Attendances whose actor answers when it is told to, and what it was told. */
function open() {
  const told: string[] = [];
  const answers: (() => void)[] = [];
  const timers = createFakeClock();
  const attendances = new Attendances({
    perform: (what, { connection }) => {
      told.push(`${what} ${connection}`);
      return new Promise((resolve) => answers.push(() => resolve({ ok: true, value: {}, limits: [] })));
    },
    timers,
    report: (error) => assert.fail(String(error)),
  });
  return { told, answers, timers, attendances };
}

describe("who comes and goes", () => {
  it("is told in the order in which it happened", async () => {
    const { told, answers, timers, attendances } = open();
    attendances.tell("joined", attended);
    attendances.tell("left", attended);
    attendances.tell("left", { ...attended, connection: "connection 2" });
    await timers.advance(0);
    assert.deepEqual(told, ["joined connection 1", "left connection 2"]);
    const settled = attendances.settle();
    for (const answer of answers.splice(0)) answer();
    await timers.advance(0);
    assert.equal(told.at(-1), "left connection 1");
    for (const answer of answers) answer();
    await settled;
  });

  it("keeps no server from stopping, however many have left and whatever their actor does", async () => {
    const { told, answers, timers, attendances } = open();
    attendances.tell("joined", attended);
    attendances.tell("left", attended);
    let stopped = false;
    const settled = attendances.settle().then(() => (stopped = true));
    await timers.advance(9_999);
    assert.equal(stopped, false);
    await timers.advance(1);
    await settled;
    for (const answer of answers) answer();
    await timers.advance(0);
    assert.deepEqual(told, ["joined connection 1"]);
  });
});
