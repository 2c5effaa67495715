import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problems } from "./problems.ts";

const all = Object.entries(problems);

describe("problems", () => {
  it("have their key as code, an error status, and a sentence for people", () => {
    for (const [key, { code, status, message }] of all) {
      assert.equal(code, key);
      assert.ok(status >= 400 && status <= 599, code);
      assert.match(message, /^[A-Z].+/, code);
      assert.doesNotMatch(message, /exception|stack|undefined|sql/i, code);
    }
  });

  it("end connections with close codes that servers may send", () => {
    for (const [code, { closeCode }] of all) {
      const allowed =
        [1001, 1002, 1003, 1007, 1008, 1009, 1011, 1013].includes(closeCode) || (closeCode >= 4000 && closeCode < 5000);
      assert.ok(allowed, code);
    }
  });

  it("use JSON-RPC numbers of the reserved and implementation-defined ranges", () => {
    for (const [code, { jsonRpcCode }] of all) {
      const predefined = [-32_600, -32_601, -32_602, -32_603].includes(jsonRpcCode);
      assert.ok(predefined || (jsonRpcCode >= -32_099 && jsonRpcCode <= -32_000), `${code} ${jsonRpcCode}`);
    }
  });

  it("keep the codes that clients were promised", () => {
    assert.equal(problems.CSRF_TOKEN_INVALID.status, 403);
    assert.equal(problems.RATE_LIMIT_EXCEEDED.status, 429);
    assert.equal(problems.RATE_LIMIT_EXCEEDED.message, "Rate limit exceeded");
    assert.equal(problems.IDEMPOTENCY_IN_PROGRESS.status, 409);
    assert.equal(problems.IDEMPOTENCY_KEY_REUSED.status, 422);
    assert.equal(problems.IDEMPOTENCY_KEY_REQUIRED.status, 428);
  });
});
