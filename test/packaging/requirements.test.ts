import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { repository } from "./repository-copy.ts";

const PAGE = readFileSync(join(repository, "docs", "requirements.md"), "utf8");

interface Row {
  readonly id: string;
  readonly state: string;
  readonly where: string;
  readonly proof: string;
}

function rows(): Row[] {
  return PAGE.split("\n").flatMap((line) => {
    const [, id = "", , state = "", where = "", proof = ""] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    return /^[A-Z]\d+$/.test(id) ? [{ id, state, where, proof }] : [];
  });
}

function paths(text: string): string[] {
  return [...text.matchAll(/`([\w./-]+\/[\w./-]+)`/g)].map(([, path = ""]) => path);
}

/** The tests a text names: their files and titles. */
function tests(text: string): { readonly file: string; readonly title: string }[] {
  return [...text.matchAll(/`([\w./-]+\.ts)` "([^"]+)"/g)].map(([, file = "", title = ""]) => ({ file, title }));
}

describe("the page of requirements", () => {
  it("has every row once", () => {
    const expected = [
      ...Array.from({ length: 13 }, (_, index) => `R${index + 1}`),
      ...Array.from({ length: 5 }, (_, index) => `C${index + 1}`),
      ...Array.from({ length: 6 }, (_, index) => `I${index + 1}`),
      ...["E1", "E2"],
      ...Array.from({ length: 9 }, (_, index) => `H${index + 1}`),
    ];
    assert.deepEqual(
      rows().map(({ id }) => id),
      expected,
    );
  });

  it("names a place and a test for whatever it says is there, and neither for what is not", () => {
    for (const { id, state, where, proof } of rows()) {
      assert.match(state, /^(?:holds|in part|not yet)\b/, id);
      const there = !state.startsWith("not yet");
      assert.equal(paths(where).length > 0, there, id);
      assert.equal(tests(proof).length > 0, there, id);
    }
  });

  it("names files that exist", () => {
    const named = [...paths(PAGE), ...[...PAGE.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = ""]) => path)];
    for (const path of new Set(named)) assert.ok(existsSync(join(repository, path)), path);
  });

  it("names tests that exist", () => {
    for (const { file, title } of tests(PAGE)) {
      const source = readFileSync(join(repository, file), "utf8");
      assert.ok(
        [`it("${title}"`, `it(\`${title}\``].some((line) => source.includes(line)),
        `${file}: ${title}`,
      );
    }
  });
});
