import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Hono } from "hono";
import type { Page } from "playwright-core";
import { describeBrowsers, type Engine } from "../../../../../test/support/browsers.ts";
import { CASES, TRANSPORTS } from "../../testing/centrifuge-cases.ts";
import { html } from "../../html/html.ts";
import { CENTRIFUGE_SETTINGS, serverSide } from "../../testing/centrifuge-server-side.ts";
import { startRealtimeSite, type RealtimeSite } from "../../testing/realtime-site.ts";

const CASES_FILE = fileURLToPath(new URL("../../testing/centrifuge-cases.ts", import.meta.url));

/** Bundles the cases with the client, as an application does. */
async function bundleCases(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [CASES_FILE],
    ...{ bundle: true, write: false, format: "iife", globalName: "centrifugeCases", target: "es2022" },
  });
  return outputFiles[0]?.text ?? assert.fail("Nothing became of the cases.");
}

/** A site with a page that has the client, under the policy that every page has. */
async function startPageSite(script: string): Promise<RealtimeSite> {
  return startRealtimeSite({
    settings: CENTRIFUGE_SETTINGS,
    application: {
      open: ({ edge }) => ({
        routes: () =>
          new Hono()
            .get("/cases.js", () => new Response(script, { headers: { "content-type": "text/javascript" } }))
            .get("/", (context) => {
              const inbound = edge.of(context);
              const page = html`<!doctype html>
                <html lang="en">
                  <head>
                    <title>Rooms</title>
                    <link rel="icon" href="data:," />
                    <script nonce="${inbound.nonce}" src="/cases.js"></script>
                  </head>
                  <body></body>
                </html>`;
              return edge.page(inbound, page);
            }),
      }),
    },
  });
}

/** A page of the site, and what went wrong in it: a violation of its policy, say. */
async function openPage({ browser }: Engine, { origin, realtime }: RealtimeSite, complaints: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) complaints.push(message.text());
  });
  const server = serverSide(realtime);
  await page.exposeFunction("endSubscription", server.unsubscribe);
  await page.exposeFunction("endConnection", server.disconnect);
  await page.exposeFunction("issueToken", server.token);
  const answer = await page.goto(origin);
  assert.match(answer?.headers()["content-security-policy"] ?? "", /default-src 'none'.*connect-src 'self'/);
  return page;
}

/** What a page has: the cases of the bundle, and what happens at the server. */
interface PageScope {
  readonly origin: string;
  readonly centrifugeCases: typeof import("../../testing/centrifuge-cases.ts");
  readonly endSubscription: (user: string, channel: string) => Promise<void>;
  readonly endConnection: (user: string, code?: number) => Promise<void>;
  readonly issueToken: (user: string, lifetime: number) => Promise<string>;
}

/** In the page. */
function runCase({ name, transport }: { name: string; transport: (typeof TRANSPORTS)[number] }): Promise<unknown> {
  const scope = globalThis as unknown as PageScope;
  const { endSubscription: unsubscribe, endConnection: disconnect, issueToken: token } = scope;
  const found = scope.centrifugeCases.CASES.find((one) => one.name === name);
  return (
    found?.run({ origin: scope.origin, transport, server: { unsubscribe, disconnect, token } }) ??
    Promise.resolve("no case")
  );
}

const script = bundleCases();

describeBrowsers("The client of the protocol in a page", (engine) => {
  describe("does what it does anywhere", { concurrency: true }, () => {
    for (const transport of TRANSPORTS) {
      describe(`over ${transport}`, { concurrency: 1 }, () => {
        const complaints: string[] = [];
        let site: RealtimeSite;
        let page: Page;
        before(async () => {
          site = await startPageSite(await script);
          page = await openPage(engine, site, complaints);
        });
        after(async () => {
          await page.close();
          await site[Symbol.asyncDispose]();
        });

        for (const { name, observed } of CASES) {
          it(name, async () => {
            assert.deepEqual(await page.evaluate(runCase, { name, transport }), observed);
          });
        }

        it("does so within the policy of the page", () => assert.deepEqual(complaints, []));
      });
    }
  });
});
