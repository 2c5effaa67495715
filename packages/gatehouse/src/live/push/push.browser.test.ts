import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { ready } from "../../../../../test/support/browser.ts";
import { describeBrowsers, type Engine } from "../../../../../test/support/browsers.ts";
import { html } from "../../html/html.ts";
import { listen, type Listening } from "../../http/server.ts";
import { openLiveKit, type LiveKit } from "../../testing/live-kit.ts";
import { readClientBundle } from "../client-bundle.ts";
import { live } from "../component.ts";

let shown = 0;

/** Shows a number that changes outside of every action. */
const board = live("board", {
  state: z.object({ number: z.number() }),
  mount: () => ({ number: shown }),
  topics: () => ["board"],
  actions: (action) => ({
    leave: action({ authorise: "public" }, async (context) => {
      await kit.edge.sessions.logout(context);
      return undefined;
    }),
  }),
  render: ({ state, act }) => html`<p id="number">${state.number}</p>
    <button id="leave" ${act.leave()}>Leave</button>`,
});

const plain = live("plain", {
  state: z.object({}),
  mount: () => ({}),
  actions: () => ({}),
  render: () => html`<p>plain</p>`,
});

let kit: LiveKit;
let server: Listening;
let context: BrowserContext;
let complaints: string[];
/** Streams that are open, and those that have been asked for. */
let open: number;
let asked: { readonly last_event_id?: string; readonly components: readonly { readonly component_id: string }[] }[];
let follows: boolean;

function visit(engine: Engine): void {
  beforeEach(async () => {
    shown = 0;
    open = 0;
    asked = [];
    complaints = [];
    follows = true;
    kit = await openLiveKit({
      components: [board, plain],
      client: readClientBundle(),
      page: (mounted, inbound) => {
        const instance = inbound.url.searchParams.get("board") ?? "main";
        return follows ? mounted.mount(board, { inbound, instance }) : mounted.mount(plain, { inbound });
      },
    });
    server = await serve(0);
    context = await engine.browser.newContext();
  });
  afterEach(async () => {
    await context.close();
    await server[Symbol.asyncDispose]();
    await kit[Symbol.asyncDispose]();
  });
}

/** Serves the kit, and counts the streams from the outside. */
function serve(port: number): Promise<Listening> {
  return listen({
    port,
    handler: async (request, connection, bindings) => {
      if (!request.url.endsWith("/stream")) return kit.handler(request, connection, bindings);
      asked.push(JSON.parse(await request.clone().text()));
      const response = await kit.handler(request, connection, bindings);
      if (!response.ok || response.body === null) return response;
      open += 1;
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const closed = (): void => void (open -= 1);
      void response.body.pipeTo(writable).then(closed, closed);
      return new Response(readable, response);
    },
  });
}

async function openPage(path = "/"): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`http://localhost:${server.port}${path}`);
  return page;
}

/** Waits until something is so. */
async function eventually(what: string, isSo: () => boolean | Promise<boolean>, patience = 5_000): Promise<void> {
  const deadline = performance.now() + patience;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, what);
    await delay(20);
  }
}

async function shows(page: Page, number: number, patience?: number): Promise<void> {
  await eventually(
    `the page shows ${number}`,
    async () => (await page.textContent("#number")) === String(number),
    patience,
  );
}

/** Has the pages that are open hear of another number. */
async function change(): Promise<void> {
  shown += 1;
  kit.live.publish("default", "board");
  // What is gathered goes out.
  await kit.clock.advance(1_000);
}

describeBrowsers("pages that hear of news", (engine) => {
  visit(engine);

  it("show them, under the strictest policy", async () => {
    const page = await openPage();
    await eventually("there is a stream", () => open === 1);
    await change();
    await shows(page, 1, 2_000);
    await change();
    await shows(page, 2, 2_000);
    assert.deepEqual(complaints, []);
  });

  it("load what hears of them only where a component wants to", async () => {
    follows = false;
    const scripts: string[] = [];
    context.on("request", (request) => scripts.push(request.url()));
    const page = await openPage();
    await ready(page);
    await delay(300);
    assert.equal(scripts.filter((url) => url.includes("/client.push.")).length, 0);
    follows = true;
    await openPage();
    await eventually("the script is loaded", () => scripts.some((url) => url.includes("/client.push.")));
  });

  it("have one stream for all tabs of a browser, which follows what each of them shows", async () => {
    const pages = [await openPage(), await openPage("/?board=second"), await openPage()];
    await eventually("the stream follows both", () => asked.at(-1)?.components.length === 2);
    await eventually("there is one stream", () => open === 1);
    await change();
    for (const page of pages) await shows(page, 1, 2_000);
    assert.equal(open, 1);
    assert.deepEqual(complaints, []);
  });

  it("are not taken for closed tabs while the browser is slow to give them their lock", async () => {
    await openPage();
    await eventually("there is a stream", () => open === 1);
    await context.addInitScript(`{
      const { locks } = navigator;
      const request = locks.request.bind(locks);
      locks.request = async (...all) => {
        await new Promise((resolve) => setTimeout(resolve, 600));
        return request(...all);
      };
    }`);
    const late = await openPage("/?board=second");
    await eventually("the stream follows both", () => asked.at(-1)?.components.length === 2);
    await change();
    await shows(late, 1, 2_000);
  });

  it("go on when the tab with the stream is closed, without missing anything meanwhile", async () => {
    const first = await openPage();
    await eventually("there is a stream", () => open === 1);
    const second = await openPage("/?board=second");
    await eventually("it follows both", () => asked.at(-1)?.components.length === 2 && open === 1);
    await change();
    await shows(second, 1);
    await first.close();
    await change();
    await shows(second, 2);
    await eventually("the stream is the second tab's", () => open === 1 && asked.at(-1)?.components.length === 1);
    assert.match(asked.at(-1)?.last_event_id ?? "", /^[\w-]+\.\d+$/);
    await change();
    await shows(second, 3);
  });

  it("come back after a lost connection, and show what happened meanwhile", async () => {
    const page = await openPage();
    await eventually("there is a stream", () => open === 1);
    const { port } = server;
    server.server.closeAllConnections();
    await server.close();
    await change();
    server = await serve(port);
    await shows(page, 1);
    await eventually("there is a stream again", () => open === 1);
  });

  it("show everything anew when they come back to a server that knows nothing of them", async () => {
    const page = await openPage();
    await eventually("there is a stream", () => open === 1);
    const { port } = server;
    server.server.closeAllConnections();
    await server.close();
    const before = kit;
    kit = await openLiveKit({ components: [board, plain], client: readClientBundle(), beside: before });
    shown = 7;
    server = await serve(port);
    await shows(page, 7);
    await change();
    await shows(page, 8);
    await kit[Symbol.asyncDispose]();
    kit = before;
  });

  it("keep their stream while they are not seen, and show what happened when they are", async () => {
    const page = await openPage();
    await eventually("there is a stream", () => open === 1);
    await page.evaluate(`Object.defineProperty(document, "hidden", { value: true, configurable: true })`);
    await change();
    await delay(800);
    assert.equal(await page.textContent("#number"), "0");
    await page.evaluate(`delete document.hidden; document.dispatchEvent(new Event("visibilitychange"))`);
    await shows(page, 1);
  });

  it("have no stream any more once somebody has signed out", async () => {
    const page = await openPage();
    await eventually("there is a stream", () => open === 1);
    const other = await openPage();
    await other.click("#leave");
    await eventually("the stream has ended", () => open === 0);
    await delay(2_500);
    assert.equal(open, 0);
    await change();
    await delay(600);
    assert.equal(await page.textContent("#number"), "0");
  });

  it("have a stream of their own where the browser cannot share one", async () => {
    await context.addInitScript(`delete Navigator.prototype.locks`);
    const pages = [await openPage(), await openPage()];
    await eventually("there are two streams", () => open === 2);
    await change();
    for (const page of pages) await shows(page, 1);
    await pages[0]?.close();
    await eventually("one is left", () => open === 1);
  });
});
