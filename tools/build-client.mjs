// Builds the browser runtime into packages/gatehouse/dist/client/live.js, unless it is newer than its sources.
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const library = fileURLToPath(new URL("../packages/gatehouse/", import.meta.url));
const sources = join(library, "src/client");
const output = join(library, "dist/client/live.js");

/** Builds what is out of date; answers whether anything was built. */
export async function buildClient() {
  if (isFresh()) return false;
  mkdirSync(join(library, "dist/client"), { recursive: true });
  await build({
    entryPoints: [join(sources, "live.ts")],
    outfile: output,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome111", "firefox115", "safari16.4"],
    legalComments: "none",
    logLevel: "warning",
  });
  return true;
}

function isFresh() {
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return false;
  const files = [fileURLToPath(import.meta.url), ...readdirSync(sources).map((name) => join(sources, name))];
  return files.every((file) => statSync(file).mtimeMs < built);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildClient();
