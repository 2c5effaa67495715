import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderToString } from "../html/render.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { explainDenial } from "./denial-detail.ts";
import { durationText } from "./duration-text.ts";
import { problemDocument } from "./problem-document.ts";
import { problemPage } from "./problem-page.ts";

const reader = { requestId: "request-7", sessionless: false, now: Date.UTC(2026, 1, 28, 18, 5) };
const banned = explainDenial(deny(problems.SOURCE_BANNED, { retryAfter: 3480 }), reader);

describe("the answer of a ban", () => {
  it("says until when, that nothing was changed, and whom to tell which request number", () => {
    const { detail, retry_after: seconds } = problemDocument(banned, "request-7");
    assert.equal(
      detail,
      "Your address or account is blocked for another 58 minutes, until 2026-02-28 19:03 UTC. Nothing was changed; " +
        "try again after that. If this is a mistake, tell the people who run this site the request number request-7: " +
        "they can lift it.",
    );
    assert.equal(seconds, 3480);
  });

  it("says so once on a page, under a heading of its own", () => {
    const text = renderToString(problemPage(banned, { requestId: "request-7", nonce: "n" }));
    assert.match(text, /<h1>Blocked for a while<\/h1>/);
    assert.match(text, /until 2026-02-28 19:03 UTC/);
    assert.doesNotMatch(text, /Please try again in/);
  });
});

describe("explainDenial", () => {
  it("leaves alone what needs no explanation", () => {
    const denial = deny(problems.NOT_FOUND, { detail: "There is no ban 7." });
    assert.equal(explainDenial(denial, reader), denial);
  });

  it("tells of the session that browsers do not keep over plain http", () => {
    const denial = deny(problems.CSRF_TOKEN_INVALID);
    assert.equal(explainDenial(denial, reader), denial);
    assert.match(explainDenial(denial, { ...reader, sessionless: true }).detail ?? "", /with https/);
  });
});

describe("durationText", () => {
  it("names a span in the unit that a person would use, never too short", () => {
    const spans = [1, 89, 90, 3600, 5400, 86_400, 2_592_000].map(durationText);
    assert.deepEqual(spans, ["1 second", "89 seconds", "2 minutes", "60 minutes", "2 hours", "24 hours", "30 days"]);
  });
});
