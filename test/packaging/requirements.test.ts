import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { repository } from "./repository-copy.ts";

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}

/** The pages, and the rows each must have. */
const PAGES = [
  {
    name: "requirements.md",
    expected: [
      ...numbered("R", 13),
      ...numbered("C", 5),
      ...numbered("I", 6),
      ...numbered("E", 2),
      ...numbered("H", 9),
    ],
  },
  {
    name: "requirements-live.md",
    expected: [
      ...numbered("A", 3),
      ...numbered("B", 4),
      ...numbered("C", 4),
      ...numbered("D", 6),
      ...numbered("E", 5),
      ...numbered("F", 3),
    ],
  },
  { name: "requirements-identity.md", expected: numbered("R", 28) },
  {
    name: "requirements-media.md",
    expected: [
      ...numbered("G", 8),
      ...numbered("P", 6),
      ...numbered("M", 9),
      ...numbered("V", 11),
      ...numbered("W", 7),
      ...numbered("D", 7),
    ],
  },
  {
    name: "requirements-realtime.md",
    expected: [
      ...numbered("A", 6),
      ...numbered("B", 5),
      ...numbered("C", 4),
      ...numbered("D", 3),
      ...numbered("E", 4),
      ...numbered("F", 5),
      ...numbered("G", 4),
      ...numbered("H", 5),
      ...numbered("V", 10),
      ...numbered("T", 16),
      ...numbered("W", 10),
      ...numbered("S", 16),
    ],
  },
  { name: "requirements-work.md", expected: [...numbered("R", 33), ...numbered("D", 17)] },
  { name: "guide/work-security.md", expected: numbered("S", 30) },
  { name: "oauth-features.md", expected: numbered("F", 21) },
].map((page) => ({ ...page, text: readFileSync(join(repository, "docs", page.name), "utf8") }));

interface Row {
  readonly id: string;
  readonly state: string;
  readonly where: string;
  readonly proof: string;
}

function rows(page: string): Row[] {
  return page.split("\n").flatMap((line) => {
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

for (const { name, text, expected } of PAGES) {
  describe(`the page ${name}`, () => {
    it("has every row once", () => {
      assert.deepEqual(
        rows(text).map(({ id }) => id),
        expected,
      );
    });

    it("names a place and a test for whatever it says is there, and neither for what is not", () => {
      for (const { id, state, where, proof } of rows(text)) {
        assert.match(state, /^(?:holds|in part|not yet)\b/, id);
        const there = !state.startsWith("not yet");
        assert.equal(paths(where).length > 0, there, id);
        assert.equal(tests(proof).length > 0, there, id);
      }
    });

    it("names files that exist", () => {
      const above = join("docs", dirname(name), "..");
      const linked = [...text.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = ""]) => join(above, path));
      const named = [...paths(text), ...linked];
      for (const path of new Set(named)) assert.ok(existsSync(join(repository, path)), path);
    });

    it("names tests that exist", () => {
      for (const { file, title } of tests(text)) {
        const source = readFileSync(join(repository, file), "utf8");
        assert.ok(
          [`it("${title}"`, `it(\`${title}\``, `name: "${title}"`].some((line) => source.includes(line)),
          `${file}: ${title}`,
        );
      }
    });
  });
}
