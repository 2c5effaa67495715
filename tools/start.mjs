/**
 * `npm start`: prepares what is missing, then runs the server in the foreground.
 * Arguments go to the server: `npm start -- --port 4000`.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { compileCache, nodePath, root, runTool, setUp } from "./setup.mjs";

/** Runs a command and resolves with its exit code; signals that reach this process are passed on. */
function run(args, environment) {
  const child = spawn(nodePath(), args, { env: { ...process.env, ...environment }, stdio: "inherit" });
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

await runTool(async () => {
  await setUp();
  const buildClient = join(root, "tools", "build-client.mjs");
  if (existsSync(buildClient)) {
    const { buildClientIfChanged } = await import("./build-client.mjs");
    await buildClientIfChanged();
  }
  const main = join(root, "apps", "server", "src", "main.ts");
  return run(["--conditions=gatehouse-source", main, "start", ...process.argv.slice(2)], {
    NODE_COMPILE_CACHE: compileCache(),
  });
});
