import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import fc from "fast-check";
import { chromium, type Browser, type Page } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

let browser: Browser;
let page: Page;

before(async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("morph.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "tools",
  });
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  page = await browser.newPage();
  await page.setContent("<!doctype html><title>Morph</title><div id=target></div>");
  await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
  await page.addScriptTag({ content: HARNESS });
});
after(() => browser.close());

/** Morphs the first text into the second and reports what became of it. */
const HARNESS = `
  function fragment(text) {
    const template = document.createElement("template");
    template.innerHTML = text;
    return template.content;
  }
  function trial([from, to]) {
    const target = document.querySelector("#target");
    target.replaceChildren(fragment(from));
    const before = new Map([...target.querySelectorAll("[data-key]")].map((element) => [element.dataset.key, element]));
    tools.morph(target, fragment(to));
    const wanted = fragment(to);
    const lost = [...target.children].filter((child) => {
      const old = before.get(child.dataset.key);
      return old !== undefined && old !== child && old.parentNode === target && old.localName === child.localName;
    });
    const holder = document.createElement("div");
    holder.append(wanted);
    return [target.innerHTML === holder.innerHTML, lost.length, target.innerHTML, holder.innerHTML];
  }
  function changes([from, to]) {
    const target = document.querySelector("#target");
    target.replaceChildren(fragment(from));
    const observer = new MutationObserver(() => {});
    observer.observe(target, { childList: true, subtree: true, attributes: true, characterData: true });
    tools.morph(target, fragment(to));
    return observer.takeRecords().length;
  }
`;

const text = fc.constantFrom("a", "b", "one two", "&lt;", " ");
const attributes = fc.constantFrom("", ' class="x"', ' title="y"', ' data-n="1" hidden');
const { tree } = fc.letrec<{ tree: string; element: string; children: string }>((tie) => ({
  element: fc
    .tuple(fc.constantFrom("p", "div", "span", "ul", "b"), attributes, tie("children"))
    .map(
      ([name, attribute, children]) =>
        `<${name === "p" ? "section" : name}${attribute}>${children}</${name === "p" ? "section" : name}>`,
    ),
  children: fc
    .array(fc.oneof({ depthSize: "small" }, text, fc.constantFrom("<br>", "<!--c-->", "<hr>"), tie("element")), {
      maxLength: 4,
    })
    .map((parts) => parts.join("")),
  tree: tie("children"),
}));
const keyed = fc
  .uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 10 })
  .chain((keys) =>
    fc.tuple(
      ...keys.map((key) => fc.constantFrom("li", "div").map((name) => `<${name} data-key="${key}">${key}</${name}>`)),
    ),
  )
  .map((items) => items.join(""));

describe("morph", () => {
  it("makes any content into any other", async () => {
    const pairs = fc.sample(fc.tuple(tree, tree), 2000);
    const results = await page.evaluate<[boolean, number, string, string][]>(`${JSON.stringify(pairs)}.map(trial)`);
    for (const [index, [equal, , made, wanted]] of results.entries()) {
      assert.ok(equal, `${JSON.stringify(pairs[index])}: made ${made} where ${wanted} was wanted`);
    }
  });
  it("keeps every keyed element through any reordering", async () => {
    const pairs = fc.sample(fc.tuple(keyed, keyed), 2000);
    const results = await page.evaluate<[boolean, number, string, string][]>(`${JSON.stringify(pairs)}.map(trial)`);
    for (const [index, [equal, lost, made, wanted]] of results.entries()) {
      assert.ok(equal, `${JSON.stringify(pairs[index])}: made ${made} where ${wanted} was wanted`);
      assert.equal(lost, 0, JSON.stringify(pairs[index]));
    }
  });
  it("touches only what differs", async () => {
    const row = (key: number, value: string): string => `<li data-key="${key}"><b>${value}</b> <i>x</i></li>`;
    const rows = (count: number): string => Array.from({ length: count }, (_, key) => row(key, String(key))).join("");
    const counts = await page.evaluate<number[]>(
      `${JSON.stringify([
        [rows(50), rows(50)],
        [rows(50), rows(50).replace("<b>7</b>", "<b>seven</b>")],
        [rows(50), row(99, "new") + rows(50)],
        [rows(50), rows(50).replace(row(20, "20"), "")],
      ])}.map(changes)`,
    );
    assert.deepEqual(counts, [0, 1, 1, 1]);
  });
  it("keeps elements marked to be kept, and nested components", async () => {
    const from =
      '<div id="a" data-live-keep=""><i>drawn by a script</i></div><div data-live="inner:one"><b>its own</b></div>';
    const to = '<div id="a" data-live-keep=""></div><div data-live="inner:one"><b>from outside</b></div><p>new</p>';
    const [, , made] = await page.evaluate<[boolean, number, string]>(`trial(${JSON.stringify([from, to])})`);
    assert.equal(made, `${from}<p>new</p>`);
  });
});
