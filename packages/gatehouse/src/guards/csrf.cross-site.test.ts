import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineAction, type AnyAction, type Effects } from "../kernel/action.ts";
import { ENTRANCES, type Attempt, type Credential, type Entrance } from "../kernel/attempt.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { passageOf } from "../testing/passage.ts";
import { createCsrfTokens } from "./csrf-token.ts";
import { csrfGuard } from "./csrf.ts";
import type { BrowserProvenance } from "./origin.ts";

const keyRing = createKeyRing(generateKeyMaterial(random, createFakeClock()));
const tokens = createCsrfTokens({ keyRing, random });
const guard = csrfGuard({ tokens, keyRing, trustedOrigins: [] });
const session: Credential = { kind: "session", id: "visitor-session" };
const OWN = "https://app.example";
const unproven: BrowserProvenance = { kind: "browser", method: "POST", target: OWN };
const proven: BrowserProvenance = { ...unproven, origin: OWN, fetchSite: "same-origin" };

function actionWith(effects: Effects): AnyAction {
  return defineAction({
    name: "account.close",
    entrances: ENTRANCES,
    input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
    effects,
    authorise: "public",
    run: () => Promise.resolve("closed"),
  });
}

function attempt(entrance: Entrance, differences: Partial<Attempt>, effects: Effects = "store"): Denial | undefined {
  const action = actionWith(effects);
  const given = { entrance, credentials: [session], provenance: proven, ...differences };
  const answer = guard.compile(action, entrance)?.enter?.(passageOf({ action, attempt: given }));
  return isDenial(answer) ? answer : undefined;
}

function withToken(csrfToken: string, from: BrowserProvenance = proven): Partial<Attempt> {
  return { provenance: { ...from, csrfToken } };
}

function refused(answer: Denial | undefined, code = "CSRF_TOKEN_INVALID"): void {
  assert.equal(answer?.problem.code, code);
  assert.equal(answer.problem.status, 403);
}

// A foreign page, an old browser without Fetch Metadata, a compromised subdomain: where the headers fail to
// tell pages apart, a request still lacks the token that only pages of the visitor's own session contain.
describe("cross-site request forgery without a valid token", () => {
  it("is refused at the live entrance, for reads and mutations, even when the headers look right", () => {
    for (const effects of ["none", "store", "external"] as const) {
      refused(attempt("live", {}, effects));
      refused(attempt("live", withToken("invalid_token"), effects));
      refused(attempt("live", withToken(tokens.issue("attacker-session")), effects));
      assert.equal(attempt("live", withToken(tokens.issue(session.id)), effects), undefined);
    }
  });

  it("is refused for mutations over http, and reads need none", () => {
    for (const entrance of ["http", "mcp"] as const) {
      refused(attempt(entrance, {}));
      refused(attempt(entrance, {}, "external"));
      assert.equal(attempt(entrance, {}, "none"), undefined);
      assert.equal(attempt(entrance, withToken(tokens.issue(session.id))), undefined);
    }
  });

  it("is refused over connections exactly when the headers prove nothing", () => {
    assert.equal(attempt("realtime", {}), undefined);
    refused(attempt("realtime", { provenance: unproven }));
    refused(attempt("realtime", withToken("wrong", unproven)));
    assert.equal(attempt("realtime", withToken(tokens.issue(session.id), unproven)), undefined);
  });

  it("is refused for an empty token and for one cut short or too long", () => {
    const token = tokens.issue(session.id);
    for (const csrfToken of ["", token.slice(0, -1), `${token}A`, "x".repeat(100_000)])
      refused(attempt("live", withToken(csrfToken)));
  });

  it("is refused when any earlier session's token is used after the credential changed", () => {
    const before = tokens.issue(session.id);
    refused(attempt("live", { ...withToken(before), credentials: [{ kind: "session", id: "after-login" }] }));
  });

  it("does not let another kind of credential stand in for the session", () => {
    const bearer: Credential = { kind: "bearer", token: session.id };
    refused(attempt("live", { ...withToken(tokens.issue(session.id)), credentials: [bearer] }), "SESSION_EXPIRED");
  });

  it("does not concern callers who attach their credentials deliberately", () => {
    for (const kind of ["token", "internal"] as const) {
      for (const entrance of ENTRANCES) assert.equal(attempt(entrance, { provenance: { kind } }), undefined);
    }
  });
});

describe("csrfGuard", () => {
  it("keeps all tabs working: tokens of earlier responses stay valid", () => {
    const pages = Array.from({ length: 5 }, () => tokens.issue(session.id));
    for (const token of [...pages, ...pages]) assert.equal(attempt("live", withToken(token)), undefined);
  });

  it("tells a page whose session is gone to refresh", () => {
    const answer = attempt("live", { ...withToken(tokens.issue(session.id)), credentials: [] });
    refused(answer, "SESSION_EXPIRED");
    assert.deepEqual(answer?.extensions, { action: "REFRESH_PAGE" });
    assert.equal(answer?.event?.name, "session_use_after_expire");
  });

  it("records malicious_csrf with a fingerprint, never with a token or session", () => {
    const token = tokens.issue("attacker-session");
    const answer = attempt("live", withToken(token));
    assert.equal(answer?.event?.name, "malicious_csrf");
    assert.deepEqual(answer?.context, { reason: "mismatch", token: keyRing.fingerprint("csrf-received", token) });
    const missing = attempt("live", {});
    assert.deepEqual(missing?.context, { reason: "missing" });
    const everything = JSON.stringify([answer, missing]);
    for (const secret of [token.slice(6, 20), session.id]) assert.ok(!everything.includes(secret));
  });
});
