/** Which test files there are, and which suite each belongs to. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup.mjs";

/** The suites; the first that matches a file's path claims it. */
const SUITES = [
  { name: "browser", pattern: /^test\/e2e\/|\.browser\.test\.ts$/ },
  { name: "drills", pattern: /^test\/faults\// },
  { name: "attacks", pattern: /^test\/attacks\// },
  { name: "packaging", pattern: /^test\/(packaging|types)\// },
  { name: "stores", pattern: /^packages\/gatehouse\/src\/(store|testing)\// },
  { name: "unit", pattern: /./ },
];

/** How a test file shows that it needs a program of the system. */
const SIGNS = {
  postgresql: /\b(start(Own)?Postgres|describeStoreEngines|describeReviewEngines)\b/,
  valkey: /\bstart(Own)?Valkey\b/,
  nginx: /nginx/i,
  caddy: /caddy/i,
  curl: /"curl"/,
  clamd: /\bstartClamd\b/,
  openssl: /"openssl"/,
  "poppler-utils": /"pdftoppm"/,
  "zbar-tools": /"zbarimg"/,
  exiftool: /\b(exiftool|makeMediaCorpus)\b/,
  ffmpeg: /\b(ffmpeg|makeMediaCorpus)\b/,
  "heif-enc": /\b(heif-enc|makeMediaCorpus)\b/,
  chromium: /playwright|chromium/i,
  firefox: /\bdescribeBrowsers\b/,
  swift: /\bstartSwift\b/,
};

function needsOf(path, suite) {
  const text = readFileSync(join(root, path), "utf8");
  const found = Object.keys(SIGNS).filter((name) => SIGNS[name].test(text));
  return suite === "browser" && !found.includes("chromium") ? [...found, "chromium"] : found;
}

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

/** Every test file, relative to the repository, with its suite and the programs it needs. */
export function testFiles() {
  const paths = ["packages", "apps", "test"].flatMap(walk).sort();
  return paths.map((path) => {
    const suite = SUITES.find(({ pattern }) => pattern.test(path)).name;
    return { path, suite, needs: needsOf(path, suite) };
  });
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
      : files.filter(({ path, suite }) => suites.includes(suite) || paths.some((part) => path.includes(clean(part))));
  return { files: chosen, patterns, options, filtered: names.length > 0 };
}

function clean(path) {
  return path.replace(/^\.\//, "");
}
