import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { problems } from "../../kernel/problems.ts";
import { liveProblems } from "../../live/problems.ts";
import { ADVICE } from "./advice.ts";

/** Of the client's own making: the server answers no such problem. */
const OWN = "NETWORK_ERROR";

describe("the inspector's advice", () => {
  it("is about problems that exist, and about every one of live components", () => {
    const known = new Set([...Object.keys(problems), ...Object.keys(liveProblems), OWN]);
    assert.deepEqual(
      Object.keys(ADVICE).filter((code) => !known.has(code)),
      [],
    );
    // Uploads say beside their field what is wrong with them.
    const missing = Object.keys(liveProblems).filter((code) => !code.startsWith("UPLOAD_") && !(code in ADVICE));
    assert.deepEqual(missing, []);
  });
});
