import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { slugOf } from "./slug.ts";

describe("the name of an event in addresses", () => {
  it("is made of its title", () => {
    assert.equal(slugOf("Anna & Ben"), "anna-and-ben");
    assert.equal(slugOf("Größe ist Müßiggang"), "groesse-ist-muessiggang");
    assert.equal(slugOf("Café Éclair, l'été"), "cafe-eclair-l-ete");
    assert.equal(slugOf("  --  "), "");
    assert.equal(slugOf("結婚式"), "");
  });

  it("is one segment of a path, whatever the title", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (title) => {
        assert.match(slugOf(title), /^(?:[a-z0-9]+(?:-[a-z0-9]+)*)?$/);
        assert.ok(slugOf(title).length <= 48);
      }),
    );
  });
});
