/**
 * Bundles the library for tests of whole servers: a program that reads its thousand files takes a second of processor
 * time for that alone, and there are hundreds of such programs in a run. `bundled.mjs` has them read the bundle.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, stop } from "esbuild";
import { root } from "../setup.mjs";

const library = join(root, "packages", "gatehouse");

/** Files look for what lies beside their source, wherever they are bundled. */
const inPlace = {
  name: "in place",
  setup({ onLoad }) {
    onLoad({ filter: /\/packages\/gatehouse\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8")
        .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href))
        .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)))
        .replaceAll("import.meta.filename", JSON.stringify(path)),
      loader: "ts",
    }));
  },
};

/** Bundles every subpath of the library; answers with the folder, which has an `index.json` of them. */
export async function bundleLibrary() {
  const folder = join(root, "node_modules", ".cache", "gatehouse-bundle");
  const { name, exports } = JSON.parse(readFileSync(join(library, "package.json"), "utf8"));
  const subpaths = Object.entries(exports).filter(([, conditions]) => conditions["gatehouse-source"] !== undefined);
  const entryPoints = subpaths.map(([, conditions]) => join(library, conditions["gatehouse-source"]));
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node24",
    keepNames: true,
    logLevel: "warning",
    plugins: [inPlace],
  });
  await stop();
  const files = subpaths.map(([subpath, conditions]) => {
    const file = conditions["gatehouse-source"].replace(/^\.\/src\/(.*)\.ts$/, "$1.mjs");
    return [name + subpath.slice(1), pathToFileURL(join(folder, file)).href];
  });
  writeFileSync(join(folder, "index.json"), JSON.stringify(Object.fromEntries(files), undefined, 2));
  return folder;
}
