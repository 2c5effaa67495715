import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { readClientBundle } from "../live/client-bundle.ts";

/** Bytes of the compressed runtime: what every page with components costs a visitor at most. */
const BUDGET = 8 * 1024;

/** The same of what is loaded in addition where a page wants to hear of news. */
const PUSH_BUDGET = 3 * 1024;

describe("the browser runtime", () => {
  const { source, hash, push } = readClientBundle();
  it("stays within its budget", () => {
    const size = gzipSync(source, { level: 9 }).byteLength;
    assert.ok(size <= BUDGET, `${size} bytes compressed, ${BUDGET} allowed`);
  });
  it("needs no evaluation of text and nothing of Node", () => {
    for (const forbidden of [
      /\beval\b/,
      /new Function/,
      /\bnode:/,
      /\brequire\(/,
      /document\.write/,
      /insertAdjacentHTML/,
      /outerHTML/,
    ]) {
      assert.doesNotMatch(source, forbidden);
    }
    assert.equal(source.match(/\.innerHTML/g)?.length, 1);
  });
  it("is named after its contents", () => {
    assert.match(hash, /^[0-9a-f]{16}$/);
  });

  it("loads a part of its own where it hears of news, by the name the server gives it", () => {
    assert.ok(push);
    const size = gzipSync(push.source, { level: 9 }).byteLength;
    assert.ok(size <= PUSH_BUDGET, `${size} bytes compressed, ${PUSH_BUDGET} allowed`);
    assert.ok(source.includes(`import("./push.${push.hash}.js")`));
    assert.doesNotMatch(push.source, /\beval\b|new Function|\bnode:|innerHTML|document\.write|^import|\bimport\(/);
  });
});
