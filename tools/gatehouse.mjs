/**
 * `npm run gatehouse -- <command>`: prepares what is missing, then runs the `gatehouse` command from the sources.
 * `npm start` is the command `start`; arguments after `--` are passed on.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compileCache, nodePath, root, runTool, setUp } from "./setup.mjs";

/** Runs the command in the foreground; signals that reach this process are passed on. Resolves to its exit code. */
export async function gatehouse(words) {
  await setUp();
  await prepareClient();
  const main = join(root, "apps", "server", "src", "main.ts");
  const child = spawn(nodePath(), ["--conditions=gatehouse-source", main, ...words], {
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache() },
    stdio: "inherit",
  });
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the whole process group: the child has it already.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** Bundles the browser client when its sources changed. */
export async function prepareClient() {
  const { buildClientIfChanged } = await import("./build-client.mjs");
  await buildClientIfChanged();
}

if (pathToFileURL(process.argv[1] ?? "").href === import.meta.url) {
  await runTool(() => gatehouse(process.argv.slice(2)));
}
