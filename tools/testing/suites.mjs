/** Which test files there are, and which suite each belongs to. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";

/**
 * The suites, first match wins: what a file must be named like, and the system programs it cannot do without.
 * `unit` takes what no other suite claims.
 */
const SUITES = [
  { name: "browser", pattern: /^test\/e2e\/|\.browser\.test\.ts$/, needs: ["chromium", "nginx"] },
  { name: "drills", pattern: /^test\/faults\//, needs: ["postgresql", "valkey"] },
  { name: "attacks", pattern: /^test\/attacks\//, needs: [] },
  { name: "packaging", pattern: /^test\/(packaging|types)\//, needs: [] },
  {
    name: "stores",
    pattern: /^packages\/gatehouse\/src\/(store|testing)\/|^test\/stores\//,
    needs: ["postgresql", "valkey"],
  },
  { name: "unit", pattern: /./, needs: [] },
];

function walk(folder) {
  const found = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!["node_modules", "dist", ".next"].includes(entry.name)) found.push(...walk(path));
    } else if (entry.name.endsWith(".test.ts")) {
      found.push(path);
    }
  }
  return found;
}

/** Every test file, relative to the repository, with the suite it belongs to. */
export function testFiles() {
  const paths = ["packages", "apps", "test"].flatMap(walk).sort();
  return paths.map((path) => ({ path, suite: SUITES.find(({ pattern }) => pattern.test(path)) }));
}

/**
 * Reads what follows `npm test --`: names of suites, parts of paths, and anything else as a part of a test's name.
 * Options (`--test-only` ...) go to node:test as they are.
 */
export function select(words, files) {
  const options = words.filter((word) => word.startsWith("--"));
  const names = words.filter((word) => !word.startsWith("--"));
  const suites = names.filter((name) => SUITES.some((suite) => suite.name === name));
  const paths = names.filter((name) => !suites.includes(name) && files.some(({ path }) => path.includes(clean(name))));
  const patterns = names.filter((name) => !suites.includes(name) && !paths.includes(name));
  const chosen =
    suites.length + paths.length === 0
      ? files
      : files.filter(
          ({ path, suite }) => suites.includes(suite.name) || paths.some((part) => path.includes(clean(part))),
        );
  return { files: chosen, patterns, options, filtered: names.length > 0 };
}

function clean(path) {
  return path.replace(/^\.\//, "");
}
