import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createIds } from "../kernel/ids.ts";
import { createDeterministicRandom } from "../testing/deterministic-random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createRecordingStore } from "../testing/recording-store.ts";
import { createRetentionJob } from "./retention.ts";

function createFixture(rows: number) {
  const clock = createFakeClock(10_000);
  const store = createRecordingStore();
  const emitted: SecurityEvent[] = [];
  const asked: number[] = [];
  const events = createEventStream((error) => assert.fail(String(error)));
  events.subscribe((event) => emitted.push(event));
  let left = rows;
  const trail = {
    prune: async (_transaction: unknown, before: number, limit: number) => {
      asked.push(before);
      const count = Math.min(left, limit);
      left -= count;
      return count;
    },
  };
  const ids = createIds(clock, createDeterministicRandom());
  const job = createRetentionJob({ store, trail, events, clock, ids, timers: clock, keep: 1000, chunk: 10 });
  return { clock, store, emitted, asked, job };
}

describe("createRetentionJob", () => {
  it("deletes in chunks with pauses between them, and records that it did", async () => {
    const { clock, store, emitted, asked, job } = createFixture(25);
    const done = job();
    await clock.advance(1000);
    assert.equal(await done, 25);
    assert.deepEqual(asked, [9000, 9000, 9000]);
    assert.equal(store.notes.filter((note) => note === "commit").length, 3);
    assert.deepEqual(
      emitted.map(({ name, context }) => ({ name, context })),
      [{ name: "audit_trail_pruned", context: { before: 9000, pruned: 25 } }],
    );
  });

  it("says nothing when there was nothing to delete", async () => {
    const { emitted, job } = createFixture(0);
    assert.equal(await job(), 0);
    assert.deepEqual(emitted, []);
  });

  it("stops between chunks when it is aborted", async () => {
    const { job } = createFixture(25);
    const control = new AbortController();
    const done = job(control.signal);
    await new Promise(setImmediate);
    control.abort();
    assert.equal(await done, 10);
  });
});
