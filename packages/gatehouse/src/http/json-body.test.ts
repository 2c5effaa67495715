import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseJson } from "./json-body.ts";

function reasonOf(text: string): string {
  const answer = parseJson(text);
  assert.ok(!answer.ok);
  return answer.reason;
}

describe("parseJson", () => {
  it("agrees with JSON.parse on every JSON value", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const answer = parseJson(text);
        if (answer.ok) assert.deepEqual(answer.value, JSON.parse(text));
        else assert.match(answer.reason, /Unicode|reserved|out of range/);
      }),
      { numRuns: 1_000 },
    );
  });

  it("accepts nothing JSON.parse refuses, and never throws", () => {
    const almostJson = fc.string({
      unit: fc.constantFrom(...'{}[],:"\\ue0123456789-.tfnaulrse \n\u2028é'),
      maxLength: 60,
    });
    fc.assert(
      fc.property(almostJson, (text) => {
        const answer = parseJson(text);
        if (answer.ok) assert.deepEqual(answer.value, JSON.parse(text));
      }),
      { numRuns: 5_000 },
    );
  });

  // Half a megabyte of opening brackets costs the sender nothing and can exhaust the stack of whatever
  // walks the value. The depth is counted before anything is parsed.
  it("refuses nesting bombs before parsing them", () => {
    const bomb = "[".repeat(500_000) + "]".repeat(500_000);
    const before = performance.now();
    assert.match(reasonOf(bomb), /nested deeper than 32/);
    assert.ok(performance.now() - before < 100);
    assert.ok(parseJson("[".repeat(32) + "]".repeat(32)).ok);
    assert.match(reasonOf('{"a":'.repeat(33) + "1" + "}".repeat(33)), /nested deeper/);
  });

  // Thousands of tiny values in a small body make every later step expensive: validation, hashing, storage.
  it("refuses floods of members and values", () => {
    const members = `{${Array.from({ length: 5_001 }, (_, index) => `"k${index}":1`).join(",")}}`;
    assert.match(reasonOf(members), /more than 5000 members/);
    assert.match(reasonOf(`[${"1,".repeat(20_001)}1]`), /more than 20000 values/);
  });

  // Where a proxy reads the first of two members and the application the last, a check can be passed with
  // one value and the other be used.
  it("refuses repeated member names", () => {
    assert.match(reasonOf('{"amount":1,"amount":1000}'), /repeats/);
    assert.match(reasonOf('{"a":{"b":1,"\\u0062":2}}'), /repeats/);
    assert.ok(parseJson('{"a":{"b":1},"c":{"b":2}}').ok);
    assert.ok(parseJson('{"a":"x:y:z","b:c":"{\\":\\"}"}').ok);
  });

  // A member named __proto__ that is merged into an object changes every object of the process.
  it("refuses prototype pollution", () => {
    assert.match(reasonOf('{"__proto__":{"admin":true}}'), /reserved/);
    assert.match(reasonOf('{"\\u005f_proto__":1}'), /reserved/);
    assert.match(reasonOf('{"constructor":{"prototype":{"x":1}}}'), /reserved/);
    assert.ok(parseJson('{"constructor":"Acme"}').ok);
  });

  it("refuses what storage or canonical form would choke on", () => {
    assert.match(reasonOf('{"a":1e999}'), /out of range/);
    assert.match(reasonOf('"\\ud800"'), /Unicode/);
    assert.match(reasonOf('{"a\\u0000":1}'), /Unicode/);
    assert.ok(parseJson('"\\ud83d\\ude00"').ok);
  });
});
