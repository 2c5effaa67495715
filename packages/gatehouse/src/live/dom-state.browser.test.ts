import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { BrowserContext } from "playwright-core";
import type { BrowserName } from "../../../../test/support/browser.ts";
import { describeBrowsers } from "../../../../test/support/browsers.ts";
import { ELEMENT_KINDS } from "../../../../test/support/dom-state/element-kinds.ts";
import { FIELD_KINDS } from "../../../../test/support/dom-state/field-kinds.ts";
import { LIST_KINDS } from "../../../../test/support/dom-state/list-kinds.ts";
import { inner, room, SETTING, tone } from "../../../../test/support/dom-state/room.ts";
import { SCRIPT_KINDS } from "../../../../test/support/dom-state/script-kinds.ts";
import { Trial, type Kind } from "../../../../test/support/dom-state/trial.ts";
import { listen, type Listening } from "../http/server.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { readClientBundle } from "./client-bundle.ts";

const KINDS = [...FIELD_KINDS, ...ELEMENT_KINDS, ...SCRIPT_KINDS, ...LIST_KINDS];

let kit: LiveKit;
let server: Listening;

before(async () => {
  kit = await openLiveKit({
    components: [room, inner],
    client: readClientBundle(),
    limit: { limit: 100_000, window: 60 },
  });
  const sound = tone();
  server = await listen({
    handler: async (request, ...rest) =>
      new URL(request.url).pathname === "/tone.wav"
        ? new Response(sound, { headers: { "content-type": "audio/wav" } })
        : kit.handler(request, ...rest),
    port: 0,
  });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await kit[Symbol.asyncDispose]();
});

describeBrowsers("an update keeps", (engine) => {
  let context: BrowserContext;
  let trial: Trial;
  let complaints: string[];
  beforeEach(async () => {
    complaints = [];
    context = await engine.browser.newContext({ viewport: { width: 900, height: 600 } });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    const response = await page.goto(`http://localhost:${server.port}/`);
    assert.match(response?.headers()["content-security-policy"] ?? "", /require-trusted-types-for 'script'/);
    trial = new Trial(page, context);
    await trial.until(`"liveComponent" in window`);
    await trial.run(`{${SETTING}}`);
  });
  afterEach(() => context.close());

  for (const { name, only, lost, survives } of KINDS) {
    if (only !== undefined && only !== engine.name) continue;
    const where = only === undefined ? "" : " (provoked in this browser only)";
    if (lost?.includes(engine.name) === true) {
      it(`not ${name}${where}`, () => assert.rejects(survives(trial), assert.AssertionError));
      continue;
    }
    it(`${name}${where}`, async () => {
      await survives(trial);
      assert.deepEqual(complaints, []);
    });
  }
});

describe("the guide's table of what an update keeps", () => {
  it("is that of these tests", () => {
    const guide = readFileSync(new URL("../../../../docs/guide/live-dom.md", import.meta.url), "utf8");
    const cell = ({ only, lost }: Kind, browser: BrowserName): string =>
      only !== undefined && only !== browser ? "not tested" : lost?.includes(browser) === true ? "lost" : "kept";
    const rows = KINDS.map((kind) => [kind.name, cell(kind, "chromium"), cell(kind, "firefox"), kind.remark ?? ""]);
    const found = guide
      .slice(guide.indexOf("| State"))
      .trimEnd()
      .split("\n\n")[0]
      ?.split("\n")
      .slice(2)
      .map((line) =>
        line
          .split("|")
          .slice(1, -1)
          .map((text) => text.trim()),
      );
    assert.deepEqual(found, rows, rows.map((row) => `| ${row.join(" | ")} |`).join("\n"));
  });
});
