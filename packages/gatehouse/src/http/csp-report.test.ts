import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createIds } from "../kernel/ids.ts";
import { systemRandom } from "../kernel/random.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { openEdgeSetup, TEST_CONNECTION, type EdgeSetup } from "../testing/edge-setup.ts";
import { createCspReportAction, cspReportSchema } from "./csp-report.ts";
import type { EdgeHandler } from "./edge.ts";
import { createEdgeRoutes } from "./routes.ts";

async function openSite(): Promise<{ setup: EdgeSetup; handler: EdgeHandler; violations: SecurityEvent[] }> {
  const violations: SecurityEvent[] = [];
  const clock = createFakeClock();
  const events = {
    emit: (event: SecurityEvent) => void violations.push(event),
    subscribe: () => ({ [Symbol.dispose]() {} }),
  };
  const cspReport = createCspReportAction({ events, ids: createIds(clock, systemRandom), clock });
  const setup = await openEdgeSetup({ actions: [cspReport] });
  return { setup, handler: setup.edge.handler(createEdgeRoutes({ edge: setup.edge, cspReport })), violations };
}

function report(body: unknown, type: string, headers: Record<string, string> = {}): Request {
  const init = { method: "POST", body: JSON.stringify(body), headers: { "content-type": type, ...headers } };
  return new Request("https://app.example/csp/report", init);
}

const legacy = {
  "csp-report": {
    "document-uri": "https://app.example/join/3f9ac1d2e47b4b0c9f6a1b2c3d4e5f60?token=secret#x",
    "blocked-uri": "https://evil.example/steal.js?cookie=secret",
    "violated-directive": "script-src-elem",
    "source-file": "https://user:secret@app.example/a.js",
    "line-number": 12,
    "script-sample": "secret",
  },
};

describe("createCspReportAction", () => {
  // Violation reports carry addresses with tokens in their paths and queries. What reaches the audit log
  // must say what happened without repeating them.
  it("records violations without the secrets in their addresses", async () => {
    const { setup, handler, violations } = await openSite();
    await using _ = setup;
    const response = await handler(report(legacy, "application/csp-report"), TEST_CONNECTION);
    assert.equal(response.status, 204);
    assert.deepEqual(violations[0]?.context, {
      document: "https://app.example/join/...",
      blocked: "https://evil.example/steal.js",
      directive: "script-src-elem",
      source: "https://app.example/a.js",
      line: 12,
    });
    assert.equal(violations[0].name, "malicious_csp_violation");
    assert.doesNotMatch(JSON.stringify(violations), /secret|3f9ac1d2/);
  });

  it("records no code of a way in, however short or oddly written it is", async () => {
    const { setup, handler, violations } = await openSite();
    await using _ = setup;
    const secrets = ["PARTY7", "wedding-2024", "a%2Fb", "x;y", "k7"];
    for (const way of ["join", "enter", "console/enter", "JOIN", "%6Aoin", "join/"]) {
      for (const secret of secrets) {
        const address = `https://app.example/${way}/${secret}`;
        const addresses = { "document-uri": address, "blocked-uri": address, "source-file": `${address}/more` };
        await handler(report({ "csp-report": addresses }, "application/csp-report"), TEST_CONNECTION);
      }
    }
    assert.equal(violations.length, 30);
    const text = JSON.stringify(violations.map(({ context }) => context));
    for (const secret of secrets) assert.ok(!text.includes(secret), secret);
    assert.equal(violations[0]?.context["source"], "https://app.example/join/.../more");
  });

  it("understands the Reporting API and looks at ten violations at most", async () => {
    const { setup, handler, violations } = await openSite();
    await using _ = setup;
    const one = {
      type: "csp-violation",
      body: { documentURL: "https://app.example/", blockedURL: "inline", effectiveDirective: "style-src" },
    };
    const body = [{ type: "deprecation", body: {} }, ...Array.from({ length: 50 }, () => one)];
    const response = await handler(
      report(body, "application/reports+json", { "sec-fetch-site": "same-origin" }),
      TEST_CONNECTION,
    );
    assert.equal(response.status, 204);
    assert.equal(violations.length, 10);
    assert.equal(violations[0]?.context["blocked"], "inline");
  });

  it("refuses foreign pages, other types and nonsense", async () => {
    const { setup, handler, violations } = await openSite();
    await using _ = setup;
    const status = async (request: Request): Promise<number> => (await handler(request, TEST_CONNECTION)).status;
    const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    assert.equal(await status(report(legacy, "application/csp-report", foreign)), 403);
    assert.equal(await status(report(legacy, "text/plain")), 415);
    assert.equal(await status(report({ a: 1 }, "application/csp-report")), 422);
    assert.equal(violations.length, 0);
  });

  it("turns any JSON into bounded text or a refusal", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (document, blocked) => {
        const input = { "csp-report": { "document-uri": document, "blocked-uri": blocked } };
        const result = cspReportSchema.safeParse(input);
        assert.ok(result.success);
        for (const { document: text } of result.data) assert.ok(text.length <= 200);
      }),
    );
  });
});

describe("createEdgeRoutes", () => {
  // A foreign page that can read a token can use it; the answer is kept from it twice.
  it("gives tokens to pages of this origin only", async () => {
    const { setup, handler } = await openSite();
    await using _ = setup;
    const get = (headers: Record<string, string>): Promise<Response> =>
      handler(new Request("https://app.example/api/csrf/refresh", { headers }), TEST_CONNECTION);
    const own = await get({ "sec-fetch-site": "same-origin" });
    assert.equal(own.status, 200);
    assert.equal(own.headers.get("access-control-allow-origin"), null);
    assert.equal((await get({ "sec-fetch-site": "same-site" })).status, 403);
    assert.equal((await get({ origin: "https://evil.example" })).status, 403);
  });
});
