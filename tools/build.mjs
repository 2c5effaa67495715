/**
 * `npm run build`: compiles the library to packages/gatehouse/dist, as it is published: JavaScript, declarations,
 * the bundled browser client and the files that code reads at run time.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { nodePath, root, runTool, SetupError, setUp } from "./setup.mjs";

const library = join(root, "packages", "gatehouse");
const source = join(library, "src");
const target = join(library, "dist");

function run(script, args) {
  const { status } = spawnSync(nodePath(), [script, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new SetupError("The build failed.");
}

/** Style sheets and the like, which the compiler passes over. */
function assets(folder = "") {
  return readdirSync(join(source, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return path === "client" ? [] : assets(path);
    return /\.(ts|json)$/.test(entry.name) ? [] : [path];
  });
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

await runTool(async () => {
  await setUp();
  // The client stays until its successor replaces it: a server that runs from the sources reads it there.
  if (existsSync(target)) {
    for (const name of readdirSync(target)) if (name !== "client") rmSync(join(target, name), { recursive: true });
  }
  for (const project of ["tsconfig.build.json", "tsconfig.build-browser.json"]) {
    run(join(root, "node_modules", "typescript", "bin", "tsc"), ["-p", join(library, project)]);
  }
  for (const path of assets()) copy(join(source, path), join(target, path));
  run(join(root, "tools", "build-client.mjs"), []);
  for (const file of ["README.md", "LICENSE"]) copy(join(root, file), join(library, file));
  process.stdout.write(`Built ${target}.\n`);
});
