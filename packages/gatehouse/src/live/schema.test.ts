import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { z } from "zod";
import { requireFit } from "./schema.ts";

const list = z.object({ items: z.array(z.object({ id: z.string(), "due date": z.string().min(12) })) });

function faultOf(schema: StandardSchemaV1, value: unknown): string {
  try {
    requireFit(schema, value, "mount of todo made a state");
  } catch (error) {
    assert.ok(error instanceof TypeError);
    return error.message;
  }
  return assert.fail("It fits.");
}

describe("a state that its schema refuses", () => {
  it("is explained by path, what is expected and what is there", () => {
    assert.equal(
      faultOf(list, { items: [{ id: 4_217, "due date": "2 June 2031!" }] }),
      "mount of todo made a state that its schema refuses: items[0].id: expected string, got number",
    );
    assert.match(faultOf(list, undefined), /: expected object, got undefined$/);
    assert.match(faultOf(list, { items: null }), /: items: expected array, got null$/);
    assert.match(faultOf(z.object({ count: z.number() }), { count: Number.NaN }), /: count: expected number, got NaN$/);
  });

  it("names what is wrong with each member, of the first few", () => {
    const items = Array.from({ length: 9 }, () => ({ id: 1, "due date": "2 June 2031!" }));
    const message = faultOf(list, { items });
    assert.match(message, /items\[4\]\.id: expected string, got number; and 4 more$/);
  });

  it("shows no values, which may be anybody's, whatever the schema says of them", () => {
    const secret = "4111-1111";
    const message = faultOf(list, { items: [{ id: "a", "due date": secret }] });
    assert.match(message, /: items\[0\]\["due date"\]: too_small, got string$/);
    const telling: StandardSchemaV1 = {
      "~standard": {
        ...{ version: 1, vendor: "telling" },
        validate: (value) => ({ issues: [{ message: `received ${String(value)}`, path: [{ key: "card" }] }] }),
      },
    };
    assert.match(faultOf(telling, { card: secret }), /: card: does not fit, got string$/);
    const long = faultOf(z.record(z.string(), z.number()), { ["k".repeat(500)]: secret });
    assert.ok(long.length < 200 && !long.includes(secret), long);
  });
});
