import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineAction } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { passageOf } from "../testing/passage.ts";
import { originGuard, type BrowserProvenance } from "./origin.ts";

const OWN = "https://app.example";

const action = defineAction({
  name: "account.close",
  entrances: ["http", "live", "realtime"],
  input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
  effects: "store",
  authorise: "public",
  run: () => Promise.resolve("closed"),
});

function attempt(entrance: Entrance, provenance: Omit<BrowserProvenance, "kind" | "target">): Denial | undefined {
  const step = originGuard({ trustedOrigins: ["https://partner.example"] }).compile(action, entrance);
  const passage = passageOf({
    action,
    attempt: { entrance, provenance: { kind: "browser", target: OWN, ...provenance } },
  });
  const answer = step?.enter?.(passage);
  return isDenial(answer) ? answer : undefined;
}

function refused(answer: Denial | undefined): void {
  assert.equal(answer?.problem.code, "ORIGIN_REFUSED");
  assert.equal(answer.problem.status, 403);
  assert.equal(answer.event?.name, "malicious_cross_origin");
}

// A page of another site lets the visitor's browser post a form here, and the browser adds our cookie by
// itself. Only what the browser says about the page tells such a request from a genuine one.
describe("cross-site request forgery", () => {
  it("is refused from another site, with or without an Origin", () => {
    refused(attempt("http", { method: "POST", origin: "https://evil.example", fetchSite: "cross-site" }));
    refused(attempt("http", { method: "POST", fetchSite: "cross-site" }));
    refused(attempt("http", { method: "POST", origin: "https://evil.example" }));
  });

  it("is refused from another port or subdomain of the same site", () => {
    refused(attempt("http", { method: "POST", origin: "https://app.example:9000", fetchSite: "same-site" }));
    refused(attempt("live", { method: "POST", origin: "https://user-pages.app.example", fetchSite: "same-site" }));
  });

  it("is refused from an insecure page of our own host, which a network attacker can write", () => {
    refused(attempt("http", { method: "POST", origin: "http://app.example", fetchSite: "cross-site" }));
    refused(attempt("http", { method: "POST", origin: "http://app.example" }));
  });

  it("is refused from sandboxed frames and cross-origin redirects, whose origin is opaque", () => {
    for (const fetchSite of ["cross-site", "same-site", "same-origin", "none"]) {
      refused(attempt("http", { method: "POST", origin: "null", fetchSite }));
    }
    refused(attempt("http", { method: "POST", origin: "null" }));
  });

  it("is refused when a link or image makes the browser GET a mutation", () => {
    refused(attempt("http", { method: "GET", fetchSite: "cross-site" }));
  });

  it("tells the event where it came from, and keeps oversized headers out of it", () => {
    const answer = attempt("http", {
      method: "POST",
      origin: `https://${"e".repeat(9000)}.example`,
      fetchSite: "cross-site",
    });
    assert.equal(String(answer?.context?.["origin"]).length, 256);
    assert.equal(answer?.context?.["fetchSite"], "cross-site");
  });
});

// WebSocket upgrades and event streams are GET requests that carry cookies and are not covered by CORS: a
// foreign page can open one as the visitor and read along. They are judged like mutations.
describe("cross-site WebSocket hijacking", () => {
  it("is refused for upgrades and streams from foreign pages", () => {
    refused(attempt("realtime", { method: "GET", origin: "https://evil.example", fetchSite: "cross-site" }));
    refused(attempt("realtime", { method: "GET", origin: "https://evil.example" }));
    refused(attempt("live", { method: "GET", origin: "https://app.example:9000", fetchSite: "same-site" }));
  });

  it("lets own and trusted pages connect", () => {
    assert.equal(attempt("realtime", { method: "GET", origin: OWN, fetchSite: "same-origin" }), undefined);
    assert.equal(attempt("realtime", { method: "GET", origin: OWN }), undefined);
    assert.equal(
      attempt("realtime", { method: "GET", origin: "https://partner.example", fetchSite: "cross-site" }),
      undefined,
    );
  });
});
