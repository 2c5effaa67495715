import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { repository, RepositoryCopy, run } from "./repository-copy.ts";

interface Manifest {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const CLIENT_BUDGET = 24 * 1024;
// The library's own package.json, whose shape this test checks.
const manifest = JSON.parse(
  readFileSync(join(repository, "packages", "gatehouse", "package.json"), "utf8"),
) as Manifest;
const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
const subpaths = Object.keys(manifest.exports).map((subpath) => `gatehouse${subpath.slice(1)}`);

describe("the published package", () => {
  let project: string;
  let files: string[];
  const folder = (): string => join(project, "node_modules", "gatehouse");
  const text = (file: string): Promise<string> => readFile(join(folder(), file), "utf8");

  before(async () => {
    project = await mkdtemp(join(tmpdir(), "gatehouse-consumer-"));
    await using copy = await RepositoryCopy.create();
    const built = await copy.tool("build.mjs");
    assert.equal(built.code, 0, built.output);
    await pack(copy, project);
    files = await readdir(folder(), { recursive: true });
  });
  after(() => rm(project, { recursive: true, force: true }));

  it("holds what its exports name", () => {
    for (const [subpath, conditions] of Object.entries(manifest.exports)) {
      for (const condition of ["types", "default"]) {
        const file = conditions[condition]?.slice(2);
        assert.ok(file !== undefined && files.includes(file), `${subpath}: ${condition} names ${String(file)}`);
      }
      assert.equal(Object.keys(conditions).at(-1), "default", `${subpath}: default comes last`);
    }
  });

  it("holds no sources, tests or settings of the repository", () => {
    const foreign = files.filter((file) => /(^src\/|\.test\.|tsconfig|(?<!\.d)\.ts$)/.test(file));
    assert.deepEqual(foreign, []);
    for (const file of ["README.md", "LICENSE", "package.json"]) assert.ok(files.includes(file), file);
  });

  it("imports nothing that it does not bring or declare", async () => {
    const faults: string[] = [];
    for (const file of files.filter((name) => /\.(js|d\.ts)$/.test(name) && !name.startsWith("dist/client/"))) {
      for (const name of importsOf(await text(file))) {
        if (!isAvailable(name, file)) faults.push(`${file}: ${name}`);
      }
    }
    assert.deepEqual(faults, []);
  });

  it("loads at every subpath", async () => {
    const lines = subpaths.map(
      (subpath) => `console.log("${subpath}", Object.keys(await import("${subpath}")).length);`,
    );
    await writeFile(join(project, "load.mjs"), lines.join("\n"));
    const { code, output } = await run(process.execPath, ["load.mjs"], project);
    assert.equal(code, 0, output);
    for (const subpath of subpaths) assert.match(output, new RegExp(`^${subpath} \\d+$`, "m"));
  });

  it("types every subpath for a user who checks libraries too", async () => {
    const forBrowsers = (subpath: string): boolean => subpath.endsWith("/browser");
    const servers = subpaths.filter((subpath) => !forBrowsers(subpath));
    assert.deepEqual(await faultsOf(servers, { lib: ["ESNext"], types: ["node"] }), []);
    const browsers = subpaths.filter(forBrowsers);
    assert.deepEqual(await faultsOf(browsers, { lib: ["ESNext", "DOM"], types: [] }), []);
  });

  /** What the compiler objects to in the package's types where these subpaths are used. */
  async function faultsOf(used: readonly string[], platform: object): Promise<string[]> {
    const lines = used.map((subpath, index) => `import type * as module${index} from "${subpath}";`);
    const uses = used.map((_, index) => `keyof typeof module${index}`).join(" | ");
    await writeFile(join(project, "use.ts"), `${lines.join("\n")}\nexport type Names = ${uses};\n`);
    const options = { module: "NodeNext", target: "ESNext", strict: true, noEmit: true, ...platform };
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: { ...options, exactOptionalPropertyTypes: true, skipLibCheck: false },
        files: ["use.ts"],
      }),
    );
    const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
    const { output } = await run(process.execPath, [compiler, "-p", "."], project);
    return output.split("\n").filter((line) => line.includes("node_modules/gatehouse/") || line.startsWith("use.ts"));
  }

  it("brings a browser client that a strict content security policy lets run", async () => {
    const clients = files.filter((file) => /^dist\/client\/.*\.js$/.test(file));
    assert.ok(clients.length > 0, "the client is in the package");
    for (const file of clients) {
      const code = await text(file);
      for (const forbidden of [
        /\bnode:/,
        /\beval\(/,
        /\bnew Function\b/,
        /\bprocess\.env\b/,
        /\brequire\(/,
        /\bzod\b/i,
      ]) {
        assert.doesNotMatch(code, forbidden, `${file} contains ${String(forbidden)}`);
      }
      const size = gzipSync(code).byteLength;
      assert.ok(size <= CLIENT_BUDGET, `${file}: ${size} bytes compressed, at most ${CLIENT_BUDGET}`);
    }
  });

  function isAvailable(name: string, file: string): boolean {
    if (name.startsWith(".")) {
      const target = posix.join(posix.dirname(file), name);
      const candidates = [target, target.replace(/\.js$/, ".d.ts"), target.replace(/\.ts$/, ".d.ts")];
      return candidates.some((candidate) => files.includes(candidate));
    }
    if (name.startsWith("node:") || builtinModules.includes(name)) return name.startsWith("node:");
    return declared.some((dependency) => name === dependency || name.startsWith(`${dependency}/`));
  }
});

/** What a file imports, statically or dynamically. Comments are taken out: their examples import too. */
function importsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s*)["']([\w@./:-]+)["']/gm;
  return [...code.matchAll(pattern)].map(([, name = ""]) => name);
}

/** Packs the library and unpacks it into a project that has the library's dependencies and nothing else. */
async function pack(copy: RepositoryCopy, project: string): Promise<void> {
  const library = join(copy.root, "packages", "gatehouse");
  const packed = await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", project], library);
  assert.equal(packed.code, 0, packed.output);
  const archive = (await readdir(project)).find((name) => name.endsWith(".tgz"));
  assert.ok(archive !== undefined, packed.output);
  const modules = join(project, "node_modules");
  await mkdir(join(modules, "gatehouse"), { recursive: true });
  const unpacked = await run(
    "tar",
    ["-xzf", join(project, archive), "--strip-components=1"],
    join(modules, "gatehouse"),
  );
  assert.equal(unpacked.code, 0, unpacked.output);
  for (const name of [...declared, "@types/node", "@types/pg", "undici-types"]) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(repository, "node_modules", name), join(modules, name));
  }
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", type: "module", private: true }));
}
