import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isUtf8, parseContentType } from "./content-type.ts";

describe("parseContentType", () => {
  it("reads type and parameters", () => {
    const type = parseContentType('Multipart/Form-Data; Boundary="a b;c" ; charset=UTF-8');
    assert.equal(type?.essence, "multipart/form-data");
    assert.equal(type.parameters.get("boundary"), "a b;c");
    assert.ok(isUtf8(type));
  });

  // Two readers that disagree about the type of one body is how a validator checks JSON while a parser
  // reads a form. Whatever is not exactly one media type is therefore no type at all.
  it("refuses what is not exactly one media type", () => {
    for (const text of [
      "application/json, text/plain",
      "application/json,",
      "application/json;",
      "application/json; charset",
      "application/json; charset=utf-8; charset=latin1",
      "application/json\0",
      "application/json charset=utf-8",
      " application/json",
      "application/json ",
      "json",
      "application/",
      "/json",
      "",
      `text/plain; a="${"x".repeat(300)}"`,
      'text/plain; a="\\""',
    ]) {
      assert.equal(parseContentType(text), undefined, text);
    }
  });

  it("recognises other character sets", () => {
    const type = parseContentType("application/json; charset=utf-16");
    assert.ok(type !== undefined && !isUtf8(type));
  });

  it("never throws, and answers quickly", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        const type = parseContentType(text);
        assert.ok(type === undefined || /^[^\s/;,]+\/[^\s/;,]+$/.test(type.essence));
      }),
      { numRuns: 2_000 },
    );
  });
});
