import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { z } from "zod";
import { launchBrowser } from "../../../../test/support/browser.ts";
import { describeBrowsers } from "../../../../test/support/browsers.ts";
import { html } from "../html/html.ts";
import { listen, type Listening } from "../http/server.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { readClientBundle } from "./client-bundle.ts";
import { live } from "./component.ts";
import { reply } from "./effects.ts";
import { liveEvent } from "./live-event.ts";

const SECRET = "4111-secret-card";

const note = live("note", {
  state: z.object({ text: z.string() }),
  secret: [],
  mount: ({ previous }) => previous ?? { text: "nothing" },
  actions: (action) => ({
    write: action({ authorise: "public", input: z.object({ text: z.string().max(40) }) }, (_context, { text }) => ({
      text,
    })),
    burn: action({ authorise: () => false, anonymous: true }, () => ({ text: "ashes" })),
  }),
  render: ({ state, act }) => html`
    <p>${"A long paragraph that stays as it is. ".repeat(20)}</p>
    <output id="text">${state.text}</output>
    <button ${act.write({ text: "one" })}>One</button> <button ${act.write({ text: "two" })}>Two</button>
    <button ${act.burn()}>Burn</button>
    <form ${act.write.form}>${act.write.fields}<input aria-label="Text" ${act.write.field("text")} /><button>Write</button></form>
  `,
});

const filled = liveEvent<{ readonly items: number }>("basket.filled");

const basket = live("basket", {
  mode: "sealed",
  state: z.object({ items: z.int() }),
  emits: [filled],
  mount: ({ previous }) => previous ?? { items: 0 },
  actions: (action) => ({
    put: action({ authorise: "public" }, ({ state: { items } }) =>
      reply({ state: { items: items + 1 }, emit: [filled({ items: items + 1 })] }),
    ),
  }),
  render: ({ state, act }) => html`<output id="items">${state.items}</output><button ${act.put()}>Put</button>`,
});

const far = live("far", {
  mode: "none",
  state: z.object({}),
  mount: () => ({}),
  actions: () => ({}),
  render: () => html`<p id="far">Far below</p>`,
});

const stand = live("stand", {
  state: z.object({ open: z.boolean(), items: z.int() }),
  mount: ({ previous }) => previous ?? { open: true, items: 0 },
  on: (on) => [on(filled, ({ state }, { items }) => ({ ...state, items }))],
  actions: (action) => ({
    clear: action({ authorise: "public" }, ({ state }) => ({ ...state, open: false })),
  }),
  render: ({ state, act, child }) => html`
    <button ${act.clear()}>Clear the stand of ${state.items}</button>
    ${state.open ? [child(note), child(basket, { load: { when: "deferred" } })] : "Nothing here"}
    <pre>${"line\n".repeat(200)}</pre>
    ${child(far, { load: { when: "visible" } })}
  `,
});

let kit: LiveKit;
let server: Listening;
let context: BrowserContext;
let page: Page;
let complaints: string[];
/** Milliseconds each action is held up for. */
let held: Promise<unknown> = Promise.resolve();

const toggle = (): Locator => page.locator("#toggle");
const panel = (): Locator => page.locator("#panel");
const row = (id: string): Locator => page.locator(`[data-select="${id}"]`);
const detail = (id: string, name: string): Locator =>
  page
    .locator(`li:has(> [data-select="${id}"])`)
    .locator("div", { has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) })
    .locator("dd");
const component = (call: string): Promise<unknown> => page.evaluate(`liveComponent.${call}`);

async function openPanel(id?: string): Promise<void> {
  await page.keyboard.press("Alt+Shift+L");
  await panel().waitFor();
  if (id !== undefined) await row(id).click();
}

/** Waits until an element has a text; what it says when it never does. */
async function has(locator: Locator, text: string | RegExp): Promise<void> {
  try {
    await locator.filter({ hasText: text }).first().waitFor({ timeout: 10_000 });
  } catch {
    assert.match((await locator.allTextContents()).join(" | "), typeof text === "string" ? new RegExp(text) : text);
  }
}

describeBrowsers("the inspector of live components", (engine) => {
  beforeEach(async () => {
    held = Promise.resolve();
    kit = await openLiveKit({
      components: [stand, note, basket, far],
      client: readClientBundle(),
      inspector: { events: "/console/events" },
      page: (pages, inbound) => pages.mount(stand, { inbound }),
    });
    server = await listen({
      port: 0,
      handler: async (request, connection, bindings) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/favicon.ico") return new Response(undefined, { status: 204 });
        if (pathname.endsWith("/action")) await held;
        const response = await kit.handler(request, connection, bindings);
        // Pages of Gatehouse are not stored. An application may differ.
        if (request.method === "GET") response.headers.set("cache-control", "private, no-cache");
        return response;
      },
    });
    context = await engine.browser.newContext({ viewport: { width: 1280, height: 800 } });
    page = await context.newPage();
    page.setDefaultTimeout(20_000);
    complaints = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load")) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(server.url);
    await toggle().waitFor();
  });
  afterEach(async () => {
    await context.close();
    await server[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
    assert.deepEqual(complaints, []);
  });

  it("lists the components of the page, those inside others and those that come later", async () => {
    await page.locator("#items").waitFor();
    assert.equal(await toggle().innerText(), "Live 4");
    await openPanel();
    assert.deepEqual(
      await page.locator("[data-select]").evaluateAll((rows) => rows.map((one) => one.getAttribute("data-select"))),
      ["stand:main", "note:main", "basket:main", "far:main"],
    );
    await has(row("stand:main"), /version 0 · store/);
    await has(row("basket:main"), /version 0 · sealed/);
    await has(row("far:main"), /not loaded yet \(visible\) · none/);
    await row("basket:main").click();
    await has(detail("basket:main", "Inside"), "stand:main");
    await has(detail("basket:main", "State"), /in the page alone/);
    const sealed = String(
      await page.evaluate(`document.querySelector('[data-live="basket:main"]').dataset.liveSeed.length`),
    );
    await has(detail("basket:main", "Sealed in the page"), `${sealed} B`);
    await row("far:main").click();
    await page.locator("#far").waitFor();
    await has(row("far:main"), /version 0 · none/);
  });

  it("says what an action sent, what a patch saved, and how long it took", async () => {
    await openPanel("note:main");
    await page.getByRole("button", { name: "One", exact: true }).click();
    await has(detail("note:main", "Last action"), /^write, \d\d:\d\d:\d\d: succeeded$/);
    await has(detail("note:main", "Content"), /^whole, \d/);
    await page.getByRole("button", { name: "Two", exact: true }).click();
    await has(detail("note:main", "Content"), /^patch of \d+ B in place of [\d.]+ kB: 9\d % saved$/);
    await has(detail("note:main", "Version"), "2");
    await has(panel(), /Round trip [\d.]+ (ms|s); the server tells no times/);
  });

  it("counts repetitions, answers from earlier results, and conflicts", async () => {
    await openPanel("note:main");
    const call = `component("note:main").executeAction("write", { text: "same" }, { idempotency_key: "one-intent" })`;
    await component(call);
    await component(call);
    await has(detail("note:main", "Repeated"), "1 sent again, 1 answered from earlier results");
    await has(detail("note:main", "Last action"), /answered from an earlier result$/);
    const other = await context.newPage();
    await other.goto(server.url);
    await other.getByRole("button", { name: "One", exact: true }).click();
    await other.getByText("one", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Two", exact: true }).click();
    await has(detail("note:main", "Conflicts"), "1");
    await has(page.locator(".refusals li").first(), /STATE_CONFLICT.*commutes: true/);
  });

  it("tells what a component heard because of another", async () => {
    await page.locator("#items").waitFor();
    await openPanel("stand:main");
    await page.getByRole("button", { name: "Put", exact: true }).click();
    await has(detail("stand:main", "Last update"), /^put of basket:main, .*: succeeded$/);
    await has(detail("stand:main", "Content"), /^whole, /);
    await page.getByRole("button", { name: "Put", exact: true }).click();
    await has(detail("stand:main", "Content"), /^patch of \d+ B in place of [\d.]+ kB: 9\d % saved$/);
    await row("basket:main").click();
    await has(detail("basket:main", "Last action"), /^put, .*: succeeded$/);
  });

  it("notes what had no answer, and that it was sent again", async () => {
    await openPanel("note:main");
    await page.route("**/action", (route) => route.abort(), { times: 1 });
    await page.getByRole("button", { name: "One", exact: true }).click();
    await has(page.locator(".refusals li").first(), /NETWORK_ERROR write of note:main.*No answer arrived/);
    await has(detail("note:main", "Repeated"), "1 sent again, 0 answered from earlier results");
    await has(detail("note:main", "Last action"), /: succeeded$/);
    await has(page.locator("#text"), "one");
  });

  it("shows what was refused, what to do, and the request that the log knows", async () => {
    await page.getByRole("button", { name: "Burn" }).click();
    await has(toggle(), "1 refused");
    await openPanel();
    const [refusal] = await page.locator(".refusals li").all();
    assert.ok(refusal !== undefined);
    await has(refusal, /PERMISSION_DENIED burn of note:main/);
    await has(refusal, /You are not allowed to do this\..*authorise rule/);
    const denied = kit.events.find(({ outcome }) => outcome === "denied");
    assert.equal(await refusal.locator("code").innerText(), denied?.requestId);
    assert.equal(
      await refusal.getByRole("link").getAttribute("href"),
      `/console/events?requestId=${denied?.requestId}`,
    );
    assert.doesNotMatch(await toggle().innerText(), /refused/, "they have been looked at");
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await has(panel(), "Nothing has been refused on this page.");
  });

  it("keeps twenty refusals at most", async () => {
    const call = `component("note:main").executeAction("burn", {}).catch(() => 0)`;
    await component(`component("note:main"), Promise.all(Array.from({ length: 25 }, () => liveComponent.${call}))`);
    await openPanel();
    await has(panel(), "PERMISSION_DENIED");
    assert.equal(await page.locator(".refusals > li").count(), 20);
  });

  it("shows neither what is sent nor tokens nor sealed state", async () => {
    await openPanel("note:main");
    await page.getByLabel("Text").fill(SECRET);
    await page.getByRole("button", { name: "Write" }).click();
    await has(detail("note:main", "Last action"), /succeeded/);
    await page.getByLabel("Text").fill(`${SECRET} that is far too long to be taken by the schema`);
    await page.getByRole("button", { name: "Write" }).click();
    await has(page.locator(".refusals li").first(), /VALIDATION_ERROR.*Refused: \/params\/text/);
    const shown = String(await page.evaluate(`document.documentElement.lastElementChild.shadowRoot.innerHTML`));
    assert.match(shown, /VALIDATION_ERROR/);
    const hidden = await page.evaluate(`[
      document.querySelector('meta[name="csrf-token"]').content,
      ...[...document.querySelectorAll("[data-live-seed]")].map(({ dataset }) => dataset.liveSeed),
      ...[...document.querySelectorAll('[name="_idempotency_key"]')].map(({ value }) => value),
    ]`);
    for (const text of [SECRET, ...(hidden as string[])]) assert.ok(text.length > 10 && !shown.includes(text), text);
  });

  it("frames what is selected, and lets go of what is removed", async () => {
    await openPanel("note:main");
    const outline = page.locator(".outline");
    await outline.waitFor();
    const [frame, box] = [await outline.boundingBox(), await page.locator('[data-live="note:main"]').boundingBox()];
    for (const side of ["x", "y", "width", "height"] as const)
      assert.ok(
        Math.abs((frame?.[side] ?? 0) - (box?.[side] ?? -99)) < 2,
        `${side} of ${JSON.stringify([frame, box])}`,
      );
    assert.equal(await page.locator('[data-live="note:main"]').getAttribute("style"), null);
    await page.getByRole("button", { name: "Clear the stand" }).click();
    await row("note:main").waitFor({ state: "detached" });
    await outline.waitFor({ state: "hidden" });
  });

  it("shows what waits, and for what", async () => {
    let release: (value?: unknown) => void = () => undefined;
    held = new Promise((resolve) => (release = resolve));
    await openPanel("note:main");
    await component(
      `component("note:main"), void liveComponent.component("note:main").executeAction("write", { text: "a" })`,
    );
    await component(
      `component("note:main"), void liveComponent.component("note:main").executeAction("write", { text: "b" })`,
    );
    await has(panel(), "write of note:main, write of note:main");
    await has(row("note:main"), "2 waiting");
    release();
    await has(panel(), /Queueempty/);
    await page.evaluate(`void Object.defineProperty(navigator, "onLine", { value: false, configurable: true })`);
    await page.evaluate(`dispatchEvent(new Event("offline"))`);
    await page.getByRole("button", { name: "Two", exact: true }).click();
    await has(panel(), /offline: actions wait until the connection is back/);
    await has(panel(), /Queuewrite of note:main/);
    await page.evaluate(`delete navigator.onLine; dispatchEvent(new Event("online"))`);
    await has(panel(), /Networkonline/);
    await has(page.locator("#text"), "two");
    await has(panel(), /Queueempty/);
  });

  it("is opened and closed by keys, and gives the focus back", async () => {
    await page.getByLabel("Text").focus();
    await page.keyboard.press("Alt+Shift+L");
    await panel().waitFor();
    const focused = (): Promise<unknown> =>
      page.evaluate(
        `(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).id || document.activeElement.ariaLabel`,
      );
    assert.equal(await focused(), "title");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "close");
    await page.keyboard.press("Escape");
    await panel().waitFor({ state: "hidden" });
    assert.equal(await focused(), "Text");
    assert.equal(await page.getByLabel("Text").inputValue(), "");
    assert.equal(await page.getByText("note:main").count(), 0);
    await page.reload();
    await toggle().waitFor();
    assert.equal(await panel().isVisible(), false);
    await toggle().click();
    await page.reload();
    await panel().waitFor();
    assert.notEqual(await focused(), "title");
  });

  it("takes no part in the page: its layout, its order of focus, its style, its body", async () => {
    const layout = `JSON.stringify([document.documentElement.scrollWidth, document.documentElement.scrollHeight,
      ...[...document.querySelectorAll("body *")].map((one) => one.getBoundingClientRect())])`;
    const before = await page.evaluate(layout);
    await openPanel();
    assert.equal(await page.evaluate(layout), before);
    await page.keyboard.press("Escape");
    assert.deepEqual(
      await page.evaluate(`[...document.body.querySelectorAll("*")].filter((one) => one.shadowRoot).length`),
      0,
    );
    await page.evaluate(`{
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("* { display: none !important; color: red !important } html, body { display: block !important }");
      document.adoptedStyleSheets = [sheet];
    }`);
    assert.ok(await toggle().isVisible());
    assert.notEqual(await toggle().evaluate("(button) => getComputedStyle(button).color"), "rgb(255, 0, 0)");
    await page.reload();
    await toggle().waitFor();
    const order: unknown[] = [];
    for (let presses = 0; presses < 20 && order.at(-1) !== "toggle"; presses += 1) {
      await page.keyboard.press("Tab");
      order.push(
        await page.evaluate(`(document.activeElement.shadowRoot?.activeElement ?? document.activeElement).id`),
      );
    }
    assert.equal(order.indexOf("toggle"), order.length - 1);
    assert.ok(order.length >= 7, `only after what is in the page: ${order.join()}`);
  });

  it("stays when the body is replaced", async () => {
    await openPanel();
    await page.evaluate(`{
      const body = document.createElement("body");
      body.append(document.querySelector('[data-live="note:main"]'));
      document.body.replaceWith(body);
    }`);
    await has(toggle(), "Live 1");
    await page.getByRole("button", { name: "One", exact: true }).click();
    await has(page.locator("#text"), "one");
    await row("note:main").click();
    await has(detail("note:main", "Last action"), /succeeded/);
    await page.evaluate(`document.documentElement.replaceChildren(document.head, document.body)`);
    await has(toggle(), "Live 1");
  });

  it("goes on when the browser has kept the page for going back to it", async () => {
    await using patient = await launchBrowser(engine.name, { backForwardCache: true });
    page = await (await patient.newContext()).newPage();
    await page.goto(server.url);
    await toggle().waitFor();
    await openPanel("note:main");
    await page.evaluate(
      `addEventListener("pageshow", ({ persisted }) => document.documentElement.toggleAttribute("data-kept", persisted))`,
    );
    await page.goto(`${server.url}/elsewhere`);
    await page.evaluate(`void setTimeout(() => history.back(), 50)`);
    const isBack = (): Promise<unknown> =>
      page.evaluate(`document.documentElement.hasAttribute("data-kept")`).catch(() => false);
    for (let tries = 0; tries < 200 && (await isBack()) !== true; tries += 1) await delay(50);
    assert.equal(await isBack(), true);
    const press = (text: string): Promise<unknown> =>
      page.evaluate(`[...document.querySelectorAll("button")].find((one) => one.textContent === "${text}").click()`);
    const shown = (): Promise<unknown> =>
      page.evaluate(`document.documentElement.lastElementChild.shadowRoot.querySelector("#panel").textContent`);
    await press("Two");
    for (let tries = 0; tries < 200 && !/Last actionwrite, .*: succeeded/.test(String(await shown())); tries += 1)
      await delay(50);
    assert.match(
      String(await shown()),
      /4 components on this page.*note main version 1.*Last actionwrite, .*: succeeded/,
    );
  });
});
