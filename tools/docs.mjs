/**
 * `npm run docs`: writes docs/reference from the code. `--check` writes nothing and fails where a page differs.
 * The generators import the library's sources, so they run on the pinned Node with its source condition.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { prepareClient } from "./gatehouse.mjs";
import { compileCache, nodePath, root, runTool, setUp } from "./setup.mjs";

await runTool(async () => {
  await setUp();
  await prepareClient();
  const main = join(root, "tools", "docs", "main.ts");
  const { status } = spawnSync(nodePath(), ["--conditions=gatehouse-source", main, ...process.argv.slice(2)], {
    cwd: root,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache() },
    stdio: "inherit",
  });
  return status ?? 1;
});
