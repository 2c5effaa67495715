import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSecurityHeaders } from "./security-headers.ts";

const https = { tls: true, host: "app.example" };

describe("createSecurityHeaders", () => {
  it("gives a page a strict policy with its nonce", () => {
    const fields = createSecurityHeaders().page(https, "abc");
    const policy = fields["content-security-policy"] ?? "";
    assert.match(policy, /^default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; style-src 'self' 'nonce-abc';/);
    for (const directive of [
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self'",
      "require-trusted-types-for 'script'",
      "trusted-types gatehouse",
      "report-uri /csp/report",
      "report-to csp",
      "upgrade-insecure-requests",
    ]) {
      assert.ok(policy.split("; ").includes(directive), directive);
    }
    assert.doesNotMatch(policy, /unsafe-|\*/);
    assert.equal(fields["reporting-endpoints"], 'csp="/csp/report"');
    assert.equal(fields["cross-origin-opener-policy"], "same-origin");
    assert.equal(fields["x-xss-protection"], "0");
  });

  it("can have a policy tried out before it blocks anything", () => {
    const fields = createSecurityHeaders({ reportOnly: true }).page(https, "abc");
    assert.match(fields["content-security-policy-report-only"] ?? "", /script-src 'nonce-abc'.*report-to csp/);
    assert.equal(fields["content-security-policy"], undefined);
    assert.match(createSecurityHeaders({ reportOnly: true }).data(https)["content-security-policy"] ?? "", /'none'/);
  });

  // A nonce in a page that a cache keeps is known to whoever reads the cache. Cached pages vouch for
  // scripts by hash, and without hashes run none.
  it("uses hashes for cached pages", () => {
    const hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const headers = createSecurityHeaders();
    const policy = headers.staticPage(https, { scripts: [hash] })["content-security-policy"] ?? "";
    assert.ok(policy.includes(`script-src '${hash}' 'strict-dynamic';`));
    assert.doesNotMatch(policy, /nonce/);
    assert.match(headers.staticPage(https, {})["content-security-policy"] ?? "", /script-src 'none';/);
    assert.throws(() => headers.staticPage(https, { scripts: ["x'; script-src *"] }), TypeError);
  });

  it("insists on https over https, but never for loopback names", () => {
    const headers = createSecurityHeaders();
    assert.equal(headers.data(https)["strict-transport-security"], "max-age=31536000; includeSubDomains");
    assert.equal(headers.data({ ...https, tls: false })["strict-transport-security"], undefined);
    for (const host of ["localhost:8443", "127.0.0.1:8443", "[::1]:8443", "x.localhost"]) {
      assert.equal(headers.data({ tls: true, host })["strict-transport-security"], undefined, host);
    }
  });

  it("lets features and sources through by name only", () => {
    const headers = createSecurityHeaders({
      features: { camera: "self" },
      policy: { sources: { images: ["https://cdn.example"], frames: ["https://js.stripe.com"] } },
    });
    const fields = headers.page(https, "n");
    assert.match(fields["permissions-policy"] ?? "", /camera=\(self\)/);
    assert.match(fields["permissions-policy"] ?? "", /payment=\(\)/);
    assert.match(fields["content-security-policy"] ?? "", /img-src 'self' data: blob: https:\/\/cdn\.example;/);
    for (const source of ["*", "https:", "'unsafe-inline'", "a; script-src *", "a b", "data:"]) {
      assert.throws(() => createSecurityHeaders({ policy: { sources: { fonts: [source] } } }), TypeError, source);
    }
    assert.throws(() => createSecurityHeaders({ features: { "a=*, b": "self" } }), TypeError);
  });

  it("has the older set by name", () => {
    const fields = createSecurityHeaders({ preset: "seed-compat" }).page(https, "n");
    assert.equal(fields["strict-transport-security"], "max-age=31536000; includeSubDomains; preload");
    assert.equal(fields["x-xss-protection"], "1; mode=block");
    assert.equal(fields["x-frame-options"], "DENY");
    assert.match(fields["content-security-policy"] ?? "", /'unsafe-eval'/);
  });
});
