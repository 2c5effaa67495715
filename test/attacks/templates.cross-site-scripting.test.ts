// A visitor enters text that is markup, ends the place it is put into, or names an address that runs a script. Other
// visitors' browsers must find in the page exactly the elements and attributes of the template.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { html, jsonScript, renderToString, type Html } from "gatehouse/html";
import { CORPUS, PAYLOADS } from "./xss-corpus/corpus.ts";
import { asHeld, elementsOf, mapTexts, treeOf, type Tree } from "./xss-corpus/tree.ts";

type Template = (text: string) => Html;

/** Places where a value is kept as it is. */
const PLACES: Readonly<Record<string, Template>> = {
  text: (text) => html`<p>${text}</p>`,
  "text between texts": (text) => html`a ${text} b ${text}<b>c</b>`,
  "a quoted attribute": (text) => html`<p title="${text}">a</p>`,
  "an attribute in single quotes": (text) => html`<p title='${text}'>a</p>`,
  "an unquoted attribute": (text) => html`<p title=${text}>a</p>`,
  "an unquoted attribute at the end of a tag": (text) => html`<input value=${text} />`,
  "a part of an attribute": (text) => html`<p title="a ${text} 'b' ${text}" class='"${text}"'>a</p>`,
  "an attribute between attributes": (text) => html`<input type="text" value="${text}" disabled ?hidden=${text} />`,
  "a list of classes": (text) => html`<p class=${[text, "own"]}>a</p>`,
  "a spread of attributes": (text) => html`<p ${{ title: text, "aria-label": text, "data-note": text }}>a</p>`,
  "a spread before and after others": (text) => html`<p id="a" ${{ title: text }} lang="en">a</p>`,
  "attributes of data and roles": (text) => html`<p data-note=${text} aria-label="${text}" role="note">a</p>`,
  "an id and a name": (text) => html`<a id=${text} name="${text}">a</a>`,
  "a label and its field": (text) => html`<label for="${text}">a</label><input id="${text}" name=${text} />`,
  "a placeholder and a pattern": (text) => html`<input placeholder="${text}" pattern=${text} list="${text}" />`,
  "a textarea": (text) => html`<textarea>${text}</textarea>`,
  "a textarea with attributes": (text) => html`<textarea ${{ name: text }} rows="2">${text}</textarea>`,
  "a title": (text) => html`<title>a ${text}</title>`,
  "a preformatted text": (text) => html`<pre class=${text}>${text}</pre>`,
  "an option and a button": (text) =>
    html`<select><option value=${text}>${text}</option></select><button value="${text}">${text}</button>`,
  "a cell of a table": (text) => html`<table><tbody><tr><td>${text}</td></tr></tbody></table>`,
  "a caption and a summary": (text) => html`<details><summary>${text}</summary>${text}</details>`,
  "a nested template": (text) => html`<div>${html`<p title="${text}">${html`${text}`}</p>`}</div>`,
  "a list of templates": (text) =>
    html`<ul>${[text, text].map((item) => html`<li data-key=${item}>${item}</li>`)}</ul>`,
  "a list of texts": (text) => html`<p>${[text, [text, null], false]}</p>`,
  "an iterable": (text) => html`<p>${new Set([text])}</p>`,
  "a drawing": (text) => html`<svg><title>${text}</title><text id="${text}">${text}</text></svg>`,
  "HTML inside a drawing": (text) => html`<svg><foreignObject><p title=${text}>${text}</p></foreignObject></svg>`,
  "a formula": (text) => html`<math><mi title="${text}">${text}</mi><mtext>${text}</mtext></math>`,
  "a template element": (text) => html`<template><p title="${text}">${text}</p></template>`,
  "a named value of the page": (text) => html`<meta name="description" content="${text}" />`,
};

/** Places for addresses, and the schemes they may have; `own`: nothing of another origin is loaded. */
const ADDRESS_PLACES: Readonly<Record<string, { readonly template: Template; readonly own?: boolean }>> = {
  "a link": { template: (text) => html`<a href=${text}>a</a>` },
  "a quoted link": { template: (text) => html`<a href="${text}">a</a>` },
  "a link made of two": { template: (text) => html`<a href="${text}${text}">a</a>` },
  "a link with a beginning": { template: (text) => html`<a href="java${text}">a</a>` },
  "a link of a spread": { template: (text) => html`<a ${{ href: text }}>a</a>` },
  "a form and its button": {
    template: (text) => html`<form action=${text}><button formaction="${text}">a</button></form>`,
  },
  "an image button": { template: (text) => html`<input type="image" src="${text}" formaction=${text} alt="" />` },
  "pictures and sounds": {
    template: (text) =>
      html`<img src=${text} alt="" /><video poster="${text}" src=${text}></video><audio src=${text}></audio>`,
  },
  "a source of a quotation": { template: (text) => html`<blockquote cite="${text}">a</blockquote>` },
  "a link in a drawing": {
    template: (text) => html`<svg><a xlink:href=${text}><text>a</text></a><image href="${text}" /></svg>`,
  },
  "a link in a formula": { template: (text) => html`<math><mi href=${text}>a</mi></math>` },
  "a script": { template: (text) => html`<script src=${text}></script>`, own: true },
  "a style sheet": { template: (text) => html`<link rel="stylesheet" href="${text}" />`, own: true },
  "a frame": { template: (text) => html`<iframe src=${text}></iframe>`, own: true },
  "an object": { template: (text) => html`<object data="${text}"></object><embed src=${text} />`, own: true },
  "a part of a drawing": { template: (text) => html`<svg><use href=${text}></use></svg>`, own: true },
};
const ADDRESS = /^(?:xlink:)?(?:href|src|action|formaction|poster|cite|data)$/;
const LISTS: Readonly<Record<string, Template>> = {
  "pictures of several sizes": (text) => html`<img srcset=${text} alt="" />`,
  "pictures of a link": (text) => html`<link rel="preload" as="image" imagesrcset="${text}" />`,
  "addresses that are told of a click": (text) => html`<a ping=${text}>a</a>`,
};
const PAGE = "https://app.example/a/page?b";
const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:", "about:"]);
/** Stands for a payload in the tree that is expected. */
const NEUTRAL = "neutral";

function expected(template: Template, text: string, scripting: boolean): readonly Tree[] {
  const neutral = treeOf(renderToString(template(NEUTRAL)), scripting);
  return mapTexts(neutral, (held) => held.replaceAll(NEUTRAL, () => asHeld(text)));
}

function keepsText(template: Template, text: string): void {
  const rendered = renderToString(template(text));
  for (const scripting of [true, false])
    assert.deepEqual(treeOf(rendered, scripting), expected(template, text, scripting), JSON.stringify(text));
}

/** The tree is that of the template but for the addresses, none of which runs anything. */
function keepsAddresses(template: Template, text: string, own: boolean): void {
  const tree = treeOf(renderToString(template(text)));
  const neutral = [...elementsOf(treeOf(renderToString(template(NEUTRAL))))];
  const found = [...elementsOf(tree)];
  const names = (elements: typeof found): unknown => elements.map((one) => [one.name, Object.keys(one.attributes)]);
  assert.deepEqual(names(found), names(neutral), JSON.stringify(text));
  for (const { attributes } of found) {
    for (const [name, value] of Object.entries(attributes)) {
      if (!ADDRESS.test(name) || !URL.canParse(value, PAGE)) continue;
      const { protocol, origin } = new URL(value, PAGE);
      assert.ok(SCHEMES.has(protocol), `${JSON.stringify(text)} became ${value}`);
      if (own)
        assert.ok(protocol === "about:" || origin === "https://app.example", `${JSON.stringify(text)}: ${value}`);
    }
  }
}

/** The text of a template, or nothing where it is refused. */
function renderedOrRefused(make: () => Html): string | undefined {
  try {
    return renderToString(make());
  } catch (error) {
    assert.equal((error as Error).name, "TemplateError");
    return undefined;
  }
}

const pieces = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PAYLOADS) },
  { weight: 2, arbitrary: fc.constantFrom(..."\"'`<>&=/ \n\r\t\f#:;\\\0") },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 4 }) },
);
/** The corpus, cut up and put together anew. */
const mixtures = fc
  .array(fc.tuple(pieces, fc.nat(40), fc.nat(40)), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.map(([text, from, length]) => text.slice(from % text.length, from + length)).join(""))
  .filter((text) => text !== "" && text.isWellFormed());

describe("the corpus of hostile texts", () => {
  it("has more than two hundred, each once", () => {
    assert.ok(PAYLOADS.length > 200);
    assert.equal(new Set(PAYLOADS).size, PAYLOADS.length);
    assert.ok(PAYLOADS.every((text) => text.isWellFormed()));
  });
});

describe("templates against hostile texts", () => {
  for (const [technique, payloads] of Object.entries(CORPUS)) {
    it(`keep ${technique} as text, wherever text can stand`, () => {
      for (const template of Object.values(PLACES)) for (const text of payloads) keepsText(template, text);
    });
    it(`lead nowhere but to addresses with ${technique}`, () => {
      for (const { template, own = false } of Object.values(ADDRESS_PLACES))
        for (const text of payloads) keepsAddresses(template, text, own);
    });
  }

  it("keep any mixture of them as text", () => {
    const places = fc.constantFrom(...Object.values(PLACES));
    fc.assert(fc.property(places, mixtures, keepsText), { numRuns: 1500 });
  });

  it("lead nowhere but to addresses with any mixture of them", () => {
    const places = fc.constantFrom(...Object.values(ADDRESS_PLACES));
    const holds = ({ template, own = false }: (typeof ADDRESS_PLACES)[string], text: string): void =>
      keepsAddresses(template, text, own);
    fc.assert(fc.property(places, mixtures, holds), { numRuns: 1500 });
  });

  it("take no list of addresses with one that runs", () => {
    for (const template of Object.values(LISTS)) {
      for (const text of PAYLOADS) {
        const [element] = elementsOf(treeOf(renderToString(template(text))));
        const { srcset, imagesrcset, ping } = element?.attributes ?? {};
        const list = srcset ?? imagesrcset ?? ping ?? "";
        assert.ok(list === "" || list === asHeld(text), JSON.stringify(text));
        for (const part of list.split(/[\s,]+/))
          if (URL.canParse(part, PAGE)) assert.ok(SCHEMES.has(new URL(part, PAGE).protocol), JSON.stringify(text));
      }
    }
  });

  it("build no address that runs from a value, a character reference of the template, and a value", () => {
    const joined: readonly ((first: string, second: string) => Html)[] = [
      (first, second) => html`<a href="${first}&colon;${second}">a</a>`,
      (first, second) => html`<a href="${first}&#58;${second}">a</a>`,
      (first, second) => html`<a href="${first}&#x3A${second}">a</a>`,
      (first, second) => html`<a href="${first}&#9;${second}">a</a>`,
      (first, second) => html`<a href="${first}&Tab;${second}">a</a>`,
      (first, second) => html`<a href="${first}&NewLine;${second}">a</a>`,
      (first, second) => html`<a href="${first}&${second}">a</a>`,
      (first, second) => html`<a href="${first}&co${second}">a</a>`,
      (first, second) => html`<a href="${first}&amp;${second}">a</a>`,
      (first, second) => html`<img srcset="${first}&colon;${second} 2x" alt="" />`,
      (first, second) => html`<script src="${first}&sol;${second}"></script>`,
      (first, second) => html`<script src="${first}&bsol;${second}"></script>`,
      (first, second) => html`<script src="/&sol;${first}${second}"></script>`,
      (first, second) => html`<script src="/${first}&${second}"></script>`,
    ];
    const values = [
      ["javascript", "alert(1)"],
      ["java", "script:alert(1)"],
      ["javascript", "colon;alert(1)"],
      ["javascript", "lon;alert(1)"],
      ["javascript", "#58;alert(1)"],
      ["/", "evil.example/a.js"],
      ["", "/evil.example/a.js"],
      ["", "sol;evil.example/a.js"],
    ] as const;
    for (const [index, template] of joined.entries()) {
      for (const [first, second] of values) {
        const rendered = renderedOrRefused(() => template(first, second));
        if (rendered === undefined) continue;
        const what = `template ${index} with ${first} and ${second}`;
        for (const { attributes } of elementsOf(treeOf(rendered))) {
          const address = attributes["href"] ?? attributes["srcset"] ?? attributes["src"] ?? "";
          if (!URL.canParse(address, PAGE)) continue;
          const { protocol, origin } = new URL(address, PAGE);
          assert.ok(SCHEMES.has(protocol), `${what}: ${address}`);
          if (attributes["src"] !== undefined)
            assert.ok(protocol === "about:" || origin === "https://app.example", `${what}: ${address}`);
        }
      }
    }
  });

  it("keep them as data of a script", () => {
    for (const text of PAYLOADS) {
      const data = { [text]: text, list: [text] };
      const [element, ...more] = treeOf(renderToString(html`${jsonScript(text, data)}`));
      assert.deepEqual(more, []);
      assert.ok(element !== undefined && typeof element !== "string");
      const [name, attributes, content = "", ...rest] = element;
      assert.deepEqual([name, attributes, rest], ["script", { type: "application/json", id: asHeld(text) }, []]);
      assert.ok(typeof content === "string");
      assert.deepEqual(JSON.parse(content), JSON.parse(JSON.stringify(data)));
    }
  });

  it("take none of them for the name of an attribute that runs", () => {
    for (const text of PAYLOADS) {
      const template: Template = () => html`<p ${{ [text]: "xss(1)" }}>a</p>`;
      let rendered: string;
      try {
        rendered = renderToString(template(text));
      } catch (error) {
        assert.equal((error as Error).name, "TemplateError");
        continue;
      }
      assert.deepEqual(treeOf(rendered), [["p", { [text.toLowerCase()]: "xss(1)" }, "a"]], JSON.stringify(text));
      assert.doesNotMatch(text, /^(?:on|style$|srcdoc$)/i);
    }
  });
});
