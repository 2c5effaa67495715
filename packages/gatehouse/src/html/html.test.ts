import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseFragment, type DefaultTreeAdapterMap } from "parse5";
import { html as markup, trustedHtml, type Html } from "./html.ts";
import { jsonScript } from "./json-script.ts";
import { renderToStream, renderToString } from "./render.ts";
import { trustedUrl } from "./url.ts";

type Node = DefaultTreeAdapterMap["node"];

/** The shape of parsed HTML as plain data: `[tag, attributes, ...children]`, text as strings. */
function shape(node: Node): unknown {
  if ("value" in node) return node.value;
  if (!("childNodes" in node)) return { odd: node.nodeName };
  const children = ("content" in node ? node.content.childNodes : node.childNodes).map(shape);
  if (!("tagName" in node)) return children;
  return [node.tagName, Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])), ...children];
}

/** What an independent HTML parser makes of a rendering. */
function parsed(value: Html): unknown {
  return shape(parseFragment(renderToString(value)));
}

const FRAGMENTS = [
  "<script>",
  "</script>",
  "<img src=x onerror=alert(1)>",
  "-->",
  "<!--",
  "]]>",
  "</textarea>",
  "</title>",
  "</style>",
  '"',
  "'",
  "`",
  "=",
  ">",
  "<",
  "/",
  "&",
  "&quot;",
  "&lt;",
  "&#60;",
  "&amp",
  " onclick=alert(1) ",
  "\n",
  "\r",
  "\t",
  "\f",
  " ",
  "javascript:",
  "JaVaScRiPt:",
  "data:text/html,",
  "vbscript:",
  "java\tscript:",
  "\u0001javascript:",
  "//evil.example",
  "\\\\evil.example",
  "http:",
  "?",
  "#",
  ":",
  "\u2028",
  "\u2029",
  "${",
  "}}",
  "\u00a0",
  "\uFEFF",
  "ſcript",
  "💥",
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: "binary", maxLength: 6 })), { maxLength: 8 })
  .map((pieces) => pieces.join("").replaceAll("\0", ""));
const runs = { numRuns: 2000 };

describe("html against injection of elements and attributes", () => {
  it("keeps any text in content as one text node", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        assert.deepEqual(parsed(markup`<p>${text}</p>`), [["p", {}, ...(text === "" ? [] : [text])]]);
      }),
      runs,
    );
  });
  it("keeps any text in a quoted, single-quoted or unquoted attribute as its value", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const expected = [["a", { title: text, class: text, id: `x-${text}-"y`, lang: text, name: "n" }]];
        assert.deepEqual(
          parsed(markup`<a title="${text}" class='${text}' id='x-${text}-"y' lang=${text} name=n></a>`),
          expected,
        );
      }),
      runs,
    );
  });
  it("keeps any text in textarea and title", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        assert.deepEqual(parsed(markup`<textarea>${text}</textarea>`), [
          ["textarea", {}, ...(text === "" ? [] : [text])],
        ]);
      }),
      runs,
    );
  });
  it("keeps any text in a record of attributes", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        assert.deepEqual(parsed(markup`<i ${{ title: text, "data-x": text }} lang="e"></i>`), [
          ["i", { title: text, "data-x": text, lang: "e" }],
        ]);
      }),
      runs,
    );
  });
  it("keeps any value in a data script", () => {
    fc.assert(
      fc.property(fc.record({ text: hostile, list: fc.array(hostile) }), (value) => {
        const [script] = shape(parseFragment(renderToString(jsonScript("data", value, "n0nce")))) as [
          [string, object, string],
        ]; // the parser's output is checked below
        assert.equal(script[0], "script");
        assert.equal(script.length, 3);
        assert.deepEqual(JSON.parse(script[2]), JSON.parse(JSON.stringify(value)));
        assert.ok(!/[\u2028\u2029<]/.test(script[2]));
      }),
      runs,
    );
  });
});

describe("html against script URLs", () => {
  it("lets no URL run or leave the allowed schemes, as the browser's own parser reads it", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const [link] = parsed(markup`<a href=${text}></a>`) as [[string, { href: string }]]; // one element, by the property above
        assert.ok([text, "about:invalid#refused"].includes(link[1].href));
        const url = URL.parse(link[1].href, "https://app.example/page");
        if (url === null) return;
        assert.ok(["http:", "https:", "mailto:", "tel:", "about:"].includes(url.protocol), url.href);
      }),
      { numRuns: 5000 },
    );
  });
  it("lets no scripts, styles or frames come from another origin", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const page = markup`<iframe src="${text}"></iframe><script src=${text}></script><embed src=${text}>`;
        for (const element of parsed(page) as [string, { src: string }][]) {
          // elements by the template
          const url = URL.parse(element[1].src, "https://app.example/page");
          if (url !== null && url.protocol !== "about:") assert.equal(url.origin, "https://app.example");
        }
      }),
      { numRuns: 5000 },
    );
  });
  it("keeps the origin of a URL whose path the template has begun", () => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const [link] = parsed(markup`<a href="/${one}/${two}"></a>`) as [[string, { href: string }]]; // as above
        const url = URL.parse(link[1].href, "https://app.example/page");
        if (url !== null && url.protocol !== "about:") assert.equal(url.origin, "https://app.example");
      }),
      { numRuns: 5000 },
    );
  });
  it("reads the character references of a template as a browser does, and writes them anew", () => {
    const link = renderToString(markup`<a href="/a?b=${1}&amp;c=${"&lt;"}&d='&quot;${2}&${"amp;"}">`);
    assert.equal(link, '<a href="/a?b=1&amp;c=&amp;lt;&amp;d=&#39;&#34;2&amp;amp;">');
    for (const make of [() => markup`<a href="${"a"}&colon;b">`, () => markup`<a href="/?${"a"}&#x3a;">`])
      assert.throws(make, { name: "TemplateError", message: /Write the character itself in place of &/ });
  });
  it("refuses the known disguises", () => {
    for (const url of [
      "javascript:alert(1)",
      " javascript:alert(1)",
      "java\nscript:alert(1)",
      "\tjavascript:alert(1)",
      "JAVASCRIPT:alert(1)",
      "\u0001javascript:alert(1)",
      "data:text/html,<script>",
      "vbscript:x",
      "blob:https://x",
      "filesystem:x",
      "view-source:x",
      "javascript\n:x",
    ]) {
      assert.equal(renderToString(markup`<a href="${url}"></a>`), '<a href="about:invalid#refused"></a>', url);
    }
    assert.equal(
      renderToString(markup`<a href="${"java"}${"script:alert(1)"}"></a>`),
      '<a href="about:invalid#refused"></a>',
    );
    assert.equal(renderToString(markup`<img srcset="${"a.png 1x, javascript:alert(1) 2x"}">`), '<img srcset="">');
    assert.equal(
      renderToString(markup`<form action=${"javascript:alert(1)"}></form>`),
      '<form action="about:invalid#refused"></form>',
    );
    assert.equal(
      renderToString(markup`<svg><a xlink:href="${"javascript:alert(1)"}"></a></svg>`),
      '<svg><a xlink:href="about:invalid#refused"></a></svg>',
    );
    assert.equal(
      renderToString(markup`<a ${{ href: "javascript:alert(1)" }}></a>`),
      '<a href="about:invalid#refused"></a>',
    );
  });
  it("accepts ordinary ones", () => {
    for (const url of [
      "/a?b=c:d",
      "a/b:c",
      "#x",
      "?q=javascript:",
      "",
      "https://x.example/",
      "HTTP://x",
      "mailto:a@b.c",
      "tel:+1",
      "./x",
      "//cdn.example/x",
    ]) {
      assert.ok(!renderToString(markup`<a href=${url}></a>`).includes("refused"), url);
    }
    assert.equal(renderToString(markup`<a href="mailto:${"a@b.example"}"></a>`), '<a href="mailto:a@b.example"></a>');
    assert.equal(
      renderToString(markup`<a href=${new URL("https://x.example/?a=1&b=2")}></a>`),
      '<a href="https://x.example/?a=1&amp;b=2"></a>',
    );
    assert.equal(
      renderToString(markup`<a href="/s?${new URLSearchParams({ q: "a&b" })}"></a>`),
      '<a href="/s?q=a%26b"></a>',
    );
    assert.equal(
      renderToString(markup`<script src="/c.${"abc"}.js" nonce=${"n"}></script>`),
      '<script src="/c.abc.js" nonce="n"></script>',
    );
    assert.equal(
      renderToString(markup`<script src="https://js.example/${"v3"}.js"></script>`),
      '<script src="https://js.example/v3.js"></script>',
    );
    assert.equal(
      renderToString(markup`<img src=${trustedUrl("data:image/png;base64,AA==", "made by ourselves")}>`),
      '<img src="data:image/png;base64,AA==">',
    );
  });
});

describe("html against values where no value can be safe", () => {
  const x = "x";
  const refused: Readonly<Record<string, () => Html>> = {
    "element name": () => markup`<${x}></p>`,
    "part of an element name": () => markup`<p${x}></p>`,
    "end tag": () => markup`<p></${x}>`,
    "inside an end tag": () => markup`<p></p ${x}>`,
    "attribute name": () => markup`<p data-${x}="1"></p>`,
    "after an attribute without a space": () => markup`<p class="a"${x}></p>`,
    "event handler": () => markup`<p onclick="${x}"></p>`,
    "event handler in capitals": () => markup`<p ONCLICK="${x}"></p>`,
    "style attribute": () => markup`<p style="color:${x}"></p>`,
    srcdoc: () => markup`<iframe srcdoc="${x}"></iframe>`,
    script: () =>
      markup`<script>
        let a = "${x}";
      </script>`,
    "script after a look-alike end": () =>
      markup`<script>
        let a = "</scripty>${x}";
      </script>`,
    "script double escape": () =>
      markup`<script>
        <!--<script><\\/script>${x}-->
      </script>`,
    style: () =>
      markup`<style>
        p {
          color: ${x};
        }
      </style>`,
    noframes: () => markup`<noframes>${x}</noframes>`,
    comment: () => markup`<!-- ${x} -->`,
    doctype: () => markup`<!doctype ${x}>`,
    cdata: () => markup`<svg><![CDATA[${x}]]></svg>`,
    "processing instruction": () => markup`<?php ${x}?>`,
    "meta refresh": () => markup`<meta http-equiv="refresh" content="0;url=${x}" />`,
    "meta refresh, content first": () => markup`<meta content="0;url=${x}" http-equiv="refresh" />`,
    "meta directive name": () => markup`<meta http-equiv=${x} />`,
    "base address": () => markup`<base href="${x}" />`,
    "animated link": () => markup`<svg><a><animate attributeName="href" values="${x}"></a></svg>`,
    "unquoted with a start": () => markup`<p class=a${x}></p>`,
    "unquoted with an end": () => markup`<p class=${x}b></p>`,
    "spread with an end": () => markup`<p ${{}}b></p>`,
    "script scheme before a value": () => markup`<a href="javascript:${x}"></a>`,
    "script scheme by reference": () => markup`<a href="javascript&colon;${x}"></a>`,
    "unfinished tag": () => markup`<p class="${x}"`,
    "unfinished element": () => markup`<textarea>${x}`,
    "unfinished quote": () => markup`<p class="${x}>`,
    plaintext: () => markup`<plaintext>${x}`,
    "missing space": () => markup`<p class="a"id="b">${x}</p>`,
  };
  for (const [name, make] of Object.entries(refused)) {
    it(`refuses the template: ${name}`, () => assert.throws(make, { name: "TemplateError" }));
  }
  it("refuses names of handlers, styles and directives in a record of attributes", () => {
    const records = [
      { onclick: x },
      { OnClick: x },
      { style: x },
      { srcdoc: x },
      { "a b": x },
      { 'a"': x },
      { "a>": x },
      { "": x },
    ];
    for (const record of records) {
      assert.throws(() => renderToString(markup`<p ${record}></p>`), { name: "TemplateError" }, JSON.stringify(record));
    }
    assert.throws(() => renderToString(markup`<meta http-equiv="refresh" ${{ content: "0;url=x" }} />`), {
      name: "TemplateError",
    });
    assert.throws(() => renderToString(markup`<p ${"onclick=x"}></p>`), { name: "TemplateError" });
    assert.throws(() => renderToString(markup`<p ${["onclick"]}></p>`), { name: "TemplateError" });
  });
  it("refuses html inside attributes and text-only elements", () => {
    const inner = markup`<b>x</b>`;
    assert.throws(() => renderToString(markup`<p title=${inner}></p>`), { name: "TemplateError" });
    assert.throws(() => renderToString(markup`<title>${inner}</title>`), { name: "TemplateError" });
    assert.throws(() => renderToString(markup`<title>${[inner]}</title>`), { name: "TemplateError" });
  });
  it("does not take an object from outside for HTML", () => {
    const forged: unknown = JSON.parse(
      '{"statics":["<script>"],"dynamics":[],"text":"<script>","template":{"fixed":["<script>"],"operations":[]}}',
    );
    // A forged value, as it would arrive from JSON.
    assert.throws(() => renderToString(markup`<p>${forged as string}</p>`), { name: "TemplateError" });
  });
});

describe("html", () => {
  it("nests templates and lists and skips what is empty", () => {
    const items = [1, 2n, "<3>"].map((item) => markup`<li>${item}</li>`);
    assert.equal(
      renderToString(
        markup`<ul>${items}${null}${undefined}${false}${true}${trustedHtml("<hr>", "fixed")}${new Set(["s"])}</ul>`,
      ),
      "<ul><li>1</li><li>2</li><li>&lt;3&gt;</li><hr>s</ul>",
    );
  });
  it("leaves attributes out, toggles them, and writes the words where they differ", () => {
    const page = markup`<input ?checked=${true} ?disabled=${0} required=${false} readonly=${true} value=${null} aria-busy=${false} class=${["a", false, "b"]} data-n=${3}>`;
    assert.equal(renderToString(page), '<input checked=""   readonly=""  aria-busy="false" class="a b" data-n="3">');
  });
  it("keeps a leading line feed of a textarea", () => {
    assert.deepEqual(parsed(markup`<textarea>${"\nx"}</textarea>`), [["textarea", {}, "\nx"]]);
    assert.deepEqual(parsed(markup`<textarea class="a">${"x"}</textarea>`), [["textarea", { class: "a" }, "x"]]);
    const a = { class: "a" };
    assert.deepEqual(parsed(markup`<textarea ${a}>${"\nx"}</textarea>`), [["textarea", a, "\nx"]]);
    assert.deepEqual(parsed(markup`<pre class=${"a"}>${"\nx"}</pre>`), [["pre", a, "\nx"]]);
    assert.deepEqual(parsed(markup`<pre title="a>b">${"\nx"}</pre>`), [["pre", { title: "a>b" }, "\nx"]]);
    assert.deepEqual(parsed(markup`<pre title=">">a${"\nx"}</pre>`), [["pre", { title: ">" }, "a\nx"]]);
  });
  it("writes whole documents with fixed scripts, styles and comments", () => {
    const page = markup`<!doctype html><!-- a > b --><html lang="en"><head><title>A ${"<b>"}</title><style nonce=${"n"}>p > a { color: red }</style>
      <script nonce="${"n"}">if (1 < 2) document.title = "</p>";</script></head><body><br/><input disabled ${{ id: "i" }}/>${"x"}</body></html>`;
    assert.match(
      renderToString(page),
      /<title>A &lt;b&gt;<\/title><style nonce="n">p > a.*<br\/><input disabled id="i"\/>x<\/body>/s,
    );
  });
  it("gives the same strings for every rendering of a literal", () => {
    const make = (n: number): Html => markup`<p>${n}</p>`;
    assert.equal(make(1).statics, make(2).statics);
    assert.equal(make(1).template, make(2).template);
  });
  it("names the place of a mistake", () => {
    assert.throws(() => markup`<main><p onclick=${"x"}></p></main>`, /onclick of <p>.*<main><p onclick=\$\{\.\.\.\}/);
  });
  it("refuses what cannot be rendered", () => {
    assert.throws(() => renderToString(markup`${(() => 1) as unknown as string}`), { name: "TemplateError" }); // wrong on purpose
    assert.throws(() => renderToString(markup`${Promise.resolve("x")}`), /renderToStream/);
    assert.throws(() => trustedHtml("<b>", " "), TypeError);
  });
});

describe("renderToStream", () => {
  it("writes what is known, waits, and continues in order", async () => {
    const gate = Promise.withResolvers<string>();
    async function* rows(): AsyncGenerator<Html> {
      for (const row of ["<a>", "b"]) yield markup`<li>${row}</li>`;
    }
    const reader = renderToStream(
      markup`<p>now</p>${gate.promise.then((text) => markup`<p>${text}</p>`)}<ul>${rows()}</ul>`,
    ).getReader();
    const first = await reader.read();
    assert.equal(new TextDecoder().decode(first.value), "<p>now</p>");
    gate.resolve("later");
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest += new TextDecoder().decode(value);
    }
    assert.equal(rest, "<p>later</p><ul><li>&lt;a&gt;</li><li>b</li></ul>");
  });
  it("asks an iterable only as fast as the reader reads, and closes it when cancelled", async () => {
    let made = 0;
    let closed = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) {
          made += 1;
          yield "x".repeat(100);
        }
      } finally {
        closed = true;
      }
    }
    const reader = renderToStream(markup`<pre>${endless()}</pre>`).getReader();
    await reader.read();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(made <= 4, `${made} were made`);
    await reader.cancel();
    assert.ok(closed);
  });
  it("errors when a part fails", async () => {
    await assert.rejects(
      new Response(renderToStream(markup`a${Promise.reject(new Error("broken"))}`)).text(),
      /broken/,
    );
  });
  it("keeps characters whole across chunks", async () => {
    const text = `x${"💥".repeat(20_000)}`;
    assert.equal(await new Response(renderToStream(text)).text(), text);
  });
});
