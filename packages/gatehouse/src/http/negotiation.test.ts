import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { negotiate } from "./negotiation.ts";

describe("negotiate", () => {
  const cases = [
    [null, "json"],
    ["*/*", "json"],
    ["application/json", "json"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"],
    ["application/json, text/html;q=0.5", "json"],
    ["text/html;q=0.5, application/problem+json;q=0.4", "html"],
    ["text/html;q=0", "json"],
    ["text/html;q=banana", "json"],
  ] as const;
  it("sends pages to whoever asks for them, and JSON to everyone else", () => {
    for (const [accept, expected] of cases) assert.equal(negotiate(accept), expected, accept ?? "no header");
  });
});
