/**
 * `npm run drill`: the drills of test/faults at full length, as before a release; `npm test` runs them shortened.
 * Words select as they do for `npm test`, by parts of file names: `npm run drill -- kill-nine`, `npm run drill -- malformed`.
 * They run one after the other, tell how far they are, and end with a summary; docs/drills.md keeps the results.
 * `DRILL_SEED=...` repeats what was drawn by chance, `DRILL_LOG=FILE` also writes the telling into a file.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root } from "./setup.mjs";

const words = process.argv.slice(2);
const selection = words.length === 0 ? ["drills"] : words;
const args = [join(root, "tools", "test.mjs"), "--test-concurrency=1", ...selection];
const env = { ...process.env, DRILL: "full" };
process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" }).status ?? 1;
