/**
 * Bundles the browser runtime of live components: packages/gatehouse/src/client -> packages/gatehouse/dist/client/live.js,
 * and beside it the chunks that it loads where a page needs them. And the gallery's own script, which has a page with a
 * client of actors: apps/gallery/src/wall/page -> apps/gallery/dist/wall.js.
 * The published package contains the result; in the repository it is built whenever its sources have changed, by
 * `npm start`, `npm test` and `npm run build`, so that nobody has to think of it.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const library = join(root, "packages", "gatehouse");
const sources = join(library, "src", "client");
const target = join(library, "dist", "client");
const stamp = join(target, "live.js.sources");
/** Each is a file of the sources; client/chunks.ts says what on a page has it loaded. */
const chunks = ["inspector", "push", "upload"];
/** Scripts of their own, for pages without live components. */
const scripts = ["passkey", "resumable", "desk"];
/** Of the gallery: what it is made of, the client of actors included, and where it goes. */
const wall = {
  sources: [join(root, "apps", "gallery", "src", "wall"), join(library, "src", "realtime", "client")],
  entry: join(root, "apps", "gallery", "src", "wall", "page", "wall.ts"),
  target: join(root, "apps", "gallery", "dist", "wall.js"),
};

/** Builds the bundles unless they were made from the sources as they are; answers whether they were built. */
export async function buildClientIfChanged() {
  const state = fingerprint();
  const files = [...["live", ...chunks, ...scripts].map((name) => join(target, `${name}.js`)), wall.target];
  const isBuilt = files.every((path) => read(path) !== undefined);
  if (read(stamp) === state && isBuilt) return false;
  mkdirSync(target, { recursive: true });
  // The core names its chunks by what is in them, as the server does.
  const hashes = {};
  for (const name of chunks) hashes[name] = hashOf(await bundleClient(name));
  for (const name of scripts) await bundleClient(name);
  await bundleClient("live", { CHUNKS: JSON.stringify(hashes) });
  mkdirSync(dirname(wall.target), { recursive: true });
  await bundle(wall);
  // Its service would stay as a child of the server that is started next.
  const { stop } = await import("esbuild");
  await stop();
  replace(stamp, state);
  return true;
}

function bundleClient(name, define = {}) {
  return bundle({ entry: join(sources, `${name}.ts`), target: join(target, `${name}.js`), define });
}

/** Bundles one file of sources, and answers with what has become of it. */
async function bundle({ entry, target: path, define = {} }) {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    conditions: ["gatehouse-source"],
    format: "esm",
    target: ["es2022", "chrome111", "firefox115", "safari16.4"],
    legalComments: "none",
    logLevel: "warning",
    define,
  });
  const [{ contents }] = outputFiles;
  replace(path, contents);
  return contents;
}

function hashOf(contents) {
  return createHash("sha256").update(contents).digest("hex").slice(0, 16);
}

function fingerprint() {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  for (const folder of [sources, ...wall.sources]) {
    for (const name of readdirSync(folder, { recursive: true }).toSorted()) {
      if (name.endsWith(".ts") && !name.endsWith(".test.ts"))
        hash.update(name).update(readFileSync(join(folder, name)));
    }
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
