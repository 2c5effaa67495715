// What a parser takes for text, a browser could still run: after an update has put it into the page, when it is read
// out, or as the address of a link. A real browser under the strict policy is shown every text of the corpus.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Hono } from "hono";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { defineApplication, openGatehouse } from "gatehouse";
import { html } from "gatehouse/html";
import { listen } from "gatehouse/http";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import type { Live } from "gatehouse/live";
import { hasBrowser, launchBrowser } from "../support/browser.ts";
import { PAYLOADS } from "./xss-corpus/corpus.ts";
import { asHeld, documentOf, elementsOf, type Tree } from "./xss-corpus/tree.ts";
import { note, wallOf } from "./xss-corpus/wall.ts";

const CHUNK = 95;
const CHUNKS = Array.from({ length: Math.ceil(PAYLOADS.length / CHUNK) }, (_, index) =>
  PAYLOADS.slice(index * CHUNK, (index + 1) * CHUNK),
);
const WALLS = CHUNKS.map((texts, index) => ({
  shown: wallOf({ name: `shown-${index}`, texts }),
  later: wallOf({ name: `later-${index}`, texts, later: true }),
}));

const application = defineApplication({
  open: ({ edge }) => ({
    components: [...WALLS.flatMap(({ shown, later }) => [shown, later]), note],
    routes: (live: Live) =>
      new Hono()
        .get("/walls/:kind/:index", async (context) => {
          const inbound = edge.of(context);
          const wall = WALLS[Number(context.req.param("index"))];
          assert.ok(wall !== undefined);
          const shown = context.req.param("kind") === "shown" ? wall.shown : wall.later;
          const head = html`<meta charset="utf-8" /><title>Wall</title>${live.head(inbound)}`;
          const body = await live.mount(shown, { inbound });
          return edge.page(
            inbound,
            html`<!doctype html><html lang="en"><head>${head}</head><body>${body}</body></html>`,
          );
        })
        .get("/addresses", (context) => {
          const inbound = edge.of(context);
          const list = PAYLOADS.map(
            (text) => html`<li>
              <a href=${text} ping=${text}>a</a><a href="${text}?b" target="_blank">b</a>
              <form action=${text}><button formaction="${text}">c</button></form>
              <img src=${text} srcset="${text}" alt="" /><video poster=${text} src="${text}"></video>
              <svg><a href=${text}><text>d</text></a><image href=${text} /></svg>
            </li>`,
          );
          const head = html`<meta charset="utf-8" /><title>Addresses</title>`;
          return edge.page(
            inbound,
            html`<!doctype html><html lang="en"><head>${head}</head><body><ul>${list}</ul></body></html>`,
          );
        }),
  }),
});

/** Notes in the page what must not happen. */
const WATCH = `
  window.ran = [];
  window.violations = [];
  for (const name of ["xss", "alert", "confirm", "prompt", "print"]) window[name] = (what) => void ran.push(name + " " + what);
  addEventListener("securitypolicyviolation", (event) => violations.push(event.effectiveDirective + " " + event.blockedURI));
`;

/** The tree of an element's children, as \`treeOf\` makes it. What the browser runtime has added is left out. */
const TREE = `(root) => {
  const attributesOf = (element) => Object.fromEntries(Array.from(element.attributes, ({ name, value }) => [name, value]));
  const treeOf = (node) => {
    if (!(node instanceof Element)) return node.nodeType === 3 ? node.data : [node.nodeName, {}];
    const name = node.namespaceURI.endsWith("xhtml") ? node.localName : node.namespaceURI + " " + node.localName;
    return [name, attributesOf(node), ...childrenOf(node)];
  };
  const added = (node) => node instanceof Element && node.matches(".live-status, .live-alert");
  const childrenOf = (node) => Array.from(node.childNodes).filter((child) => !added(child)).map(treeOf);
  return childrenOf(root);
}`;

let browser: Browser;
let context: BrowserContext;
let url: string;
const closing = new AsyncDisposableStack();

async function openServer(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-xss-"));
  closing.defer(() => rm(directory, { recursive: true, force: true }));
  const file = { profile: "development", dataDirectory: directory, console: { enabled: false } };
  const config = requireConfig({ file, clock: systemClock });
  const machine = { clock: systemClock, random: systemRandom, log: "quiet" } as const;
  const gatehouse = closing.use(await openGatehouse({ config, application, ...machine }));
  const listening = await listen({ handler: gatehouse.handler, port: 0 });
  closing.defer(() => listening.close({ grace: 500 }));
  return `http://localhost:${listening.port}`;
}

/** Opens a page; its text, and the open tab. */
async function open(path: string): Promise<{ readonly page: Page; readonly text: string }> {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const response = await page.goto(url + path);
  assert.equal(response?.status(), 200);
  assert.match(response.headers()["content-security-policy"] ?? "", /script-src 'nonce-[^']+' 'strict-dynamic'/);
  return { page, text: await response.text() };
}

/** Waits until something is true of a page; its policy leaves no way to wait inside of it. */
async function until(page: Page, condition: string): Promise<void> {
  for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
    if (await page.evaluate(condition)) return;
    await delay(50);
  }
  throw new Error(`It never came true that ${condition}.`);
}

const READY = `"liveComponent" in window && typeof liveComponent.component === "function"`;

async function treeIn(page: Page, selector: string): Promise<readonly Tree[]> {
  return page.evaluate(`(${TREE})(document.querySelector(${JSON.stringify(selector)}))`);
}

/** Nothing ran, and nothing was tried that the policy had to stop but for the directives that are named. */
async function nothingRan(page: Page, ...stopped: readonly string[]): Promise<void> {
  assert.deepEqual(await page.evaluate("ran"), []);
  const violations: string[] = await page.evaluate("violations");
  assert.deepEqual(
    violations.filter((violation) => !stopped.includes(violation.split(" ")[0] ?? "")),
    [],
  );
}

/** Without what the browser runtime fills in. */
function scrub(trees: readonly Tree[]): readonly Tree[] {
  return trees.map((tree) => {
    if (typeof tree === "string") return tree;
    const [name, attributes, ...children] = tree;
    const { value: _value, nonce: _nonce, ...rest } = attributes;
    const isFilled = attributes["type"] === "hidden";
    return [name, isFilled ? rest : attributes, ...scrub(children)];
  });
}

function bodyOf(text: string): readonly Tree[] {
  return childrenOf(childrenOf(documentOf(text), "html"), "body");
}

function childrenOf(trees: readonly Tree[], name: string): readonly Tree[] {
  for (const tree of trees) {
    if (typeof tree === "string" || tree[0] !== name) continue;
    const [, , ...children] = tree;
    return children;
  }
  throw new Error(`There is no ${name}.`);
}

/** A list as pages and updates show it. */
function listOf(trees: readonly Tree[]): readonly Tree[] {
  return trees.flatMap((tree) => {
    if (typeof tree === "string") return [];
    const [name, , ...children] = tree;
    return name === "ul" ? children : listOf(children);
  });
}

describe("every text of the corpus in a browser", { skip: !hasBrowser("chromium") }, () => {
  before(async () => {
    url = await openServer();
    browser = await launchBrowser();
    context = await browser.newContext();
    await context.addInitScript(WATCH);
  });
  after(async () => {
    await browser?.close();
    await closing.disposeAsync();
  });

  for (const [index, payloads] of CHUNKS.entries()) {
    it(`is text in a page, as an independent parser reads it, part ${index + 1} of ${CHUNKS.length}`, async () => {
      const { page, text } = await open(`/walls/shown/${index}`);
      await until(page, READY);
      assert.deepEqual(scrub(await treeIn(page, "body")), scrub(bodyOf(text)));
      await nothingRan(page);
      await page.close();
    });

    it(`is the same text after updates, and when it is read out, part ${index + 1} of ${CHUNKS.length}`, async () => {
      const { page } = await open(`/walls/later/${index}`);
      const shown = await open(`/walls/shown/${index}`);
      await shown.page.close();
      const initial = listOf(bodyOf(shown.text.replaceAll(`live:shown-${index}:`, `live:later-${index}:`)));
      await until(page, READY);
      await page.evaluate(`addEventListener("live:told", ({ detail }) => { window.told = detail; })`);
      await page.click("#show");
      await until(page, `document.querySelectorAll("li.entry").length === ${payloads.length}`);
      assert.deepEqual(listOf(await treeIn(page, "body")), initial);
      for (const text of [payloads.at(-1) ?? "", payloads[0] ?? ""]) {
        await page.click("#turn");
        await until(page, `document.querySelector("li.entry p").textContent === ${JSON.stringify(asHeld(text))}`);
      }
      assert.deepEqual(listOf(await treeIn(page, "body")), initial);
      await page.click("#tell");
      await until(page, `"told" in window && document.querySelector(".live-status").textContent !== ""`);
      assert.deepEqual(await page.evaluate("told"), payloads);
      assert.equal(await page.evaluate(`document.querySelector(".live-status").children.length`), 0);
      assert.equal(await page.evaluate(`document.querySelector(".live-status").textContent`), payloads.join("\n"));
      await nothingRan(page);
      await page.close();
    });
  }

  it("leads to addresses alone where it is one", async () => {
    const { page, text } = await open("/addresses");
    assert.deepEqual(await treeIn(page, "body"), bodyOf(text));
    const protocols: string[] = await page.evaluate(`[
      ...Array.from(document.links, ({ href }) => href),
      ...Array.from(document.forms, (form) => form.action),
      ...Array.from(document.querySelectorAll("[formaction]"), ({ formAction }) => formAction),
      ...Array.from(document.querySelectorAll("svg a, image"), ({ href }) => href.baseVal),
    ].filter((address) => URL.canParse(address, location)).map((address) => new URL(address, location).protocol)`);
    assert.ok(protocols.length > PAYLOADS.length);
    assert.deepEqual([...new Set(protocols)].toSorted(), ["about:", "http:", "https:"]);
    await nothingRan(page, "img-src", "media-src");
    assert.ok([...elementsOf(bodyOf(text))].length > PAYLOADS.length * 10);
  });

  it("would have been noticed: the watch sees what runs and what the policy stops", async () => {
    const { page } = await open("/walls/later/0");
    await page.evaluate("xss(1)");
    assert.deepEqual(await page.evaluate("ran"), ["xss 1"]);
    await page.evaluate("ran.length = 0");
    await page.evaluate(`document.body.append(Object.assign(document.createElement("base"), { href: "/" }))`);
    await until(page, "violations.length > 0");
    await assert.rejects(nothingRan(page), assert.AssertionError);
  });
});
