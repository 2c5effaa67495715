/**
 * Bundles the browser runtime of live components: packages/gatehouse/src/client -> packages/gatehouse/dist/client: live.js,
 * which every page loads, and push.js, which live.js imports where a page wants to hear of news. The published package contains the result; in the repository it is built whenever its sources have changed, by
 * `npm start`, `npm test` and `npm run build`, so that nobody has to think of it.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const library = fileURLToPath(new URL("../packages/gatehouse/", import.meta.url));
const sources = join(library, "src", "client");
const target = join(library, "dist", "client");
const core = join(target, "live.js");
const push = join(target, "push.js");
const stamp = join(target, "live.js.sources");

/** Builds the bundles unless they were made from the sources as they are; answers whether they were built. */
export async function buildClientIfChanged() {
  const state = fingerprint();
  if (read(stamp) === state && read(core) !== undefined && read(push) !== undefined) return false;
  const pushScript = await bundle("push.ts");
  // As the server names it, see live/client-bundle.ts.
  const hash = createHash("sha256").update(pushScript).digest("hex").slice(0, 16);
  const coreScript = await bundle("live.ts", { PUSH_PATH: JSON.stringify(`./push.${hash}.js`) });
  // Its service would stay as a child of the server that is started next.
  const { stop } = await import("esbuild");
  await stop();
  mkdirSync(target, { recursive: true });
  replace(push, pushScript);
  replace(core, coreScript);
  replace(stamp, state);
  return true;
}

async function bundle(entry, define = {}) {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(sources, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    define,
    external: ["./push.*.js"],
    target: ["es2022", "chrome111", "firefox115", "safari16.4"],
    legalComments: "none",
    logLevel: "warning",
  });
  return outputFiles[0].contents;
}

function fingerprint() {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of readdirSync(sources).toSorted()) {
    if (name.endsWith(".ts") && !name.endsWith(".test.ts")) hash.update(name).update(readFileSync(join(sources, name)));
  }
  return hash.digest("hex");
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Several processes may build at once: each replaces the file as a whole. */
function replace(path, contents) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildClientIfChanged();
