import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { applyPatch } from "../client/patch.ts";
import { contentTag, patchBetween } from "./content-patch.ts";

const row = (id: number, text: string): string => `<tr data-key="${id}"><td>${id}</td><td>${text}</td></tr>`;
const table = (rows: readonly string[]): string => `<table>${rows.join("")}</table>`;

describe("patchBetween", () => {
  it("makes of any content any other, or leaves it to sending the whole", () => {
    const piece = fc.oneof(
      fc.constantFrom("<p>", "</p>", '<b class="a">', "</b>", "<br>", "&amp;", ">", "<"),
      fc.string({ unit: "grapheme", maxLength: 5 }),
    );
    const content = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
    const long = fc.constantFrom("", "a", `<p>${"a".repeat(700)}</p>`, "\u{1F600}".repeat(300), "<i>b</i>".repeat(90));
    const shared = fc.record({ head: long, tail: long });
    fc.assert(
      fc.property(content, content, shared, (left, right, { head, tail }) => {
        const before = head + left + tail;
        const after = head + right + tail;
        const patch = patchBetween(before, after);
        if (patch === undefined) return;
        assert.equal(applyPatch(before, patch), after);
        let end = 0;
        for (const [start, length, text] of patch) {
          assert.ok(start >= end && length >= 0 && text.isWellFormed());
          end = start + length;
        }
        assert.ok(end <= before.length);
      }),
      { numRuns: 1000 },
    );
  });

  it("sends of a table what changed in it", () => {
    const rows = Array.from({ length: 200 }, (_, index) => row(index, `Guest ${index}`));
    const before = table(rows);
    const changed = table(rows.with(7, row(7, "Guest of honour")));
    const changedPatch = patchBetween(before, changed) ?? [];
    assert.deepEqual(
      changedPatch.map(([, , text]) => text),
      ["of honour"],
    );
    const without = table(rows.toSpliced(50, 1));
    assert.equal(patchBetween(before, without)?.length, 1);
    const moved = table([...rows.slice(1), ...rows.slice(0, 1)]);
    const patch = patchBetween(before, moved) ?? [];
    assert.ok(JSON.stringify(patch).length < 300);
    assert.equal(applyPatch(before, patch), moved);
  });

  it("does not send a patch where the whole is hardly longer", () => {
    assert.equal(patchBetween("<p>1</p>", "<p>2</p>"), undefined);
    const rows = (from: number): string => table(Array.from({ length: 500 }, (_, index) => row(from + index, "x")));
    assert.equal(patchBetween(rows(0), rows(10_000)), undefined);
  });

  it("says that nothing changed", () => {
    assert.deepEqual(patchBetween("<p>1</p>", "<p>1</p>"), []);
  });
});

describe("contentTag", () => {
  it("differs where the content does", () => {
    assert.notEqual(contentTag("<p>1</p>"), contentTag("<p>2</p>"));
    assert.match(contentTag(""), /^[\w-]{16}$/);
  });
});
