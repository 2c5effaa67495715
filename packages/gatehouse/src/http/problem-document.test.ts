import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deny } from "../kernel/outcome.ts";
import type { LimitState } from "../kernel/ports/counters.ts";
import { problems } from "../kernel/problems.ts";
import { oauthErrorDocument, problemDocument } from "./problem-document.ts";

const NOW = 1_767_225_600_000;
const used: LimitState = {
  policy: "orders",
  limit: 5,
  window: 300_000,
  remaining: 0,
  resetAt: NOW + 44_001,
  retryAfter: 44_001,
};
const open: LimitState = { ...used, policy: "address", limit: 100, remaining: 7, retryAfter: 0 };
const denial = deny(problems.RATE_LIMIT_EXCEEDED, { retryAfter: 45, limits: [open, used] });

describe("problemDocument", () => {
  it("has the members of RFC 9457 and the older ones, and tells of the limit that refuses", () => {
    assert.deepEqual(problemDocument(denial, "request-1"), {
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      title: "Rate limit exceeded",
      status: 429,
      detail: "Rate limit exceeded",
      error: "Rate limit exceeded",
      code: "RATE_LIMIT_EXCEEDED",
      retry_after: 45,
      limit: 5,
      window: 300,
      "violated-policies": ["orders"],
      request_id: "request-1",
    });
  });

  it("lets no extension replace a member of its own", () => {
    const extended = deny(problems.STATE_CONFLICT, { extensions: { version: 3, status: 200, code: "FINE" } });
    const { version, status, code } = problemDocument(extended, "request-1");
    assert.deepEqual({ version, status, code }, { version: 3, status: 409, code: "STATE_CONFLICT" });
  });

  it("lists violations by pointer", () => {
    const invalid = deny(problems.VALIDATION_ERROR, { violations: [{ pointer: "/amount", message: "Too small." }] });
    assert.deepEqual(problemDocument(invalid, "request-1")["errors"], [{ detail: "Too small.", pointer: "/amount" }]);
  });
});

describe("oauthErrorDocument", () => {
  it("says in the words of OAuth that a limit is used up", () => {
    assert.deepEqual(oauthErrorDocument(denial), {
      error: "rate_limit_exceeded",
      error_description: "Rate limit exceeded",
      retry_after: 45,
    });
  });

  it("keeps to the characters RFC 6749 allows in a description", () => {
    const quoted = deny(problems.MALFORMED_REQUEST, { detail: 'The "scope" is\nnot\\ valid: ü' });
    const { error_description: description } = oauthErrorDocument(quoted);
    assert.match(String(description), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });
});
