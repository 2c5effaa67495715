import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { base64, base64url } from "./codec.ts";
import { createIds } from "./ids.ts";
import { systemClock } from "./clock.ts";
import { systemRandom } from "./random.ts";
import { REDACTED, scrubContext, scrubText } from "./scrub.ts";

describe("scrubText", () => {
  it("leaves names of ours that look like secrets: identifiers, and clients of the identity provider", () => {
    const names = ["0190f3a4-5b6c-7d8e-9fa0-b1c2d3e4f5a6", "client_3f9c0d5e7a1b2c4d6e8f0a9b8c7d6e5f"];
    for (const name of names) assert.equal(scrubText(`made for ${name} today`), `made for ${name} today`);
    assert.equal(scrubText("key 3f9c0d5e7a1b2c4d6e8f0a9b8c7d6e5f"), `key ${REDACTED}`);
  });

  it("takes credentials of a telling form out of a text, and leaves the rest", () => {
    const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";
    const cases: [text: string, secret: string][] = [
      [`rejected ${jwt} at /token`, jwt],
      ["Authorization: Bearer abc.def-123", "abc.def-123"],
      ["authorization: basic YWRhOmxvdmVsYWNl", "YWRhOmxvdmVsYWNl"],
      ["cannot reach postgres://gate:hunter2@db.example/app", "hunter2"],
      ["GET /callback?code=4nXy&page=2", "4nXy"],
      ["POST /reset?reset_token=abc123#top", "abc123"],
      ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
      ["key sk_live_51H8abcdefghijklmnop", "51H8abcdefghijklmnop"],
      ["-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA\n-----END EC PRIVATE KEY-----", "MHcCAQEEIA"],
    ];
    for (const [text, secret] of cases) {
      const scrubbed = scrubText(text);
      assert.ok(!scrubbed.includes(secret), scrubbed);
      assert.ok(scrubbed.includes(REDACTED));
    }
    assert.equal(scrubText("GET /callback?code=4nXy&page=2"), `GET /callback?code=${REDACTED}&page=2`);
  });

  it("leaves identifiers, fingerprints, paths, names and prose alone", () => {
    const ids = createIds(systemClock, systemRandom);
    const kept = [
      ids.next(),
      base64url(systemRandom.bytes(16)),
      "packages/gatehouse/src/kernel/ports/idempotency.ts:12:34",
      "authorization_code_grant_type_of_the_client",
      "livecomponents-security-guide-checklist",
      "2026-01-01T00:00:00.000Z 1767225600000",
      "The quick brown fox jumps over the lazy dog.",
      "/events/summer-party-2026/guestbook/entries",
      "2001:db8:85a3::8a2e:370:7334",
    ];
    for (const text of kept) assert.equal(scrubText(text), text);
  });

  it("finds random keys of 192 bits and more in every writing, wherever they stand", () => {
    let missed = 0;
    const runs = 3000;
    for (let run = 0; run < runs; run += 1) {
      const bytes = systemRandom.bytes(24 + (run % 40));
      const texts = [base64url(bytes), base64(bytes), Buffer.from(bytes).toString("hex")];
      const text = texts[run % 3] ?? "";
      if (scrubText(`token ${text} was refused`).includes(text)) missed += 1;
    }
    assert.ok(missed <= runs / 200, `${missed} of ${runs} missed`);
  });

  // Whoever finds a text that takes the square of its length to look through stops the whole process with one request.
  // At this length the square is minutes; the bound is far from what a busy machine needs for a multiple of the length.
  it("takes time that grows with the text, whatever the text", () => {
    const length = 400_000;
    const units = [
      "a",
      "eyJ",
      "-eyJ",
      "?token=",
      "token",
      "://:",
      "://a:",
      ":a",
      "-----BEGIN ",
      ";a",
      "bearer ",
      "a1",
      "@",
    ];
    const texts = units.map((unit) => unit.repeat(length / unit.length));
    texts.push(`bearer${" ".repeat(length)}`, `://${":a".repeat(length / 2)}`, `-----BEGIN ${"A ".repeat(length / 2)}`);
    texts.push(`?${"token-".repeat(length / 6)}`, `-----BEGIN PRIVATE KEY-----${"-----END ".repeat(length / 9)}`);
    for (const text of texts) {
      const began = performance.now();
      scrubText(text, length);
      assert.ok(performance.now() - began < 8_000, `${text.slice(0, 12)} took ${performance.now() - began} ms`);
    }
  });

  it("looks at a bounded part of a text and leaves out the rest", () => {
    const text = "word ".repeat(10_000);
    assert.ok(scrubText(text).length <= 4_102);
    assert.match(scrubText(text), /word \[cut\]$/);
    assert.ok(scrubText(text, 16_384).length > 16_000);
    assert.ok(scrubText("x".repeat(1_000_000)).length < 5_000);
    // The password is cut in two, and what follows it and gives it away is gone.
    assert.doesNotMatch(scrubText(`${" ".repeat(4_070)}postgres://gate:hunter2hunter2@db.example/app`), /hunter2/);
    const context = scrubContext({ note: text, digest: text });
    for (const value of Object.values(context)) assert.ok(String(value).length <= 4_102);
  });

  it("never throws and never makes a text without secrets longer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        assert.equal(typeof scrubText(text), "string");
      }),
    );
  });
});

describe("scrubContext", () => {
  it("hides values under telling names whole", () => {
    const context = {
      password: "x",
      newPassword: "x",
      client_secret: "x",
      "X-CSRF-Token": "x",
      apiKey: "x",
      sessionId: "x",
      cookie: "x",
      pin: 1234,
      card_number: 4929111122223333,
    };
    for (const value of Object.values(scrubContext(context))) assert.equal(value, REDACTED);
  });

  it("keeps counts, flags, digests and fingerprints", () => {
    const context = {
      tokens: 12,
      keyed: true,
      fileDigest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      tokenFingerprint: undefined,
      session_fingerprint: "Zm9vYmFyYmF6cXV4",
    };
    assert.deepEqual(scrubContext(context), context);
  });
});
