import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository under test. */
export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const FOLDERS = ["apps", "docs", "examples", "packages", "test", "tools"];
const GENERATED = new Set(["node_modules", "dist", ".next", "data"]);

/** How a program ended, and what it printed to both of its streams. */
export interface Run {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end. */
export async function run(program: string, parameters: readonly string[], directory: string): Promise<Run> {
  const child = spawn(program, parameters, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code]: (number | null)[] = await once(child, "close");
  return { code: code ?? null, output };
}

/** A copy of the sources in a temporary folder, with the dependencies linked. */
export class RepositoryCopy implements AsyncDisposable {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<RepositoryCopy> {
    const root = await mkdtemp(join(tmpdir(), "gatehouse-copy-"));
    for (const entry of await readdir(repository, { withFileTypes: true })) {
      if (entry.isDirectory() ? !FOLDERS.includes(entry.name) : entry.name.endsWith(".lock")) continue;
      const filter = (path: string): boolean => !GENERATED.has(basename(path));
      await cp(join(repository, entry.name), join(root, entry.name), { recursive: true, filter });
    }
    await linkDependencies(root);
    return new RepositoryCopy(root);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.root, path), "utf8");
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  /** Appends to a file, and gives back a function that restores it. */
  async change(path: string, edit: (text: string) => string): Promise<AsyncDisposable> {
    const before = existsSync(join(this.root, path)) ? await this.read(path) : undefined;
    const after = edit(before ?? "");
    if (after === before) throw new Error(`Nothing was changed in ${path}.`);
    await this.write(path, after);
    return {
      [Symbol.asyncDispose]: () =>
        before === undefined ? rm(join(this.root, path)) : writeFile(join(this.root, path), before),
    };
  }

  /** Runs one of the repository's tools in the copy. */
  tool(name: string, ...parameters: string[]): Promise<Run> {
    return run(process.execPath, [join(this.root, "tools", name), ...parameters], this.root);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

/** Links every dependency, and makes the links of the workspaces lead into the copy. */
async function linkDependencies(root: string): Promise<void> {
  const from = join(repository, "node_modules");
  const to = join(root, "node_modules");
  await mkdir(join(to, "@gatehouse"), { recursive: true });
  for (const name of await readdir(from)) {
    if (name === "gatehouse" || name === "@gatehouse" || name === ".cache") continue;
    await symlink(join(from, name), join(to, name));
  }
  await symlink(join(root, "packages", "gatehouse"), join(to, "gatehouse"));
  for (const app of await readdir(join(root, "apps"))) {
    await symlink(join(root, "apps", app), join(to, "@gatehouse", app));
  }
}
