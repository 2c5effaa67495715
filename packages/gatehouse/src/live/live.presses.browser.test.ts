import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { describeBrowsers } from "../../../../test/support/browsers.ts";
import { html } from "../html/html.ts";
import { listen, type Listening } from "../http/server.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { readClientBundle } from "./client-bundle.ts";
import { live } from "./component.ts";
import { expecting } from "./expecting.ts";

const counter = live("counter", {
  state: z.object({ count: z.int() }),
  mount: ({ previous }) => previous ?? { count: 0 },
  actions: (action) => ({
    add: action({ authorise: "public", commutes: true, repeats: true }, ({ state }) => ({ count: state.count + 1 })),
  }),
  render: ({ state, act, fragment }) => html`
    ${fragment("total", (mark) => html`<output ${mark} class="of-${state.count}">${state.count}</output>`)}
    <p id="rest">${state.count}</p>
    <button ${act.add()} data-live-fragments="total">The total alone</button>
    <button ${act.add()}>Everything</button>
    <button id="never" ${act.add()} aria-disabled="true">Shown as not available</button>
    <button id="split" ${act.add()} ${expecting({ text: "Liked" })}>
      <b></b>
      Like
    </button>
    <button id="inner" ${act.add()} ${expecting({ text: "Liked" })}>
      <span>Like</span>
    </button>
  `,
});

let kit: LiveKit;
let server: Listening;
let context: BrowserContext;
let page: Page;
let answering: Promise<unknown>;
let answers: string[];

/** Waits for the runtime. The policy of the page does not let the driver do so. */
async function begun(page: Page): Promise<void> {
  for (let tries = 0; !(await page.evaluate(`"liveComponent" in window`)); tries += 1) {
    assert.ok(tries < 400, "the runtime has not begun");
    await delay(50);
  }
}

describeBrowsers("what is pressed in a browser", (engine) => {
  beforeEach(async () => {
    [answering, answers] = [Promise.resolve(), []];
    kit = await openLiveKit({ components: [counter], client: readClientBundle() });
    server = await listen({
      port: 0,
      handler: async (request, connection, bindings) => {
        const isAction = request.url.endsWith("/action");
        if (isAction) await answering;
        const response = await kit.handler(request, connection, bindings);
        if (isAction) answers.push(await response.clone().text());
        return response;
      },
    });
    context = await engine.browser.newContext();
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(server.url);
    await begun(page);
  });
  afterEach(async () => {
    await context.close();
    await server[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
  });

  async function shows(selector: string, expected: string): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const text = (await page.locator(selector).textContent())?.trim();
      if (text === expected) return;
      if (tries === 300) assert.equal(text, expected);
      await delay(50);
    }
  }

  /** Presses while the answer is held back, looks, and lets it come. */
  async function press(selector: string, look: () => Promise<void>): Promise<void> {
    const held = Promise.withResolvers<void>();
    answering = held.promise;
    const before = answers.length;
    await page.locator(selector).dispatchEvent("click");
    await look();
    held.resolve();
    while (answers.length === before) await delay(20);
    while ((await page.locator("[aria-busy]").count()) > 0) await delay(20);
  }

  it("may ask for a fragment alone, and the rest of the content stays as it was", async () => {
    await page.getByRole("button", { name: "The total alone" }).click();
    await shows("output", "1");
    assert.equal(await page.locator("output").getAttribute("class"), "of-1");
    await shows("#rest", "0");
    assert.match(answers[0] ?? "", /"fragments":\{"total":/);
    await page.getByRole("button", { name: "Everything" }).click();
    await shows("#rest", "2");
    await shows("output", "2");
    await page.evaluate(`liveComponent.executeAction("add", {}, { fragments: ["total"] })`);
    await shows("output", "3");
    await shows("#rest", "2");
  });

  it("is marked while its answer is on its way, and has afterwards what the server rendered", async () => {
    const mark = (selector: string) => page.locator(selector).getAttribute("aria-disabled");
    await press("#never", async () => assert.equal(await mark("#never"), "true"));
    assert.equal(await mark("#never"), "true");
    await press("#split", async () => assert.equal(await mark("#split"), "true"));
    assert.equal(await mark("#split"), null);
  });

  it("shows an expected text in place of the text that is seen", async () => {
    const nodes = `[...document.querySelector("#split").childNodes].map(({ nodeValue }) => nodeValue?.trim() ?? null)`;
    await press("#split", async () => {
      await shows("#split", "Liked");
      assert.deepEqual(await page.evaluate(nodes), ["", null, "Liked"]);
    });
    await shows("#split", "Like");
    await press("#inner", () => shows("#inner span", "Liked"));
    await shows("#inner", "Like");
  });
});
