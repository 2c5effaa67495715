import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InspectorLog, MOST_COMPONENTS } from "./log.ts";

const refusal = { code: "STATE_CONFLICT", message: "", at: 0, components: [], pointers: [], retryAfter: undefined };

describe("the inspector's log", () => {
  it("keeps what was last heard of", () => {
    let changes = 0;
    const log = new InspectorLog(() => (changes += 1));
    for (let count = 0; count < MOST_COMPONENTS + 50; count += 1) {
      log.note(`item:${count}`, (record) => (record.retries = count));
      log.note("item:0", (record) => (record.conflicts += 1));
    }
    assert.equal(log.find("item:0")?.conflicts, MOST_COMPONENTS + 50);
    assert.equal(log.find("item:10"), undefined);
    assert.equal(log.find(`item:${MOST_COMPONENTS + 49}`)?.retries, MOST_COMPONENTS + 49);
    assert.equal(changes, 2 * (MOST_COMPONENTS + 50));
  });

  it("keeps the newest twenty refusals, and knows which were seen", () => {
    const log = new InspectorLog(() => undefined);
    for (let count = 0; count < 50; count += 1) log.refuse({ ...refusal, what: String(count), requestId: undefined });
    assert.deepEqual([log.refusals.length, log.refusals[0]?.what, log.unseen], [20, "49", 20]);
    log.see();
    log.refuse({ ...refusal, what: "new", requestId: undefined });
    assert.deepEqual([log.refusals.length, log.refusals[0]?.what, log.unseen], [20, "new", 1]);
    log.forgetRefusals();
    assert.deepEqual([log.refusals.length, log.unseen], [0, 0]);
  });
});
