/**
 * `npm run drill`: the drills of test/faults at full length, as before a release; `npm test` runs them shortened.
 * Words select as they do for `npm test`: `npm run drill -- kill`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./setup.mjs";

const words = process.argv.slice(2);
const args = [join(root, "tools", "test.mjs"), ...(words.length === 0 ? ["drills"] : words)];
const env = { ...process.env, GATEHOUSE_DRILL: "full" };
process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" }).status ?? 1;
