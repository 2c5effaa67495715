/** `npm run agent -- --credentials FILE`: the gallery's agent, which works on orders without any model. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { compileCache, nodePath, root, runTool, setUp } from "./setup.mjs";

await runTool(async () => {
  await setUp();
  const child = spawn(nodePath(), [join(root, "apps", "agent", "src", "main.ts"), ...process.argv.slice(2)], {
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache() },
    stdio: "inherit",
  });
  // A terminal sends Ctrl-C to the whole process group: the child has it already.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
});
