/**
 * `npm test`: prepares what is missing, checks the sources, and runs every test in one `node --test`.
 *
 *   npm test                     everything
 *   npm test -- unit stores      suites: unit, stores, attacks, packaging, browser, drills
 *   npm test -- csrf             test files whose path contains a word, else tests whose name does
 *   npm test -- --no-check       without the checks of `npm run check`, which a selection leaves out anyway
 *
 * With CI=true a program that is needed and cannot be installed is a failure; else its tests are skipped.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants, availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { check } from "./check.mjs";
import { prepareClient } from "./gatehouse.mjs";
import { compileCache, nodePath, root, runTool, SetupError, setUp } from "./setup.mjs";
import { howToInstall, prepare } from "./testing/programs.mjs";
import { select, testFiles } from "./testing/suites.mjs";

/** Drills at full length (`npm run drill`) take as long as they take; they watch their time themselves. */
const TEST_TIMEOUT_MS = process.env.DRILL === "full" ? 12 * 3_600_000 : 180_000;

/** Files beyond one a core: half of the time a test of a browser or of several processes waits for something. */
const WAITING = 2;

function environment(more = {}) {
  const path = [join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);
  return { ...process.env, PATH: path, NODE_COMPILE_CACHE: compileCache(), ...more };
}

/**
 * Prepares the programs that the files need, and leaves out what cannot run without a browser. Other tests skip
 * themselves where a program is missing; in CI nothing may be missing.
 */
function withoutMissing(files) {
  const missing = prepare([...new Set(files.flatMap(({ needs }) => needs))]);
  if (missing.length === 0) return files;
  if (process.env.CI !== undefined) throw new SetupError(`Not installed, and needed in CI: ${howToInstall(missing)}.`);
  const affected = files.filter(({ needs }) => needs.some((name) => missing.includes(name)));
  const suites = [...new Set(affected.map(({ suite }) => suite))];
  process.stderr.write(
    `Not installed: ${howToInstall(missing)}. Tests that need it are skipped: ${suites.join(", ")}.\n`,
  );
  return missing.includes("chromium") ? files.filter(({ needs }) => !needs.includes("chromium")) : files;
}

/** Starts the database servers once for the whole run; `stop` ends them. */
async function startServices(files) {
  const needed = new Set(files.flatMap(({ needs }) => needs));
  const names = ["postgresql", "valkey"].filter((name) => needed.has(name) && prepare([name]).length === 0);
  if (names.length === 0) return { variables: {}, stop: async () => {} };
  const child = spawn(nodePath(), [join(root, "tools", "testing", "services.ts"), ...names], {
    env: environment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, "line"), closed.then(() => undefined)]);
  if (first === undefined) throw new SetupError("The database servers for the tests could not be started.");
  const stop = async () => {
    child.stdin.end();
    await closed;
  };
  return { variables: JSON.parse(first[0]), stop };
}

async function runTests({ files, patterns, options }, variables) {
  const args = [
    "--test",
    "--conditions=gatehouse-source",
    `--import=${new URL("testing/watchdog.mjs", import.meta.url).href}`,
    `--import=${new URL("testing/bundled.mjs", import.meta.url).href}`,
    "--test-reporter=spec",
    `--test-concurrency=${availableParallelism() + WAITING}`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    ...patterns.map((pattern) => `--test-name-pattern=${pattern}`),
    ...options,
    ...files.map(({ path }) => path),
  ];
  const child = spawn(nodePath(), args, { cwd: root, env: environment(variables), stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  const [code, signal] = await once(child, "close");
  return code ?? 128 + (constants.signals[signal] ?? 0);
}

await runTool(async () => {
  const words = process.argv.slice(2);
  await setUp();
  const selection = select(
    words.filter((word) => word !== "--no-check"),
    testFiles(),
  );
  const files = withoutMissing(selection.files);
  if (files.length === 0) throw new SetupError("No test file fits.");
  if (!selection.filtered && !words.includes("--no-check")) {
    const failed = await check();
    if (failed.length > 0) throw new SetupError(`\nThe checks failed, so no test ran: ${failed.join(", ")}.`);
  }
  await prepareClient();
  const { bundleLibrary } = await import("./testing/bundle.mjs");
  const bundle = await bundleLibrary();
  const services = await startServices(files);
  try {
    return await runTests({ ...selection, files }, { ...services.variables, TEST_BUNDLE: bundle });
  } finally {
    await services.stop();
  }
});
