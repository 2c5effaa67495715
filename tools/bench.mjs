/**
 * `npm run bench`: measures beside the libraries a user would otherwise pick. `npm run bench -- seal` runs the
 * benchmarks whose path contains a word; options (`--json`) go to them. The peers are dependencies of bench/
 * alone, installed here and nowhere else.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareClient } from "./gatehouse.mjs";
import { compileCache, nodePath, root, runTool, SetupError, setUp } from "./setup.mjs";

const bench = join(root, "bench");

function installPeers() {
  const lock = join(bench, "package-lock.json");
  if (!existsSync(lock)) return;
  const wanted = createHash("sha256").update(readFileSync(lock)).digest("hex");
  const stamp = join(bench, "node_modules", ".gatehouse-setup");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  process.stderr.write("Installing the peers to measure against ...\n");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync("npm", args, { cwd: bench, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) throw new SetupError("The peers could not be installed.");
  mkdirSync(join(bench, "node_modules"), { recursive: true });
  writeFileSync(stamp, wanted);
}

function benchmarks(words) {
  const paths = readdirSync(bench, { recursive: true })
    .filter((path) => path.endsWith(".bench.ts") && !path.includes("node_modules"))
    .sort();
  return words.length === 0 ? paths : paths.filter((path) => words.some((word) => path.includes(word)));
}

await runTool(async () => {
  await setUp();
  const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
  const chosen = benchmarks(process.argv.slice(2).filter((word) => !word.startsWith("--")));
  if (chosen.length === 0) throw new SetupError("No benchmark fits.");
  await prepareClient();
  installPeers();
  for (const path of chosen) {
    process.stdout.write(`\n# ${path}\n`);
    const args = ["--conditions=gatehouse-source", "--expose-gc", join(bench, path), ...options];
    const env = { ...process.env, NODE_COMPILE_CACHE: compileCache() };
    const { status } = spawnSync(nodePath(), args, { cwd: root, env, stdio: "inherit" });
    if (status !== 0) return status ?? 1;
  }
  return 0;
});
