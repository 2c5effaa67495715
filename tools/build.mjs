/**
 * `npm run build`: compiles the library to packages/gatehouse/dist, as it is published: JavaScript, declarations,
 * the bundled browser client and the files that code reads at run time. `--out <folder>` builds elsewhere.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, globSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { nodePath, root, runTool, SetupError, setUp } from "./setup.mjs";

const library = join(root, "packages", "gatehouse");

function run(args) {
  const { status } = spawnSync(nodePath(), args, { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new SetupError("The build failed.");
}
