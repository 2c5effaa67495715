import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { readClientBundle } from "../live/client-bundle.ts";

/** Bytes of the compressed runtime: what every page with components costs a visitor at most. */
const BUDGET = 8 * 1024;
/** Bytes of the compressed chunks: what a page that needs them costs besides. */
const CHUNK_BUDGETS: Readonly<Record<string, number>> = { inspector: 12 * 1024, push: 3 * 1024, upload: 2.5 * 1024 };

describe("the browser runtime", () => {
  const { source, hash, chunks = {} } = readClientBundle();
  for (const [name, budget] of Object.entries(CHUNK_BUDGETS)) {
    it(`keeps its chunk ${name} within its budget`, () => {
      const size = gzipSync(chunks[name]?.source ?? "", { level: 9 }).byteLength;
      assert.ok(size > 100 && size <= budget, `${size} bytes compressed, ${budget} allowed`);
      assert.match(source, new RegExp(chunks[name]?.hash ?? "-"));
    });
  }
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
      for (const each of [source, ...Object.values(chunks).map((chunk) => chunk.source)])
        assert.doesNotMatch(each, forbidden);
    }
    assert.equal(source.match(/\.innerHTML/g)?.length, 1);
    for (const chunk of Object.values(chunks)) assert.doesNotMatch(chunk.source, /innerHTML|^import|\bimport\(/);
  });
  it("is named after its contents", () => {
    assert.match(hash, /^[0-9a-f]{16}$/);
  });
});
