import assert from "node:assert/strict";
import { it } from "node:test";
import { Pace } from "./pace.ts";

it("lets so many calls go out within any minute, and has the next one wait until there is room again", async () => {
  let now = 0;
  const waited: number[] = [];
  const wait = async (milliseconds: number): Promise<void> => {
    waited.push(milliseconds);
    now += milliseconds;
  };
  const pace = new Pace({ perMinute: 2, now: () => now, wait });
  await pace.turn();
  now = 10_000;
  await pace.turn();
  assert.deepEqual(waited, []);
  await pace.turn();
  await pace.turn();
  assert.deepEqual([waited, now], [[50_000, 10_000], 70_000]);
});
