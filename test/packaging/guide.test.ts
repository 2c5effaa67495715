import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hasOwnProject, readSteps } from "./guide-page.ts";
import { Reader } from "./guide-reader.ts";
import { repository, RepositoryCopy, run } from "./repository-copy.ts";

const PAGES = [
  ...globSync("docs/guide/**/*.md", { cwd: repository }),
  ...globSync("docs/runbooks/*.md", { cwd: repository }),
].sort();

describe("the guide", () => {
  let copy: RepositoryCopy;

  before(async () => {
    copy = await RepositoryCopy.create();
    const { code, output } = await copy.tool("build-client.mjs");
    assert.equal(code, 0, output);
  });
  after(() => copy[Symbol.asyncDispose]());

  for (const page of PAGES) {
    it(`works as ${page} says`, async (test) => {
      const steps = await readSteps(join(repository, page));
      if (steps.length === 0) return test.diagnostic("shows nothing to type");
      await rm(join(copy.root, "data"), { recursive: true, force: true });
      const folder = hasOwnProject(steps) ? join(copy.root, "guide", basename(page, ".md")) : copy.root;
      await using reader = await Reader.open(folder);
      for (const step of steps) await reader.follow(step, page);
    });
  }

  it("shows programs that the compiler accepts", async () => {
    await copy.write(
      "tsconfig.guide.json",
      '{ "extends": "./tsconfig.base.json", "include": ["guide", "*.config.ts"] }',
    );
    const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
    const { code, output } = await run(process.execPath, [compiler, "-p", "tsconfig.guide.json"], copy.root);
    assert.equal(code, 0, output);
  });
});
