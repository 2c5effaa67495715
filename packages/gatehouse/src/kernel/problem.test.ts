import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineProblems } from "./problem.ts";

describe("defineProblems", () => {
  it("fills in what follows from the status", () => {
    const { BUSY, GONE, BROKEN } = defineProblems({
      BUSY: { status: 429, message: "Busy." },
      GONE: { status: 404, message: "Gone." },
      BROKEN: { status: 503, message: "Broken." },
    });
    assert.deepEqual(
      { ...BUSY },
      {
        code: "BUSY",
        status: 429,
        message: "Busy.",
        type: undefined,
        retryable: true,
        oauthError: "rate_limit_exceeded",
        jsonRpcCode: -32_029,
        closeCode: 1008,
      },
    );
    assert.equal(GONE.retryable, false);
    assert.equal(GONE.jsonRpcCode, -32_601);
    assert.equal(BROKEN.oauthError, "temporarily_unavailable");
    assert.equal(BROKEN.closeCode, 1013);
  });

  it("keeps what the author says instead", () => {
    const { OWN } = defineProblems({
      OWN: {
        status: 400,
        message: "Own.",
        retryable: true,
        oauthError: "invalid_grant",
        jsonRpcCode: -1,
        closeCode: 4000,
      },
    });
    assert.deepEqual(
      [OWN.retryable, OWN.oauthError, OWN.jsonRpcCode, OWN.closeCode],
      [true, "invalid_grant", -1, 4000],
    );
    assert.ok(Object.isFrozen(OWN));
  });

  it("does not compile with a code that is not UPPER_SNAKE", () => {
    // @ts-expect-error -- lower case
    assert.ok(defineProblems({ notUpper: { status: 400, message: "No." } }));
  });
});
