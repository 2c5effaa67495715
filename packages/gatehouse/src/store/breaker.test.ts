import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";

import { createFakeClock } from "../testing/fake-clock.ts";
import { createBreaker } from "./breaker.ts";

describe("createBreaker", () => {
  function setUp() {
    const clock = createFakeClock();
    const changes: string[] = [];
    const breaker = createBreaker({ clock, threshold: 3, pause: 1000, onChange: (state) => void changes.push(state) });
    const fail = (): void => {
      assert.equal(breaker.enter(), true);
      breaker.failed();
    };
    return { clock, changes, breaker, fail };
  }

  it("opens after a number of failures in a row, and not when a success lies between them", () => {
    const { breaker, changes, fail } = setUp();
    fail();
    fail();
    breaker.succeeded();
    fail();
    fail();
    assert.equal(breaker.state, "closed");
    fail();
    assert.equal(breaker.state, "open");
    assert.equal(breaker.enter(), false);
    assert.equal(breaker.retryAfter, 1000);
    assert.deepEqual(changes, ["open"]);
  });

  it("lets one probe through after the pause and closes when it succeeds", async () => {
    const { breaker, changes, clock, fail } = setUp();
    for (let count = 0; count < 3; count += 1) fail();
    await clock.advance(999);
    assert.equal(breaker.enter(), false);
    await clock.advance(1);
    assert.equal(breaker.enter(), true);
    assert.equal(breaker.enter(), false);
    breaker.succeeded();
    assert.equal(breaker.enter(), true);
    assert.deepEqual(changes, ["open", "closed"]);
  });

  it("waits again when the probe fails, and announces the outage once", async () => {
    const { breaker, changes, clock, fail } = setUp();
    for (let count = 0; count < 3; count += 1) fail();
    await clock.advance(1000);
    fail();
    assert.equal(breaker.enter(), false);
    await clock.advance(1000);
    assert.equal(breaker.enter(), true);
    assert.deepEqual(changes, ["open"]);
  });

  it("sends another probe when one never reports", async () => {
    const { breaker, clock, fail } = setUp();
    for (let count = 0; count < 3; count += 1) fail();
    await clock.advance(1000);
    assert.equal(breaker.enter(), true);
    await clock.advance(1000);
    assert.equal(breaker.enter(), true);
  });

  it("is not closed by the late answer to a call from before it opened", () => {
    const { breaker, fail } = setUp();
    for (let count = 0; count < 3; count += 1) fail();
    breaker.succeeded();
    assert.equal(breaker.state, "open");
  });

  it("never lets more than one call through a pause once it is open, whatever happens", async () => {
    const step = fc.constantFrom("enter", "succeeded", "failed", "wait 300", "wait 1000");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { breaker, clock } = setUp();
        let entered: number | undefined;
        for (const name of steps) {
          if (name === "succeeded") breaker.succeeded();
          else if (name === "failed") breaker.failed();
          else if (name.startsWith("wait")) await clock.advance(Number(name.slice(5)));
          else {
            const before = breaker.state;
            const admitted = breaker.enter();
            if (before === "closed") assert.ok(admitted);
            else if (admitted) {
              assert.ok(entered === undefined || clock.monotonic() - entered >= 1000);
              entered = clock.monotonic();
            }
          }
          if (breaker.state === "closed") entered = undefined;
        }
      }),
      { numRuns: 200 },
    );
  });
});
