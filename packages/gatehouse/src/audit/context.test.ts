import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { auditChanges, auditMembers } from "./context.ts";

describe("auditMembers", () => {
  it("takes the named members, short, and everything else by its kind", () => {
    const room = {
      name: "x".repeat(200),
      seats: 4,
      open: true,
      tags: ["a", "b"],
      owner: { id: 1 },
      note: null,
      big: 5n,
    };
    const context = auditMembers(room, ["name", "seats", "open", "tags", "owner", "note", "big"]);
    assert.equal(String(context["name"]).length, 120);
    const { name: _name, ...rest } = context;
    assert.deepEqual(rest, { seats: 4, open: true, tags: "2 items", owner: "object", note: undefined, big: "5" });
  });
});

describe("auditChanges", () => {
  it("names the members that differ, never their values", () => {
    const before = { name: "A", tags: ["x"], secret: "s1", gone: 1, when: new Date(0) };
    const after = { name: "A", tags: ["x", "y"], secret: "s2", fresh: 1, when: new Date(0) };
    assert.deepEqual(auditChanges(before, after), { changed: "fresh, gone, secret, tags" });
  });
});
