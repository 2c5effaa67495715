import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { Denial } from "../kernel/outcome.ts";
import { passageOf } from "../testing/passage.ts";
import { validateGuard } from "./validate.ts";

type Schema = Parameters<typeof defineAction>[0]["input"];

async function enter(schema: Schema, input: unknown): Promise<{ denial: Denial | undefined; input: unknown }> {
  const action = defineAction({
    name: "thing.change",
    entrances: ["http"],
    input: schema,
    effects: "store",
    authorise: "public",
    run: async () => "done",
  });
  const passage = passageOf({ action, attempt: { input } });
  const denial = await validateGuard().compile(action, "http")?.enter?.(passage);
  return { denial, input: passage.input };
}

/** A schema of another library, whose messages are given. */
function complaining(message: string, path: readonly PropertyKey[] = []): Schema {
  return { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message, path }] }) } };
}

describe("validateGuard", () => {
  it("hands on what the schema made of the input", async () => {
    const schema = z.object({ name: z.string().trim(), count: z.coerce.number() });
    const { denial, input } = await enter(schema, { name: " Ada ", count: "3", more: true });
    assert.equal(denial, undefined);
    assert.deepEqual(input, { name: "Ada", count: 3 });
  });

  it("waits for schemas that need to", async () => {
    const schema = z.object({ code: z.string().refine(async (code) => code === "right") });
    assert.equal((await enter(schema, { code: "right" })).denial, undefined);
    assert.equal((await enter(schema, { code: "wrong" })).denial?.problem.code, "VALIDATION_ERROR");
  });

  it("denies with 422, JSON Pointers and messages, and records pointers alone", async () => {
    const schema = z.object({ "a/b": z.object({ "c~d": z.array(z.number()) }), name: z.string().min(3, "Too short.") });
    const { denial } = await enter(schema, { "a/b": { "c~d": [1, "x"] }, name: "ab" });
    assert.equal(denial?.problem.status, 422);
    assert.deepEqual(
      denial?.violations?.map(({ pointer }) => pointer),
      ["/a~1b/c~0d/1", "/name"],
    );
    assert.equal(denial?.violations?.[1]?.message, "Too short.");
    assert.equal(denial?.event?.name, "input_validation_fail");
    assert.deepEqual(denial?.context, { pointers: "/a~1b/c~0d/1 /name", violations: 2 });
  });

  it("lists a bounded number of violations", async () => {
    const { denial } = await enter(
      z.array(z.string()),
      Array.from({ length: 5000 }, (_, index) => index),
    );
    assert.equal(denial?.violations?.length, 50);
    assert.ok(String(denial?.context?.["pointers"]).length < 100);
  });

  it("never repeats a value, though the schema's message does", async () => {
    const cases: [message: string, input: unknown, path: PropertyKey[]][] = [
      ['Expected number but received "hunter2-correct"', { pin: "hunter2-correct" }, ["pin"]],
      ["Invalid type: received 4929111122223333", { card: 4929111122223333 }, ["card"]],
      ["You sent 42.", { count: 42 }, ["count"]],
      ["must be a date (was HUNTER2-CORRECT)", { at: " hunter2-correct " }, ["at"]],
      ['Unrecognized key: "sneaky"', { sneaky: 1 }, []],
      ["Does not match correct-horse-battery", { password: "correct-horse-battery", repeated: "x" }, ["repeated"]],
      ['got ["abcd", "efgh"]', { list: ["abcd", "efgh"] }, ["list"]],
      [`too long: ${"x".repeat(300)}`, { text: "short" }, ["text"]],
    ];
    for (const [message, input, path] of cases) {
      const { denial } = await enter(complaining(message, path), input);
      assert.equal(denial?.violations?.[0]?.message, "This value is not valid.", message);
    }
  });

  it("keeps messages that merely speak of the schema", async () => {
    const cases: [message: string, input: unknown, path: PropertyKey[]][] = [
      ["Must be at most 5.", { count: 50 }, ["count"]],
      ["Choose one of red, green.", { colour: "blue" }, ["colour"]],
      ["The end must be after the start.", { start: 5, end: 4 }, []],
    ];
    for (const [message, input, path] of cases) {
      const { denial } = await enter(complaining(message, path), input);
      assert.equal(denial?.violations?.[0]?.message, message);
    }
  });

  it("repeats no text of the input, whatever it is and wherever a message puts it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 4, maxLength: 40 }),
        fc.string({ maxLength: 20 }),
        async (value, around) => {
          fc.pre(value.trim().length >= 4);
          const { denial } = await enter(complaining(`${around} ${value} is wrong`, ["field"]), { field: value });
          assert.equal(denial?.violations?.[0]?.message, "This value is not valid.");
        },
      ),
    );
  });

  it("refuses to start without a schema", () => {
    const action: object = { ...passageOf().action, input: undefined };
    assert.equal(validateGuard().check?.(action as AnyAction).length, 1);
    assert.deepEqual(validateGuard().check?.(passageOf().action), []);
  });
});

// Prototype pollution: a JSON body may carry an own member named `__proto__`, and code that merges it into
// another object changes the prototype of every object in the process. Such names are refused at any depth,
// before any schema or action sees them.
describe("validateGuard against prototype pollution", () => {
  for (const [name, body, pointer] of [
    ["__proto__ at the top", '{"__proto__":{"admin":true}}', "/__proto__"],
    ["__proto__ in a list", '{"list":[1,{"__proto__":1}]}', "/list/1/__proto__"],
    ["constructor.prototype", '{"a":{"constructor":{"prototype":{"admin":true}}}}', "/a/constructor"],
    ["prototype", '{"prototype":{}}', "/prototype"],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const { denial } = await enter(z.looseObject({}), JSON.parse(body));
      assert.equal(denial?.problem.code, "VALIDATION_ERROR");
      assert.deepEqual(
        denial?.violations?.map((violation) => violation.pointer),
        [pointer],
      );
    });
  }

  it("accepts the same words as values and as elements", async () => {
    const input = { word: "__proto__", list: ["constructor"] };
    assert.equal((await enter(z.looseObject({}), input)).denial, undefined);
  });

  it("does not hang on nesting or cycles", async () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    assert.equal((await enter(complaining("x"), deep)).denial?.problem.code, "VALIDATION_ERROR");
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    assert.equal((await enter(z.looseObject({}), cycle)).denial?.problem.code, "VALIDATION_ERROR");
  });
});
