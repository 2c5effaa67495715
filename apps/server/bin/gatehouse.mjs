#!/usr/bin/env node
// Runs the command on the repository's own Node, from the sources.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { nodePath } from "../../../tools/setup.mjs";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const result = spawnSync(nodePath(), ["--conditions=gatehouse-source", main, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = result.status ?? 1;
