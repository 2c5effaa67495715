import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import fc from "fast-check";
import type { Page } from "playwright-core";
import { describeBrowsers, type Engine } from "../../../../test/support/browsers.ts";

let page: Page;

/** A page with nothing but what is tested. */
function openPage(engine: Engine): void {
  before(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("morph.ts", import.meta.url))],
      bundle: true,
      write: false,
      format: "iife",
      globalName: "tools",
    });
    page = await engine.browser.newPage();
    await page.setContent("<!doctype html><title>Morph</title><div id=target></div>");
    await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
    await page.addScriptTag({ content: HARNESS });
  });
  after(() => page.close());
}

/** Morphs the first text into the second and reports what became of it. */
const HARNESS = `
  function fragment(text) {
    const template = document.createElement("template");
    template.innerHTML = text;
    return template.content;
  }
  /** An element that the server has just rendered. */
  function targetOf(text) {
    const target = Object.assign(document.createElement("div"), { id: "target" });
    target.append(fragment(text));
    document.querySelector("#target").replaceWith(target);
    return target;
  }
  function trial([from, to]) {
    const target = targetOf(from);
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
  /** Puts elements of somebody else everywhere. */
  function disturb(target) {
    for (const [index, element] of [target, ...target.querySelectorAll(":not(x-other)")].entries()) {
      if (element.matches("br, hr") || index % 2 === 1) continue;
      const other = Object.assign(document.createElement("x-other"), { textContent: "other" });
      element.insertBefore(other, element.childNodes[index % (element.childNodes.length + 1)] ?? null);
      element.setAttribute("data-other", "");
    }
    return target.querySelectorAll("x-other").length;
  }
  /** Goes through all texts while somebody else takes part; reports where the server's content was not as wanted. */
  function journey(texts) {
    const [first, ...rest] = texts;
    const target = targetOf(first);
    tools.morph(target, fragment(first));
    for (const text of rest) {
      disturb(target);
      const own = [...target.children].filter(({ localName }) => localName === "x-other");
      tools.morph(target, fragment(text));
      if (!own.every((other) => other.parentNode === target)) return "lost what others have added to " + text;
      const seen = target.cloneNode(true);
      for (const other of seen.querySelectorAll("x-other")) other.remove();
      for (const element of seen.querySelectorAll("[data-other]")) element.removeAttribute("data-other");
      const wanted = document.createElement("div");
      wanted.append(fragment(text));
      if (seen.innerHTML !== wanted.innerHTML) return seen.innerHTML + " instead of " + wanted.innerHTML;
    }
  }
  function changes([from, to]) {
    const target = targetOf(from);
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

describeBrowsers("morph", (engine) => {
  openPage(engine);
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
  it("makes any content into any other while others add elements and attributes, which stay", async () => {
    const journeys = fc.sample(fc.array(fc.oneof(tree, keyed), { minLength: 2, maxLength: 5 }), 1000);
    const results = await page.evaluate<unknown[]>(`${JSON.stringify(journeys)}.map(journey)`);
    for (const [index, result] of results.entries()) assert.equal(result ?? "", "", JSON.stringify(journeys[index]));
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
  it("does not take an element with a visitor's key for the nested component of that name", async () => {
    const component = '<div data-live="inner:one"><b>its own</b></div>';
    const place = '<div data-live="inner:one"></div>';
    for (const forged of ['<div data-key="inner:one">visitor</div>', '<div id="inner:one">visitor</div>']) {
      const texts = [component, forged + place];
      const [, , made] = await page.evaluate<[boolean, number, string]>(`trial(${JSON.stringify(texts)})`);
      assert.equal(made, forged + component);
    }
  });
});
