/**
 * `npm run check`: everything that can be known about the sources without running them.
 * `--fix` formats and repairs first; names of steps run those alone: `npm run check -- lint layers`.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { compileCache, nodePath, root, runTool, setUp } from "./setup.mjs";

/** Every step by name; each is a program of node_modules/.bin with its arguments. */
function steps() {
  const project = (path) => ["tsc", "-p", path, ...(process.stdout.isTTY ? ["--pretty"] : [])];
  const roots = ["packages", "apps", "examples", "test", "tools"].filter((folder) => existsSync(join(root, folder)));
  const types = [
    "packages/gatehouse/src/client",
    "packages/gatehouse/src/oauth/browser",
    "apps/gallery/src/wall/page",
    "examples/next",
    "test/types",
  ]
    .filter((folder) => existsSync(join(root, folder, "tsconfig.json")))
    .map((folder) => [`types of ${folder}`, project(folder)]);
  return new Map([
    ["format", ["oxfmt", "--check"]],
    ["lint", ["oxlint", "--type-aware", "--report-unused-disable-directives-severity=error"]],
    ["types", project("tsconfig.json")],
    ...types,
    ["layers", ["depcruise", "--config", ".dependency-cruiser.cjs", ...roots]],
    ["unused", ["knip", "--no-config-hints"]],
    ["unused in production", ["knip", "--production", "--include", "files,dependencies,unlisted", "--no-config-hints"]],
    ["docs", ["node", join("tools", "docs.mjs"), "--check"]],
    ["lock file", ["node", join("tools", "lock.mjs"), "--check"]],
  ]);
}

const repairs = [["oxlint", "--fix"], ["oxfmt"], ["node", join("tools", "docs.mjs")]];

function environment() {
  const bin = join(root, "node_modules", ".bin");
  const path = [bin, dirname(nodePath()), process.env.PATH ?? ""].join(delimiter);
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  return { ...process.env, ...colour, PATH: path, NODE_COMPILE_CACHE: compileCache() };
}

function run([program, ...args]) {
  const started = performance.now();
  const child = spawn(program, args, { cwd: root, env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  return new Promise((resolve) => {
    const finish = (code) => resolve({ code, output, seconds: (performance.now() - started) / 1000 });
    child.on("error", (error) => {
      output += error.message;
      finish(1);
    });
    child.on("close", finish);
  });
}

/** Runs the steps side by side; resolves with the names of those that failed. */
export async function check(names = []) {
  const all = steps();
  const unknown = names.find((name) => !all.has(name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no step "${unknown}"; the steps are: ${[...all.keys()].join(", ")}.\n`);
    return [unknown];
  }
  const queue = [...all].filter(([name]) => names.length === 0 || names.includes(name));
  const width = Math.max(...queue.map(([name]) => name.length));
  const failed = [];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [name, command] = next;
      const { code, output, seconds } = await run(command);
      const mark = code === 0 ? "ok    " : "FAILED";
      process.stdout.write(`${mark}  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(5)} s\n`);
      if (code !== 0) failed.push({ name, output });
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, Math.max(2, availableParallelism())) }, worker));
  for (const { name, output } of failed) process.stdout.write(`\n--- ${name} ---\n${output.trimEnd()}\n`);
  return failed.map(({ name }) => name);
}

async function main() {
  await setUp();
  const names = process.argv.slice(2).filter((argument) => argument !== "--fix");
  if (process.argv.includes("--fix")) {
    for (const repair of repairs) {
      const { code, output } = await run(repair);
      if (code !== 0) process.stdout.write(`--- ${repair.join(" ")} ---\n${output.trimEnd()}\n`);
    }
  }
  const failed = await check(names);
  if (failed.length > 0) process.stdout.write(`\n${failed.length} failed: ${failed.join(", ")}.\n`);
  return failed.length > 0 ? 1 : 0;
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) await runTool(main);
