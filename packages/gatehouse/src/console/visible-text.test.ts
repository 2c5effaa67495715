import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseFragment, type DefaultTreeAdapterMap } from "parse5";
import { renderToString } from "../html/render.ts";
import { visibleText } from "./visible-text.ts";

type Node = DefaultTreeAdapterMap["node"];

interface Seen {
  readonly text: string;
  readonly marks: readonly string[];
  readonly tags: readonly string[];
}

/** What an independent parser makes of a text: what is read, its marks, and which elements there are. */
function seen(text: string, block = true): Seen {
  const [marks, tags]: [string[], string[]] = [[], []];
  const read = (node: Node): string => {
    if ("value" in node) return node.value;
    if (!("childNodes" in node)) return "";
    const inside = node.childNodes.map(read).join("");
    if (!("tagName" in node)) return inside;
    tags.push(node.tagName);
    const isMark = node.attrs.some(({ name, value }) => name === "class" && value === "mark");
    if (!isMark) return inside;
    marks.push(inside);
    return "";
  };
  return { text: read(parseFragment(renderToString(visibleText(text, { block })))), marks, tags };
}

describe("a text that somebody else has written", () => {
  it("is shown as it is where everything in it can be seen", () => {
    for (const text of [
      "A cake.\n\tTwo cakes.",
      "naïve café, ångström",
      "שלום עולם",
      "नमस्ते",
      "👩‍👩‍👧 ❤️ 1️⃣ 👍🏽",
      "a < b && c > d",
    ])
      assert.deepEqual(seen(text), { text, marks: [], tags: ["bdi"] });
  });

  it("shows what turns the direction of reading around", () => {
    assert.deepEqual(seen("user\u202Egpj.exe").marks, ["U+202E right-to-left override"]);
    assert.deepEqual(seen("a\u2066b\u2069").marks, ["U+2066 left-to-right isolate", "U+2069 pop directional isolate"]);
  });

  it("shows what cannot be seen, and how often", () => {
    assert.deepEqual(seen("a\u200B\u200B\u200Bb").marks, ["U+200B zero-width space ×3"]);
    assert.deepEqual(seen("a\u00ADb\u3164c\u2800d\uFEFFe\u00A0f").marks.length, 5);
    assert.deepEqual(seen("\u0007\uE000\uD800").marks, ["U+0007", "U+E000", "U+D800"]);
    assert.deepEqual(seen("one\ntwo", false).marks, ["U+000A line break"]);
  });

  it("reads out letters that are hidden in tags, as instructions to programs are", () => {
    const hidden = [..."approve"]
      .map((letter) => String.fromCodePoint(0xe_00_00 + (letter.codePointAt(0) ?? 0)))
      .join("");
    assert.deepEqual(seen(`Fine.${hidden}`), {
      text: "Fine.",
      marks: ["hidden letters: approve"],
      tags: ["span", "bdi"],
    });
  });

  it("does not let marks be piled upon a letter", () => {
    const { text, marks } = seen(`Z${"\u0327\u0351".repeat(40)}algo`);
    assert.equal(text, "Z\u0327\u0351\u0327\u0351algo");
    assert.deepEqual(marks, ["76 more marks on this letter"]);
  });

  it("says how much of it is left out, where it is long or full of marks", () => {
    assert.deepEqual(seen("x".repeat(70_000)).marks, ["4464 more characters are not shown"]);
    const { marks } = seen("a\u200B".repeat(5000));
    assert.equal(marks.length, 501);
    assert.equal(marks.at(-1), "8999 more characters are not shown");
  });

  it("is never markup, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const { tags } = seen(text);
        assert.deepEqual(new Set([...tags, "bdi", "span"]), new Set(["bdi", "span"]));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."<>&\"'`/=ab é"), maxLength: 60 }), (text) => {
        assert.deepEqual(seen(text), { text, marks: [], tags: ["bdi"] });
      }),
    );
  });
});
