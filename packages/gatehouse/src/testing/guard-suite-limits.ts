import assert from "node:assert/strict";
import { it } from "node:test";
import type { SuiteAnswer, SuiteRequest } from "./guard-suite-entrance.ts";
import { SUITE_ANONYMOUS_LIMIT, SUITE_FAILURES, SUITE_LIMIT, SUITE_WINDOW } from "./guard-suite-actions.ts";
import { admitted, documentOf, messageOf, refused, type Suite } from "./guard-suite-refusal.ts";

/** How often somebody may. */
export function describeLimits(suite: Suite): void {
  if (suite.under.provenance === "internal") {
    describeNoLimits(suite);
    return;
  }
  describeWindow(suite);
  describeStrangers(suite);
  describeRefund(suite);
  if (suite.under.wire === "http") describeFields(suite);
}

function describeNoLimits({ send }: Suite): void {
  it("does not limit the system's own work", async () => {
    for (let count = 0; count < SUITE_LIMIT * 2; count += 1) await admitted(send());
  });
}

function describeWindow(suite: Suite): void {
  const { send, harness, actions } = suite;

  it("admits exactly as many attempts as the limit, then says when to come back", async () => {
    for (let count = 0; count < SUITE_LIMIT; count += 1) await admitted(send());
    await harness().advance(20_000);
    const answer = await refused(suite, "RATE_LIMIT_EXCEEDED");
    assert.equal(answer.retryAfter, (SUITE_WINDOW - 20_000) / 1000);
    await harness().advance(39_000);
    assert.equal((await refused(suite, "RATE_LIMIT_EXCEEDED")).retryAfter, 1);
    await harness().advance(999);
    assert.equal((await refused(suite, "RATE_LIMIT_EXCEEDED")).retryAfter, 1, "never 0 while it refuses");
    await harness().advance(1);
    await admitted(send());
  });

  it("admits no more when attempts come all at once", async () => {
    const answers = await Promise.all(Array.from({ length: SUITE_LIMIT * 3 }, () => send()));
    assert.equal(answers.filter(({ code }) => code === undefined).length, SUITE_LIMIT);
    assert.equal(actions.runs.length, SUITE_LIMIT);
  });

  it("counts a caller wherever they come from, and no two together", async () => {
    for (let count = 0; count < SUITE_LIMIT; count += 1) await admitted(send({ ip: `198.51.100.${20 + count}` }));
    await refused(suite, "RATE_LIMIT_EXCEEDED", { ip: "198.51.100.30" });
    await admitted(send({ as: "bob" }));
  });

  it("does not limit addresses that are trusted", async () => {
    for (let count = 0; count < SUITE_LIMIT + 2; count += 1) await admitted(send({ ip: "10.77.3.4" }));
  });
}

function describeStrangers(suite: Suite): void {
  const { send, under } = suite;
  const look = (as: SuiteRequest["as"], ip: string): Promise<SuiteAnswer> => send({ action: "suite.look", as, ip });

  if (under.provenance === "signed") {
    it("has nothing for strangers, not even what is public", async () => {
      await refused(suite, "SIGNATURE_INVALID", { action: "suite.look", as: "stranger" });
    });
    return;
  }
  it("gives strangers at one address less than those who are signed in", async () => {
    const ip = "198.51.100.40";
    for (let count = 0; count < SUITE_ANONYMOUS_LIMIT; count += 1) await admitted(look("stranger", ip));
    await refused(suite, "RATE_LIMIT_EXCEEDED", { action: "suite.look", as: "stranger", ip });
    await admitted(look("stranger", "198.51.100.41"));
    for (let count = 0; count < SUITE_LIMIT; count += 1) await admitted(look("ada", ip));
    await refused(suite, "RATE_LIMIT_EXCEEDED", { action: "suite.look", ip });
  });
}

function describeRefund(suite: Suite): void {
  const { send, actions } = suite;
  const wrong = { action: "suite.guess", input: { text: "wrong" } };

  it("counts failures alone where the limit says so", async () => {
    for (let count = 0; count < SUITE_FAILURES * 2; count += 1) await admitted(send({ action: "suite.guess" }));
    for (let count = 0; count < SUITE_FAILURES; count += 1) await refused(suite, "NOT_FOUND", { ...wrong, ran: true });
    await refused(suite, "RATE_LIMIT_EXCEEDED", wrong);
    await refused(suite, "RATE_LIMIT_EXCEEDED", { action: "suite.guess" });
  });

  it("lets no more failures through when they come all at once", async () => {
    const answers = await Promise.all(Array.from({ length: SUITE_FAILURES * 3 }, () => send(wrong)));
    assert.equal(answers.filter(({ code }) => code === "NOT_FOUND").length, SUITE_FAILURES);
    assert.equal(actions.runs.length, SUITE_FAILURES);
  });
}

function describeFields(suite: Suite): void {
  const { send } = suite;

  it("tells in header fields what is left of the limit, on success too", async () => {
    const { headers } = await admitted(send());
    assert.equal(headers?.get("x-ratelimit-limit"), String(SUITE_LIMIT));
    assert.equal(headers.get("x-ratelimit-remaining"), String(SUITE_LIMIT - 1));
    assert.match(headers.get("x-ratelimit-reset") ?? "", /^\d{10}$/);
    assert.match(headers.get("ratelimit-policy") ?? "", new RegExp(`;q=${SUITE_LIMIT};w=${SUITE_WINDOW / 1000}$`));
    assert.match(headers.get("ratelimit") ?? "", new RegExp(`;r=${SUITE_LIMIT - 1};t=\\d+$`));
    assert.equal(headers.get("retry-after"), null);
  });

  it("tells in header fields and in the body when to come back", async () => {
    for (let count = 0; count < SUITE_LIMIT; count += 1) await send();
    const answer = await refused(suite, "RATE_LIMIT_EXCEEDED");
    const { headers } = answer;
    assert.equal(headers?.get("x-ratelimit-limit"), String(SUITE_LIMIT));
    assert.equal(headers.get("x-ratelimit-remaining"), "0");
    assert.match(headers.get("x-ratelimit-reset") ?? "", /^\d{10}$/);
    assert.equal(headers.get("retry-after"), String(SUITE_WINDOW / 1000));
    assert.match(headers.get("content-type") ?? "", /^application\/problem\+json/);
    const { error, code, retry_after, limit, window } = documentOf(answer);
    assert.deepEqual(
      { error, code, retry_after, limit, window },
      {
        error: messageOf("RATE_LIMIT_EXCEEDED"),
        code: "RATE_LIMIT_EXCEEDED",
        retry_after: SUITE_WINDOW / 1000,
        limit: SUITE_LIMIT,
        window: SUITE_WINDOW / 1000,
      },
    );
  });
}
