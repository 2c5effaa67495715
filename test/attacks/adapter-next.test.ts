import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describeAdapter } from "../support/adapter-attacks.ts";
import { startExample, type Example } from "../support/example.ts";

const NEXT = fileURLToPath(new URL("../../node_modules/next/dist/bin/next", import.meta.url));

function run(args: readonly string[], folder: string): void {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  const options = { cwd: fileURLToPath(new URL(`../../${folder}`, import.meta.url)), env, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  if (status !== 0) throw new Error(`${args.join(" ")} failed:\n${stdout}\n${stderr}`);
}

/** Next compiles what it serves, so it gets the library as it is published. */
async function startNext(): Promise<Example> {
  run(["tools/build.mjs"], "");
  run([NEXT, "build"], "examples/next/");
  return startExample("next", [NEXT, "start", "-p", "{port}", "-H", "127.0.0.1"]);
}

describeAdapter("Next", startNext);
