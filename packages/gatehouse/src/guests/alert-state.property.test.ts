import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nextAlert, type AlertLook, type AlertState } from "./alert-state.ts";

const looks = fc.array(
  fc.record({
    at: fc.integer({ min: 1, max: 3 }),
    found: fc.constantFrom("alert", "calm", "between"),
  }),
  { maxLength: 40 },
);

/** What is told over looks at periods that follow each other, `at` being how many periods later each one is. */
function told(steps: readonly AlertLook[]): string[] {
  let state: AlertState | undefined;
  let at = 0;
  return steps.map(({ at: later, found }) => {
    at += later;
    const next = nextAlert(state, { at, found });
    state = next.state;
    return next.tell ?? "-";
  });
}

/** The same by looking back over the whole history each time. */
function reference(steps: readonly AlertLook[]): string[] {
  const said: string[] = [];
  for (const [index] of steps.entries()) {
    const begun = said.lastIndexOf("begin");
    const isOpen = begun > said.lastIndexOf("end");
    const sinceBegin = steps.slice(begun + 1, index + 1).map(({ found }) => found);
    if (!isOpen) said.push(steps[index]?.found === "alert" ? "begin" : "-");
    else said.push(sinceBegin.length >= 3 && sinceBegin.slice(-3).every((found) => found === "calm") ? "end" : "-");
  }
  return said;
}

describe("an alert", () => {
  it("begins with the first finding and is over after three calm looks in a row", () => {
    fc.assert(
      fc.property(looks, (steps) => assert.deepEqual(told(steps), reference(steps))),
      { numRuns: 1000 },
    );
  });

  it("is told in turns: a begin, an end, a begin", () => {
    fc.assert(
      fc.property(looks, (steps) => {
        const turns = told(steps).filter((tell) => tell !== "-");
        assert.ok(turns.every((tell, index) => tell === (index % 2 === 0 ? "begin" : "end")));
      }),
    );
  });

  it("is not told again by who looks at the same period or an earlier one", () => {
    fc.assert(
      fc.property(looks, fc.integer({ min: 0, max: 3 }), (steps, earlier) => {
        let state: AlertState | undefined;
        let at = 10;
        for (const { at: later, found } of steps) {
          at += later;
          state = nextAlert(state, { at, found }).state;
          const again = nextAlert(state, { at: at - earlier, found });
          assert.deepEqual([again.tell, again.state], [undefined, state]);
        }
      }),
    );
  });
});
