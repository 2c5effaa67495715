import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CspEvaluator, DEFAULT_CHECKS } from "csp_evaluator/dist/evaluator.js";
import { Severity } from "csp_evaluator/dist/finding.js";
import { CspParser } from "csp_evaluator/dist/parser.js";
import { gradePage } from "../support/observatory.ts";
import { openTestServer, type TestServer } from "../support/test-server.ts";

// Script injection, framing and downgrade are contained by response headers alone when everything else has
// failed. Two independent graders, Mozilla's and Google's, judge the headers as they leave the server.

const ORIGIN = "https://app.example";

function open(): Promise<TestServer> {
  return openTestServer({ server: { publicUrl: ORIGIN } });
}

async function fetchFrom(server: TestServer, path: string, headers: Record<string, string> = {}): Promise<Response> {
  const request = new Request(`${ORIGIN}${path}`, { headers: { accept: "text/html", ...headers } });
  return server.gatehouse.handler(request, { address: "203.0.113.9", encrypted: true });
}

describe("response headers", () => {
  it("score 130 or more at MDN HTTP Observatory, with no failed test", async (context) => {
    await using server = await open();
    const page = await fetchFrom(server, "/");
    assert.equal(page.status, 200);
    const grade = await gradePage(new URL(ORIGIN), page);
    context.diagnostic(`Observatory: ${grade.score} ${JSON.stringify(grade.results)}`);
    assert.deepEqual(grade.failed, []);
    assert.ok(grade.score >= 130, String(grade.score));
    const problem = await gradePage(new URL(ORIGIN), await fetchFrom(server, "/nothing"));
    assert.deepEqual(problem.failed, []);
  });

  it("leave csp_evaluator nothing above informational", async () => {
    await using server = await open();
    for (const path of ["/", "/nothing", "/look"]) {
      const policy = (await fetchFrom(server, path)).headers.get("content-security-policy") ?? "";
      const findings = new CspEvaluator(new CspParser(policy).csp).evaluate([], DEFAULT_CHECKS);
      const serious = findings.filter(({ severity }) => severity < Severity.INFO);
      assert.deepEqual(serious, [], `${path}: ${policy}`);
    }
  });

  it("carry another nonce every time", async () => {
    await using server = await open();
    const nonces = new Set<string | undefined>();
    for (let count = 0; count < 100; count += 1) {
      const policy = (await fetchFrom(server, "/")).headers.get("content-security-policy") ?? "";
      nonces.add(/'nonce-([^']{24})'/.exec(policy)?.[1]);
    }
    assert.equal(nonces.size, 100);
    assert.ok(!nonces.has(undefined));
  });

  it("insist on encryption for a year, and open nothing to other sites", async () => {
    await using server = await open();
    const { headers } = await fetchFrom(server, "/");
    assert.equal(headers.get("strict-transport-security"), "max-age=31536000; includeSubDomains; preload");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("x-frame-options"), "DENY");
    assert.equal(headers.get("referrer-policy"), "strict-origin-when-cross-origin");
    for (const feature of ["camera", "microphone", "geolocation", "payment"]) {
      assert.match(headers.get("permissions-policy") ?? "", new RegExp(`\\b${feature}=\\(\\)`));
    }
    // The filter that this header governed is gone from browsers, and was a hole while it was there.
    assert.equal(headers.get("x-xss-protection"), "0");
  });

  it("are there on everything, refusals included", async () => {
    await using server = await open();
    for (const [path, headers] of [
      ["/", {}],
      ["/look", {}],
      ["/nothing", {}],
      ["/a%2fb", {}],
      ["/look", { cookie: "__Host-gatehouse=a; __Host-gatehouse=b" }],
      ["/api/csrf/refresh", {}],
    ] as const) {
      const response = await fetchFrom(server, path, headers);
      for (const name of [
        "content-security-policy",
        "x-content-type-options",
        "strict-transport-security",
        "referrer-policy",
      ]) {
        assert.ok(response.headers.has(name), `${path} lacks ${name}`);
      }
    }
  });
});
