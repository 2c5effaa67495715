import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import type { BrowserContext, Page, Route } from "playwright-core";
import { z } from "zod";
import { launchBrowser } from "../../../../test/support/browser.ts";
import { contextWithoutScripts, describeBrowsers, type Engine } from "../../../../test/support/browsers.ts";
import { html } from "../html/html.ts";
import type { EdgeHandler } from "../http/edge.ts";
import { listen, type Listening } from "../http/server.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { readClientBundle } from "./client-bundle.ts";
import { live } from "./component.ts";
import { reply } from "./effects.ts";

const counter = live("counter", {
  state: z.object({ count: z.number() }),
  mount: ({ previous }) => previous ?? { count: 0 },
  actions: (action) => ({
    increment: action({ authorise: "public", commutes: true }, ({ state }) => ({ count: state.count + 1 })),
    quick: action({ authorise: "public", commutes: true, repeats: true }, ({ state }) => ({ count: state.count + 1 })),
    double: action({ authorise: "public" }, ({ state }) => ({ count: state.count * 2 })),
    few: action({ authorise: "public", commutes: true, rateLimit: 1 }, ({ state }) => state),
    broken: action({ authorise: "public" }, () => Promise.reject(new Error("Meant to fail."))),
    announce: action({ authorise: "public" }, () =>
      reply({ effects: { announce: "Counted", dispatch: [{ name: "counted", detail: 7 }], focus: "count" } }),
    ),
  }),
  render: ({ state, act }) => html`
    <p id="count" tabindex="-1">${state.count}</p>
    <button id="increment" ${act.increment()}>Add</button>
    <button id="quick" ${act.quick()}>Add quickly</button>
    <button id="double" ${act.double()}>Double</button>
    <button id="few" ${act.few()}>Rarely</button>
    <button id="broken" ${act.broken()}>Broken</button>
    <button id="announce" ${act.announce()}>Announce</button>
    <details id="more">
      <summary>More</summary>
      <p>Version of ${state.count}</p>
    </details>
    <dialog id="dialog">
      <p>${state.count}</p>
      <button form="none" id="inside" ${act.increment()}>Add</button>
    </dialog>
    <input id="note" value="from the server ${state.count % 2}" />
    <input id="tick" type="checkbox" />
    <select id="choice">
      <option>one</option>
      <option>two</option>
    </select>
    <div id="scroll" class="scroll">
      <p>${state.count}</p>
      <pre>${"line\n".repeat(100)}</pre>
    </div>
  `,
});

const guestbook = live("guestbook", {
  state: z.object({ entries: z.array(z.string()) }),
  mount: ({ previous }) => previous ?? { entries: [] },
  actions: (action) => ({
    sign: action(
      {
        input: z.object({
          author: z.string().min(1, "Please tell us your name."),
          message: z.string().min(3, "Please write at least 3 characters."),
        }),
        authorise: "public",
        commutes: true,
      },
      ({ state }, { author, message }) => ({ entries: [`${author}: ${message}`, ...state.entries] }),
    ),
  }),
  render: ({ state, act }) => html`
    <form ${act.sign.form}>
      ${act.sign.fields}
      <label>Name <input id="author" ${act.sign.field("author")} /></label>${act.sign.error("author")}
      <label
        >Message
        <textarea id="message" ${{ ...act.sign.field("message"), value: null }}>${act.sign.value("message")}</textarea>
      </label>
      ${act.sign.error("message")}
      <button id="sign">Sign</button>
    </form>
    <ol>
      ${state.entries.map((entry) => html`<li>${entry}</li>`)}
    </ol>
  `,
});

const ACTION = "**/api/livecomponents/action";

let kit: LiveKit;
let server: Listening;
/** What becomes of a live request on its way: its answer, or nothing where the connection is to be lost. */
type Wire = (request: Request, answer: () => Promise<Response>) => Promise<Response | undefined>;
let wire: Wire;
/** How pages may be stored, where it is not what Gatehouse says. */
let pageCache: string | undefined;
let context: BrowserContext;
let page: Page;
/** What the browser complained about: policy violations and script errors. */
let complaints: string[];

/** A server, a browser window and an open page for each test. */
function visit(engine: Engine): void {
  beforeEach(async () => {
    kit = await openLiveKit({ components: [counter, guestbook], client: readClientBundle() });
    wire = (_, answer) => answer();
    pageCache = undefined;
    server = await listen({ handler: throughWire, port: 0 });
    context = await engine.browser.newContext();
    complaints = [];
    page = await open();
  });
  afterEach(async () => {
    await context.close();
    await server[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
  });
}

/** The server behind a network that a test can spoil; a browser's own means to do so differ too much. */
async function throughWire(...[request, connection, bindings]: Parameters<EdgeHandler>): Promise<Response> {
  const answer = async (): Promise<Response> => kit.handler(request, connection, bindings);
  if (request.method !== "POST") {
    const response = await answer();
    if (pageCache !== undefined) response.headers.set("cache-control", pageCache);
    return response;
  }
  const response = await wire(request, answer);
  if (response !== undefined) return response;
  // What `listen` passes along.
  (bindings as HttpBindings).incoming.socket.destroy();
  return new Response();
}

async function open(): Promise<Page> {
  const opened = await context.newPage();
  opened.setDefaultTimeout(5000);
  opened.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  opened.on("pageerror", (error) => complaints.push(String(error)));
  await opened.goto(address());
  await until(opened, `"liveComponent" in window`);
  return opened;
}

function address(): string {
  const url = new URL(server.url);
  url.hostname = "localhost";
  return url.href;
}

async function counted(on: Page, count: number): Promise<void> {
  await until(on, `document.querySelector("#count").textContent === "${count}"`);
}

async function settled(on: Page): Promise<void> {
  await until(on, `document.querySelector("[aria-busy]") === null`);
}

describeBrowsers("live components in a browser", (engine) => {
  visit(engine);
  it("answer a click, under the strictest policy", async () => {
    await page.click("#increment");
    await counted(page, 1);
    await page.click("#increment");
    await counted(page, 2);
    const response = await page.goto(address());
    const policy = response?.headers()["content-security-policy"] ?? "";
    assert.match(policy, /require-trusted-types-for 'script'/);
    assert.match(policy, /'strict-dynamic'/);
    await counted(page, 2);
    assert.deepEqual(complaints, []);
  });

  it("take a double click for one intent, and quick clicks for several where that is meant", async () => {
    await page.dblclick("#increment");
    await settled(page);
    await counted(page, 1);
    await page.dblclick("#quick");
    await counted(page, 3);
    await page.fill("#author", "Ada");
    await page.fill("#message", "hello");
    await page.dblclick("#sign");
    await settled(page);
    assert.equal(await page.locator("li").count(), 1);
  });

  it("take a second press while the first is on its way for the same", async () => {
    const release = await hold(page);
    await page.click("#increment");
    assert.equal(await page.getAttribute("#increment", "aria-disabled"), "true");
    assert.equal(await page.getAttribute("[data-live='counter:main']", "aria-busy"), "true");
    await page.click("#increment", { force: true });
    await page.click("#increment", { force: true });
    release();
    await settled(page);
    await counted(page, 1);
    assert.equal(await page.getAttribute("#increment", "aria-disabled"), null);
  });

  it("work in two tabs", async () => {
    const second = await open();
    for (const [tab, count] of [
      [page, 1],
      [second, 2],
      [page, 3],
      [second, 4],
    ] as const) {
      await tab.click("#increment");
      await counted(tab, count);
    }
    await page.click("#double");
    await counted(page, 4);
    assert.match((await page.textContent(".live-alert")) ?? "", /changed elsewhere/);
    await page.click("#double");
    await counted(page, 8);
    assert.deepEqual(complaints, []);
  });

  it("get a new token when theirs has expired, tell other tabs, and repeat the request", async () => {
    const second = await open();
    await page.evaluate(`
      liveComponent.on("csrf_error", () => document.documentElement.setAttribute("data-refused", ""));
      liveComponent.setCsrfToken("expired");
    `);
    await until(second, `document.querySelector("meta[name=csrf-token]").content === "expired"`);
    await page.click("#increment");
    await counted(page, 1);
    assert.equal(await page.getAttribute("html", "data-refused"), "");
    await until(second, `document.querySelector("meta[name=csrf-token]").content !== "expired"`);
    await second.click("#increment");
    await counted(second, 2);
  });

  it("repeat a request whose answer was lost, and execute it once", async () => {
    let tries = 0;
    const keys = new Set<unknown>();
    wire = async (request, answer) => {
      tries += 1;
      // The client's own request document.
      const { idempotency_key: key } = (await request.clone().json()) as { idempotency_key: unknown };
      keys.add(key);
      if (tries === 1) await answer();
      return tries <= 2 ? undefined : answer();
    };
    await page.click("#increment");
    await counted(page, 1);
    assert.equal(tries, 3);
    assert.equal(keys.size, 1);
    assert.match(String([...keys][0]), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("wait while the browser is offline, and go on by themselves", async () => {
    await context.setOffline(true);
    await page.click("#increment");
    await page.waitForSelector("html[data-live-offline]");
    assert.match((await page.textContent(".live-alert")) ?? "", /offline/);
    await context.setOffline(false);
    await counted(page, 1);
    assert.equal(await page.getAttribute("html", "data-live-offline"), null);
  });

  it("say how long to wait when a limit is used up", async () => {
    await page.click("#few");
    await settled(page);
    await page.click("#few");
    await until(page, `document.querySelector(".live-alert").textContent.includes("Please wait 60 seconds")`);
  });

  it("tells the number by which a failure is found in the log", async () => {
    const answered = page.waitForResponse(ACTION);
    await page.click("#broken");
    const { request_id: id } = (await (await answered).json()) as { readonly request_id: string };
    await until(page, `document.querySelector(".live-alert").textContent !== ""`);
    const told = (await page.textContent(".live-alert")) ?? "";
    assert.ok(told.startsWith("Something went wrong") && told.endsWith(`Request id: ${id}`), told);
  });

  it("have effects: read out, told to scripts, focused", async () => {
    await page.evaluate(`document.addEventListener("live:counted", ({ detail }) => {
      document.documentElement.setAttribute("data-counted", String(detail));
    })`);
    await page.click("#announce");
    await until(page, `document.querySelector(".live-status").textContent === "Counted"`);
    assert.equal(await page.getAttribute("html", "data-counted"), "7");
    assert.equal(await focused(page), "count");
  });

  it("may be called as the guide does", async () => {
    const state = await page.evaluate(`(async () => {
      const csrfToken = document.querySelector('meta[name="csrf-token"]').content;
      const response = await fetch("/api/livecomponents/action", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": csrfToken },
        body: JSON.stringify({ component_id: "counter:main", action: "increment" }),
      });
      const first = await response.json();
      const second = await liveComponent.executeAction("increment", {}, { idempotency_key: "mine" });
      const third = await liveComponent.executeAction("increment", {}, { idempotency_key: "mine" });
      return [first, second, third];
    })()`);
    assert.partialDeepStrictEqual(state, [
      { state: { count: 1 } },
      { state: { count: 2 }, idempotency: { cached: false } },
      { state: { count: 2 }, idempotency: { cached: true } },
    ]);
    await counted(page, 2);
  });
});

describeBrowsers("an update in a browser", (engine) => {
  visit(engine);
  it("keeps what was typed, caret, ticks, choices, opened details and dialogs, and scroll positions", async () => {
    await page.fill("#note", "typed by hand");
    await page.check("#tick");
    await page.selectOption("#choice", "two");
    await page.click("#more summary");
    await page.evaluate(`
      document.querySelector("#scroll").style.cssText = "height:60px;overflow:auto";
      document.querySelector("#scroll").scrollTo(0, 100);
      document.querySelector("#note").focus();
      document.querySelector("#note").setSelectionRange(2, 5);
      void liveComponent.executeAction("increment");
    `);
    await counted(page, 1);
    assert.equal(await page.inputValue("#note"), "typed by hand");
    const selection = `[document.activeElement.id, document.activeElement.selectionStart, document.activeElement.selectionEnd]`;
    assert.deepEqual(await page.evaluate(selection), ["note", 2, 5]);
    assert.equal(await page.evaluate(`document.querySelector("#scroll").scrollTop`), 100);
    assert.ok(await page.isChecked("#tick"));
    assert.equal(await page.inputValue("#choice"), "two");
    assert.ok(await page.evaluate(`document.querySelector("#more").open`));
    assert.match((await page.textContent("#more")) ?? "", /Version of 1/);
    await page.evaluate(`document.querySelector("#dialog").showModal()`);
    await page.click("#inside");
    await counted(page, 2);
    assert.ok(await page.evaluate(`document.querySelector("#dialog").matches(":modal")`));
  });

  it("shows the server's value where nobody has typed", async () => {
    assert.equal(await page.inputValue("#note"), "from the server 0");
    await page.click("#increment");
    await counted(page, 1);
    assert.equal(await page.inputValue("#note"), "from the server 1");
  });

  it("keeps what was typed into another form while an answer was on its way, and empties the form that was sent", async () => {
    await page.fill("#author", "Ada");
    await page.fill("#message", "hello");
    const release = await hold(page);
    await page.click("#sign");
    await page.fill("#message", "already the next");
    release();
    await page.waitForSelector("li");
    assert.equal(await page.inputValue("#author"), "");
    assert.equal(await page.inputValue("#message"), "already the next");
  });

  it("never goes back to an older version", async () => {
    await page.click("#increment");
    await counted(page, 1);
    await page.evaluate(`liveComponent.executeAction("increment", {}, { idempotency_key: "old" })`);
    await page.click("#increment");
    await counted(page, 3);
    await page.evaluate(`liveComponent.executeAction("increment", {}, { idempotency_key: "old" })`);
    await counted(page, 3);
  });
});

describeBrowsers("a page that the browser kept for going back to it", (engine) => {
  visit(engine);
  it("shows what has changed since, and what was typed", async () => {
    await using patient = await launchBrowser(engine.name, { backForwardCache: true });
    const window = await patient.newContext();
    // Pages of Gatehouse are not stored, and asked for anew when somebody goes back. An application may differ.
    pageCache = "private, no-cache";
    page = await window.newPage();
    await page.goto(address());
    await until(page, `"liveComponent" in window`);
    await page.fill("#author", "Ada");
    await page.evaluate(`{
      window.here = "since the first visit";
      addEventListener("pageshow", ({ persisted }) => document.documentElement.toggleAttribute("data-kept", persisted));
    }`);
    await page.goto(`${address()}elsewhere`);
    const { csrf_token: token } = z
      .object({ csrf_token: z.string() })
      .parse(await (await window.request.get(`${address()}api/csrf/refresh`)).json());
    const answer = await window.request.post(`${address()}api/livecomponents/action`, {
      headers: { "x-csrf-token": token, origin: new URL(address()).origin },
      data: { component_id: "counter:main", action: "increment" },
    });
    assert.equal(answer.status(), 200);
    await page.evaluate(`void setTimeout(() => history.back(), 50)`);
    // Playwright does not notice pages that come back so; until then there is nothing to evaluate in.
    for (let tries = 0; tries < 100 && (await isBack()) !== true; tries += 1) await delay(50);
    await until(page, `document.documentElement.hasAttribute("data-kept")`);
    await counted(page, 1);
    assert.equal(await page.evaluate("here"), "since the first visit");
    assert.equal(await page.evaluate(`document.querySelector("#author").value`), "Ada");
    await page.evaluate(`document.querySelector("#double").click()`);
    await counted(page, 2);
  });
});

describeBrowsers("live components by keyboard and assistive technology", (engine) => {
  visit(engine);
  it("are worked with Tab, Enter and Space, keep the focus, and count a held key once", async () => {
    await page.focus("#increment");
    await page.keyboard.press("Enter");
    await counted(page, 1);
    assert.equal(await focused(page), "increment");
    await page.keyboard.press("Space");
    await counted(page, 2);
    await page.keyboard.down("Enter");
    await page.keyboard.down("Enter");
    await page.keyboard.down("Enter");
    await page.keyboard.up("Enter");
    await settled(page);
    await counted(page, 3);
    await page.focus("#author");
    await page.keyboard.type("Ada");
    await page.keyboard.press("Tab");
    await page.keyboard.type("hello there");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("li");
  });

  it("mark what was refused, say why, and put the focus there", async () => {
    await page.fill("#author", "Ada");
    await page.fill("#message", "a");
    await page.click("#sign");
    await page.waitForSelector('#message[aria-invalid="true"]');
    assert.equal(await focused(page), "message");
    const description = await page.evaluate(
      `document.getElementById(document.querySelector("#message").getAttribute("aria-describedby")).textContent`,
    );
    assert.equal(description, "Please write at least 3 characters.");
    assert.equal(await page.inputValue("#author"), "Ada");
    await page.fill("#message", "abc");
    await page.click("#sign");
    await page.waitForSelector("li");
    assert.equal(await page.getAttribute("#message", "aria-invalid"), null);
  });
});

describeBrowsers("live components without scripts", (engine) => {
  visit(engine);
  it("work as forms", async () => {
    await using plain = await contextWithoutScripts(engine);
    const tab = await plain.newPage();
    await tab.goto(address());
    assert.equal(await tab.evaluate(`"liveComponent" in window`), false);
    await tab.fill("#author", "Ada");
    await tab.fill("#message", "a");
    await tab.click("#sign");
    assert.equal(await tab.inputValue("#author"), "Ada");
    assert.equal(await tab.getAttribute("#message", "aria-invalid"), "true");
    assert.match((await tab.textContent("body")) ?? "", /at least 3 characters/);
    await tab.fill("#message", "no scripts here");
    await tab.click("#sign");
    assert.equal(await tab.textContent("li"), "Ada: no scripts here");
    assert.equal(new URL(tab.url()).pathname, "/");
    await tab.click("#increment");
    assert.equal(await tab.textContent("#count"), "1");
  });
});

function isBack(): Promise<unknown> {
  return page.evaluate(`"here" in window`).catch(() => false);
}

function focused(on: Page): Promise<unknown> {
  return on.evaluate(`document.activeElement.id`);
}

/** Waits for an expression to hold. The policy of the pages forbids Playwright's own polling. */
async function until(on: Page, expression: string): Promise<void> {
  for (
    const end = performance.now() + 5000;
    performance.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 20))
  ) {
    if (await on.evaluate(expression)) return;
  }
  assert.fail(`${expression} did not come true: ${String(await on.evaluate("document.body.innerText"))}`);
}

/** Holds requests back until told to let them go. */
async function hold(on: Page): Promise<() => void> {
  const gate = Promise.withResolvers<void>();
  await on.route(ACTION, async (route: Route) => {
    await gate.promise;
    await route.continue();
  });
  return () => gate.resolve();
}
