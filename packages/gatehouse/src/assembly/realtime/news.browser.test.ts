import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { BrowserContext, Page } from "playwright-core";
import { describeBrowsers, type Engine } from "../../../../../test/support/browsers.ts";
import { startNewsSite, type NewsSite } from "../../testing/news-site.ts";
import { Way } from "../../testing/way.ts";

/** The script of a page with a client of actors, as an application has it; `talk` makes one. */
const SCRIPT = `
import { RealtimeClient } from "./realtime-client.ts";
globalThis.talk = () => {
  const client = new RealtimeClient({ centrifuge: { minReconnectDelay: 50, maxReconnectDelay: 200 } });
  globalThis.client = client;
  globalThis.heard = [];
  globalThis.lobby = client.actor("room", ["lobby"]);
  globalThis.lobby.hear({ event: (name, { text }) => globalThis.heard.push(text) });
};
if (!location.search.includes("silent")) globalThis.talk();
`;

async function bundle(): Promise<string> {
  const resolveDir = fileURLToPath(new URL("../../", import.meta.url));
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir, loader: "ts" },
    ...{ bundle: true, write: false, format: "esm", target: "es2022" },
  });
  return outputFiles[0]?.text ?? assert.fail("Nothing became of the script.");
}

const script = bundle();

/** What a page has in its global scope. */
interface PageScope {
  readonly heard: readonly string[];
  readonly client: Disposable;
  readonly lobby: { send(command: string, input: unknown): Promise<unknown> };
  talk(): void;
}

let directory: string;
let site: NewsSite;
/** Between the browser and the site. */
let way: Way;
let context: BrowserContext;
let complaints: string[];
/** Streams that pages have asked for, and those that are open. */
let streams: { begun: number; open: number };

function startSite(port: number, shown = 0): Promise<NewsSite> {
  return script.then((text) =>
    startNewsSite({ script: text, shown, settings: { ...SETTINGS, dataDirectory: directory, server: { port } } }),
  );
}

const SETTINGS = {
  live: { push: "realtime" },
  limits: { trustedCidrs: ["127.0.0.1/32"] },
  realtime: { lines: { opening: 10_000, perUser: 100 } },
} as const;

function visit(engine: Engine): void {
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "gatehouse-news-"));
    complaints = [];
    streams = { begun: 0, open: 0 };
    site = await startSite(0);
    way = await Way.open(site.origin);
    context = await engine.browser.newContext();
    watch(context);
  });
  afterEach(async () => {
    await context.close();
    way[Symbol.dispose]();
    await site[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });
}

/** Counts the streams that the pages of a browser open. */
function watch(pages: BrowserContext): void {
  const isStream = (url: string): boolean => url.endsWith("/api/livecomponents/stream");
  pages.on("page", (page) => {
    page.on("request", (request) => {
      if (!isStream(request.url())) return;
      streams.begun += 1;
      streams.open += 1;
    });
    for (const end of ["requestfinished", "requestfailed"] as const)
      page.on(end as "requestfinished", (request) => {
        if (isStream(request.url())) streams.open -= 1;
      });
    page.on("pageerror", (error) => complaints.push(String(error)));
  });
}

/** Has whoever uses the browser come in, or leave. */
async function go(path: "/enter" | "/leave"): Promise<void> {
  const page = await context.newPage();
  await page.goto(way.origin);
  const isDone = await page.evaluate(async (where) => {
    const { csrf_token: token } = (await (await fetch("/api/csrf/refresh")).json()) as { csrf_token: string };
    const headers = { "content-type": "application/json", "x-csrf-token": token };
    return (await fetch(where, { method: "POST", headers, body: JSON.stringify({ name: "ada" }) })).ok;
  }, path);
  assert.ok(isDone);
  await page.close();
}

async function openPage(path = "/board"): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  await page.goto(way.origin + path);
  return page;
}

async function eventually(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 15_000; !(await isSo()); await delay(20))
    assert.ok(performance.now() < deadline, what);
}

async function shows(page: Page, number: number): Promise<void> {
  await eventually(`the page shows ${number}`, async () => (await page.textContent(".number")) === String(number));
}

/** Connections that pages have opened to the site as it runs, and those that are open. */
function sockets(): { begun: number; open: number } {
  const { connections } = site.realtime;
  return { begun: connections.stats().opened, open: connections.list(100).length };
}

/** A stream that a slow machine was asked for, before there was a connection, is given up for it. */
async function noStream(): Promise<void> {
  await eventually("there is no stream", () => streams.open === 0);
}

/** Waits until a connection of a page hears of news. */
async function carries(count = 1): Promise<void> {
  const carrying = (): number =>
    site.realtime.connections.list(100).filter(({ channels }) => channels.includes(":live")).length;
  await eventually("news come over a connection", () => carrying() === count);
}

/** In the page: the room hears what is said in it. */
async function talks(page: Page, text: string): Promise<void> {
  const heard = await page.evaluate(async (said) => {
    const scope = globalThis as unknown as PageScope;
    await scope.lobby.send("say", { text: said });
    for (let tries = 0; tries < 200 && !scope.heard.includes(said); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    return scope.heard.includes(said);
  }, text);
  assert.ok(heard);
}

describeBrowsers("A page with live components and a client of actors", (engine) => {
  visit(engine);

  it("has one connection for both, and no stream", async () => {
    await go("/enter");
    const page = await openPage("/board?boards=3");
    await carries();
    site.change();
    await shows(page, 1);
    await talks(page, "hello");
    site.change();
    await shows(page, 2);
    await noStream();
    assert.deepEqual(sockets(), { begun: 1, open: 1 });
    assert.deepEqual(complaints, []);
  });

  it("shows what happened while the line was cut", async () => {
    await go("/enter");
    const page = await openPage();
    await carries();
    way.cut();
    site.change();
    await delay(500);
    way.isCut = false;
    await shows(page, 1);
    await carries();
    site.change();
    await shows(page, 2);
    await talks(page, "again");
    assert.equal(sockets().open, 1);
    await noStream();
  });

  it("shows everything anew after a restart of the server", async () => {
    await go("/enter");
    const page = await openPage();
    await carries();
    const { port } = new URL(site.origin);
    await site[Symbol.asyncDispose]();
    site = await startSite(Number(port), 7);
    await shows(page, 7);
    await carries();
    site.change();
    await shows(page, 8);
    await talks(page, "again");
    assert.equal(sockets().open, 1);
  });

  it("hears of news by a stream while there is no connection, and misses nothing on the way there and back", async () => {
    await go("/enter");
    const page = await openPage();
    await carries();
    await page.evaluate(() => (globalThis as unknown as PageScope).client[Symbol.dispose]());
    await carries(0);
    site.change();
    await shows(page, 1);
    await eventually("there is a stream", () => streams.open === 1);
    site.change();
    await shows(page, 2);
    await page.evaluate(() => (globalThis as unknown as PageScope).talk());
    await carries();
    site.change();
    await shows(page, 3);
    assert.equal(sockets().open, 1);
    await noStream();
    assert.deepEqual(complaints, []);
  });

  it("hears of news by a stream where its connection is refused", async () => {
    const page = await openPage();
    await eventually("there is a stream", () => streams.open === 1);
    site.change();
    await shows(page, 1);
    assert.equal(sockets().open, 0);
  });

  it("hears of news by a stream where it asks for too much, and keeps its connection", async () => {
    await go("/enter");
    const page = await openPage("/board?boards=180");
    await eventually("there is a stream", () => streams.open === 1);
    site.change();
    await shows(page, 1);
    await talks(page, "still here");
    await carries(0);
    assert.equal(sockets().begun, 1);
  });

  it("hears of the others over its connection where one of them is refused, which is loaded anew and joins them", async () => {
    await go("/enter");
    await context.addInitScript(`document.addEventListener("readystatechange", () => {
      const first = document.readyState === "interactive" && document.querySelector("[data-live-topics]");
      if (first) first.dataset.liveTopics = "forged";
    })`);
    const page = await openPage("/board?boards=2");
    await carries();
    assert.ok(streams.begun > 0, "a stream says which one is refused");
    site.change();
    await eventually("both show it", async () => {
      const texts = await page.locator(".number").allTextContents();
      return texts.join() === "1,1";
    });
    await talks(page, "still here");
    await noStream();
    assert.equal(sockets().begun, 1);
  });

  it("tells the other tabs of the browser, and one of them takes over", async () => {
    await go("/enter");
    const first = await openPage();
    await carries();
    const second = await openPage();
    await eventually("both are connected", () => sockets().open === 2);
    site.change();
    await Promise.all([shows(first, 1), shows(second, 1)]);
    await carries();
    await first.close();
    site.change();
    await shows(second, 2);
    await carries();
    await noStream();
  });

  it("has the inspector say so", async () => {
    await go("/enter");
    const page = await openPage();
    await carries();
    await page.locator("#toggle").waitFor();
    await page.keyboard.press("Alt+Shift+L");
    await page.locator("#panel").waitFor();
    way.cut();
    way.isCut = false;
    await eventually("it tells of the connection that came back", async () =>
      /none: news come over a connection of the application/.test((await page.locator("#panel").textContent()) ?? ""),
    );
  });

  it("ends with the session", async () => {
    await go("/enter");
    const page = await openPage();
    await carries();
    await go("/leave");
    await carries(0);
    await eventually("it has ended", () => sockets().open === 0);
    site.change();
    await delay(1_500);
    assert.equal(await page.textContent(".number"), "0");
  });
});

describeBrowsers("A page of the same site without a client of actors", (engine) => {
  visit(engine);

  it("hears of news by a stream", async () => {
    await go("/enter");
    const page = await openPage("/board?silent");
    site.change();
    await shows(page, 1);
    await eventually("there is a stream", () => streams.open === 1);
    site.change();
    await shows(page, 2);
    assert.equal(sockets().begun, 0);
  });
});
