import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { it } from "node:test";
import { describePages } from "./guide-pages.ts";
import { repository, run } from "./repository-copy.ts";

// The pages type "curl" and "openssl".
const paths = globSync("docs/guide/**/*.md", { cwd: repository }).sort();

describePages({ name: "the guide", paths, lines: 150 }, (copy) => {
  it("shows programs that the compiler accepts", async () => {
    // The settings that the guide itself names, for a package whose sources are not built here.
    const compilerOptions = { customConditions: ["gatehouse-source"], rewriteRelativeImportExtensions: true };
    const settings = { extends: "./guide/project/tsconfig.json", compilerOptions, include: ["guide", "*.config.ts"] };
    await copy().write("tsconfig.guide.json", JSON.stringify(settings));
    const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
    const { code, output } = await run(process.execPath, [compiler, "-p", "tsconfig.guide.json"], copy().root);
    assert.equal(code, 0, output);
  });

  it("has pictures of modest size", async () => {
    const images = globSync("docs/guide/images/*.png", { cwd: repository });
    assert.ok(images.length > 0);
    for (const image of images) assert.ok((await stat(join(repository, image))).size <= 150_000, image);
  });
});
