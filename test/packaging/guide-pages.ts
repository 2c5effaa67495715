import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { makeInstallation } from "../support/installation.ts";
import { hasOwnProject, readSteps, type Step } from "./guide-page.ts";
import { Reader } from "./guide-reader.ts";
import { repository, RepositoryCopy } from "./repository-copy.ts";

/** What is followed, and how long a page may be. */
export interface Pages {
  readonly name: string;
  /** Relative to the repository. */
  readonly paths: readonly string[];
  readonly lines: number;
}

/** Why the pages cannot be followed on this machine, or `false`: programs they type besides Node and npm. */
function skipWithout(programs: readonly string[]): string | false {
  const missing = programs.filter((name) => spawnSync(name, ["--version"]).error !== undefined);
  return missing.length > 0 && process.env["CI"] === undefined ? `not installed: ${missing.join(", ")}` : false;
}

/** Pages that operate a server without starting one are for an installation that was started before. */
async function prepareData(directory: string, steps: readonly Step[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  if (steps.some(({ kind }) => kind === "start")) return;
  if (steps.some(({ kind, text }) => kind === "run" && text.includes("gatehouse -- ")))
    await makeInstallation(directory);
}

async function followPage(copy: RepositoryCopy, path: string, steps: readonly Step[]): Promise<void> {
  const own = hasOwnProject(steps);
  if (!own) await prepareData(join(copy.root, "data"), steps);
  const folder = own ? join(copy.root, "guide", basename(path, ".md")) : copy.root;
  await using reader = await Reader.open(folder, join(copy.root, "node_modules", ".cache"));
  for (const step of steps) await reader.follow(step, path);
}

/** Follows every page to the letter in a copy of the repository; `more` adds tests that need the copy afterwards. */
export function describePages({ name, paths, lines }: Pages, more?: (copy: () => RepositoryCopy) => void): void {
  describe(name, { skip: skipWithout(["bash", "curl", "openssl"]) }, () => {
    let copy: RepositoryCopy;
    before(async () => {
      copy = await RepositoryCopy.create();
      const { code, output } = await copy.tool("build-client.mjs");
      assert.equal(code, 0, output);
    });
    after(() => copy[Symbol.asyncDispose]());

    // Pages in the repository share its data directory, one after the other; those with projects of their own do not.
    describe("followed to the letter", { concurrency: 2 }, () => {
      for (const own of [true, false]) {
        describe(own ? "in a project" : "in the repository", { concurrency: 1 }, () => {
          for (const path of paths) {
            const steps = readSteps(join(repository, path));
            if (hasOwnProject(steps) === own) it(`works as ${path} says`, () => followPage(copy, path, steps));
          }
        });
      }
    });
    it(`keeps to ${lines} lines a page`, async () => {
      for (const path of paths) {
        const text = await readFile(join(repository, path), "utf8");
        assert.ok(text.trimEnd().split("\n").length <= lines, path);
      }
    });
    more?.(() => copy);
  });
}
