import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineEvents } from "./event.ts";

describe("defineEvents", () => {
  it("names each event after its key", () => {
    const { door_opened } = defineEvents({ door_opened: { level: "info", description: "A door was opened." } });
    assert.deepEqual({ ...door_opened }, { name: "door_opened", level: "info", description: "A door was opened." });
    assert.ok(Object.isFrozen(door_opened));
  });

  it("refuses names that are not snake_case", () => {
    for (const name of ["doorOpened", "Door", "door-opened", "_door", "door__opened", "1door", ""]) {
      assert.throws(() => defineEvents({ [name]: { level: "info", description: "" } }), TypeError, name);
    }
  });
});
