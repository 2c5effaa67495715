import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { eventText } from "../live/push/event-text.ts";
import { EventReader, type StreamEvent } from "./event-reader.ts";

function read(...pieces: readonly string[]): StreamEvent[] {
  const reader = new EventReader();
  return pieces.flatMap((piece) => reader.take(piece));
}

const text = fc.string({ unit: "grapheme" }).filter((value) => !/[\r\n\0]/.test(value));

describe("EventReader", () => {
  it("reads what the server writes, in whatever pieces and with whatever line breaks it arrives", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: text, event: text, data: text, comment: text }), { maxLength: 5 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        fc.array(fc.nat(400), { maxLength: 8 }),
        (messages, lineBreak, cuts) => {
          const whole = `${messages.map(eventText).join("").replaceAll("\n", lineBreak)}: end\n`;
          const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
          const pieces = places.map((place, index) => whole.slice(place, places[index + 1]));
          const expected = messages.map(({ id, event, data }) => ({ id, event, data }));
          assert.deepEqual(read(...pieces), expected);
        },
      ),
    );
  });

  it("keeps the position of a message that says nothing else, and joins lines of data", () => {
    assert.deepEqual(read("id: 1\n\n: comment\n\ndata: a\ndata:b\ndata\nevent: x\nretry: 5\n\n"), [
      { id: "1", event: "", data: "" },
      { id: "1", event: "", data: "" },
      { id: "1", event: "x", data: "a\nb\n" },
    ]);
  });
});
