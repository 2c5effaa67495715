import assert from "node:assert/strict";
import { it } from "node:test";
import { SUITE_LIMIT, SUITE_TTL } from "./guard-suite-actions.ts";
import { admitted, executed, refused, replayed, type Suite } from "./guard-suite-refusal.ts";

/** What happens to an attempt that is made again. */
export function describeRepetition(suite: Suite): void {
  describeReplay(suite);
  describeKeys(suite);
  describeLifetime(suite);
  describeErrors(suite);
}

function describeReplay(suite: Suite): void {
  const { send, actions, under } = suite;

  it("answers a repeated key with the stored result", async () => {
    const first = await executed(suite, { key: "suite-repeat" });
    const second = await replayed(suite, { key: "suite-repeat" });
    assert.deepEqual(second.value, first.value);
  });

  it("executes duplicates sent at once a single time", async () => {
    const answers = await Promise.all(Array.from({ length: SUITE_LIMIT }, () => send({ key: "suite-at-once" })));
    assert.equal(actions.runs.length, 1);
    assert.ok(answers.every(({ code }) => code === undefined));
    if (under.tellsReplay !== false) assert.equal(answers.filter(({ cached }) => cached === false).length, 1);
    assert.equal(new Set(answers.map(({ value }) => JSON.stringify(value))).size, 1);
  });

  it("shows a stored result to nobody who has lost the right to see it", async () => {
    await admitted(send({ key: "suite-lost", input: { text: "for ada" } }));
    actions.revoked.add("ada");
    const answer = await refused(suite, "PERMISSION_DENIED", { key: "suite-lost", input: { text: "for ada" } });
    assert.ok(!answer.text.includes("for ada"), answer.text);
  });

  it("keeps callers' keys apart", async () => {
    await executed(suite, { key: "suite-shared" });
    await executed(suite, { key: "suite-shared", as: "bob" });
  });
}

function describeKeys(suite: Suite): void {
  const { send, under } = suite;
  const signed = under.provenance === "signed";

  it("refuses a key that comes with another input", async () => {
    await admitted(send({ key: "suite-other", input: { text: "tea" } }));
    await refused(suite, "IDEMPOTENCY_KEY_REUSED", { key: "suite-other", input: { text: "coffee" } });
  });

  // The identifier of a signed message is part of its signature's format.
  const malformed = signed ? "SIGNATURE_INVALID" : "IDEMPOTENCY_KEY_INVALID";
  it(`refuses a malformed key with ${malformed}`, async () => {
    await refused(suite, malformed, { key: "x".repeat(256) });
  });

  if (under.requiresKeys === false) return;
  if (!signed) {
    it("refuses an attempt without a key where one is required", async () => {
      await refused(suite, "IDEMPOTENCY_KEY_REQUIRED", { action: "suite.once" });
      await admitted(send({ action: "suite.once", key: "suite-once" }));
    });
  } else {
    it("has a key for every message: its signed identifier", async () => {
      await admitted(send({ action: "suite.once" }));
    });
  }
}

function describeLifetime(suite: Suite): void {
  const { send, harness, under } = suite;

  it("keeps a result as long as the action says, and no longer", async () => {
    await executed(suite, { key: "suite-kept" });
    await harness().advance(((under.kept ?? SUITE_TTL) - 1) * 1000);
    await replayed(suite, { key: "suite-kept" });
    await harness().advance(2000);
    await executed(suite, { key: "suite-kept" });
  });

  if (under.tellsLifetime) {
    it("tells how long a result is kept, and since when", async () => {
      const { idempotency: first } = await admitted(send({ key: "suite-told" }));
      await harness().advance(10_000);
      const { idempotency: second } = await admitted(send({ key: "suite-told" }));
      assert.deepEqual([first?.ttl, second?.ttl], [SUITE_TTL, SUITE_TTL - 10]);
      assert.match(first?.createdAt ?? "", /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.equal(second?.createdAt, first?.createdAt);
    });
  }
}

function describeErrors(suite: Suite): void {
  const { actions } = suite;
  const guess = { action: "suite.guess", key: "suite-failed" };

  it("does not keep an error: the same key executes once the trouble is over", async () => {
    actions.broken = true;
    await refused(suite, "INTERNAL_ERROR", { ...guess, outcome: "error", ran: true });
    actions.broken = false;
    await executed(suite, guess);
    await replayed(suite, guess);
  });

  it("does not keep a denial of the action's own", async () => {
    const wrong = { ...guess, key: "suite-denied", input: { text: "wrong" } };
    await refused(suite, "NOT_FOUND", { ...wrong, ran: true });
    await refused(suite, "NOT_FOUND", { ...wrong, ran: true });
    assert.equal(actions.runs.length, 2);
    await executed(suite, { ...guess, key: "suite-denied" });
  });
}
