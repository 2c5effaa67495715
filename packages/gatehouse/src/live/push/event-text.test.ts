import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventText } from "./event-text.ts";

describe("eventText", () => {
  it("writes a line for each field, and an empty one", () => {
    assert.equal(
      eventText({ comment: "c", id: "e.1", event: "stale", data: "{}" }),
      ": c\nid: e.1\nevent: stale\ndata: {}\n\n",
    );
    assert.equal(eventText({ comment: "" }), ": \n\n");
  });

  it("writes no field that has a line break in it", () => {
    for (const text of ["\n", "a\rb", "\r\n", "\0"]) {
      for (const field of ["id", "event", "data", "comment"])
        assert.throws(() => eventText({ [field]: text }), TypeError, JSON.stringify([field, text]));
    }
  });
});
