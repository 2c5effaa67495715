/**
 * Ends a test file that has run longer than any may, with all that it has started: a test that hangs, or leaves a
 * server behind, would else keep the whole run waiting. Loaded by `npm test` into each file's process.
 */
import { readdirSync, readFileSync } from "node:fs";

const LIMIT_MS = 600_000;

/** The processes that a process has started, and those that they have. */
function descendants(pid) {
  const parents = new Map();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      // What follows the name, which may hold anything: state, parent.
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended since.
    }
  }
  const of = (parent) => [...parents].filter(([, its]) => its === parent).flatMap(([child]) => [child, ...of(child)]);
  return of(pid);
}

function end() {
  const held = process.getActiveResourcesInfo().join(", ");
  process.stderr.write(`${process.argv[1]}: still running after ${LIMIT_MS / 60_000} minutes; held by: ${held}\n`);
  for (const pid of process.platform === "linux" ? descendants(process.pid) : []) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended since.
    }
  }
  process.exit(1);
}

// The process that runs the files has no test context; drills at full length watch their time themselves.
if (process.env.NODE_TEST_CONTEXT !== undefined && process.env.DRILL !== "full") setTimeout(end, LIMIT_MS).unref();
