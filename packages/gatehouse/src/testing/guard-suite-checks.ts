import assert from "node:assert/strict";
import { it } from "node:test";
import { SUITE_INSIDE, SUITE_LIMIT, SUITE_SECRET } from "./guard-suite-actions.ts";
import { admitted, documentOf, executed, messageOf, refused, type Suite } from "./guard-suite-refusal.ts";

const MEGABYTE = 1_048_576;
/** Numbers with which connections are closed: of the protocol, and of RFC 6455 section 7.4.1. */
const CLOSED_AS_GARBLED = "3501";
const CLOSED_AS_TOO_LARGE = "1009";

/** What is attempted, and whether the caller may. */
export function describeChecks(suite: Suite): void {
  describeInput(suite);
  describePermission(suite);
  describeOrder(suite);
}

function describeInput(suite: Suite): void {
  const { send, under, actions } = suite;

  it("refuses input that does not fit, and repeats none of it", async () => {
    const answer = await refused(suite, "VALIDATION_ERROR", { input: { text: SUITE_SECRET } });
    assert.ok(!answer.text.includes(SUITE_SECRET), answer.text);
  });

  const polluted = { http: "MALFORMED_REQUEST", frames: CLOSED_AS_GARBLED, none: "VALIDATION_ERROR" }[
    under.wire || "none"
  ];
  it("refuses keys that pollute prototypes", async () => {
    const input: unknown = JSON.parse('{"text":"tea","__proto__":{"admin":true}}');
    const answer = await send({ input });
    // Over a wire the parser refuses them already, wherever they are.
    assert.equal(answer.code, polluted, answer.text);
    assert.deepEqual(actions.runs, []);
  });

  const input = { text: "x".repeat(MEGABYTE) };
  if (under.wire === "frames") {
    it("closes a connection that brings an input of more than a megabyte, and no other", async () => {
      await admitted(send());
      assert.equal((await send({ input })).code, CLOSED_AS_TOO_LARGE);
      assert.equal(actions.runs.length, 1);
      await admitted(send());
    });
  } else {
    const tooLarge = under.wire ? "PAYLOAD_TOO_LARGE" : "VALIDATION_ERROR";
    it(`refuses an input of more than a megabyte with ${tooLarge}`, async () => {
      await refused(suite, tooLarge, { input });
    });
  }

  it("says nothing of the inside when the action breaks", async () => {
    suite.actions.broken = true;
    const answer = await refused(suite, "INTERNAL_ERROR", { action: "suite.guess", outcome: "error", ran: true });
    assert.ok(!answer.text.includes(SUITE_INSIDE), answer.text);
    assert.ok(!JSON.stringify(suite.harness().events).includes(SUITE_INSIDE));
    assert.doesNotMatch(answer.text, /\.ts\b|node_modules|\bat .*:\d+/);
    const { log } = suite.harness();
    if (log !== undefined) assert.ok(log.join("").includes(SUITE_INSIDE), "the operator is not told either");
    if (under.wire === "http") assert.equal(documentOf(answer)["detail"], messageOf("INTERNAL_ERROR"));
    if (under.wire === "frames") assert.ok(answer.text.includes(messageOf("INTERNAL_ERROR")), answer.text);
  });
}

function describePermission(suite: Suite): void {
  it("refuses whom the action's rule refuses", async () => {
    await refused(suite, "PERMISSION_DENIED", { as: "mallory" });
  });

  it("refuses from the next attempt on who has lost the permission", async () => {
    await admitted(suite.send());
    suite.actions.revoked.add("ada");
    await refused(suite, "PERMISSION_DENIED");
  });
}

/** With several things wrong the earliest guard answers, so that nobody learns what a later one would have said. */
function describeOrder(suite: Suite): void {
  const { under } = suite;
  const unfit = { input: { text: 7 } };

  it("asks where an attempt comes from before it counts it", async () => {
    const forged = { message: "altered", as: "mallory", ...unfit } as const;
    const forgeries = {
      browser: ["CSRF_TOKEN_INVALID", "wrong token"],
      connection: ["ORIGIN_REFUSED", "other site"],
      signed: ["SIGNATURE_INVALID", "wrong token"],
    } as const;
    if (under.provenance === "internal") return refused(suite, "VALIDATION_ERROR", forged).then(() => undefined);
    const [code, page] = forgeries[under.provenance];
    for (let count = 0; count < SUITE_LIMIT + 1; count += 1) await refused(suite, code, { ...forged, page });
  });

  if (under.provenance !== "internal") {
    it("counts an attempt before it looks at its input", async () => {
      for (let count = 0; count < SUITE_LIMIT; count += 1) await refused(suite, "VALIDATION_ERROR", unfit);
      await refused(suite, "RATE_LIMIT_EXCEEDED", unfit);
    });
  }

  it("looks at the input before it asks whether the caller may", async () => {
    await refused(suite, "VALIDATION_ERROR", { as: "mallory", ...unfit });
  });

  it("asks whether the caller may before it takes the key", async () => {
    await refused(suite, "VALIDATION_ERROR", { key: "suite-not-taken", ...unfit });
    suite.actions.revoked.add("ada");
    await refused(suite, "PERMISSION_DENIED", { key: "suite-not-taken" });
    suite.actions.revoked.clear();
    await executed(suite, { key: "suite-not-taken", input: { text: "coffee" } });
  });
}
