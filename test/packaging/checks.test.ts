import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RepositoryCopy } from "./repository-copy.ts";

describe("npm run check", () => {
  let copy: RepositoryCopy;

  before(async () => {
    copy = await RepositoryCopy.create();
  });
  after(() => copy[Symbol.asyncDispose]());

  /** Runs steps of the check, which must name the culprit when it was planted. */
  async function expectFailure(step: string, culprit: RegExp): Promise<void> {
    const { code, output } = await copy.tool("check.mjs", step);
    assert.equal(code, 1, output);
    assert.match(output, new RegExp(`FAILED {2}${step}`));
    assert.match(output, culprit);
  }

  it("passes on the sources as they are", async () => {
    const { code, output } = await copy.tool("check.mjs", "lint", "layers", "unused", "unused in production", "docs");
    assert.equal(code, 0, output);
  });

  it("fails on an import against the direction of the layers", async () => {
    await using _store = await copy.change(
      "packages/gatehouse/src/store/planted.ts",
      () => "export const planted = 1;\n",
    );
    await using _guard = await copy.change(
      "packages/gatehouse/src/guards/planted.ts",
      () => 'import { planted } from "../store/planted.ts";\nexport const value = planted;\n',
    );
    await expectFailure("layers", /layer-guards: packages\/gatehouse\/src\/guards\/planted\.ts/);
  });

  it("fails on an import of types alone against the direction of the layers", async () => {
    await using _store = await copy.change(
      "packages/gatehouse/src/http/planted.ts",
      () => "export type Planted = 1;\n",
    );
    await using _guard = await copy.change(
      "packages/gatehouse/src/kernel/planted.ts",
      () => 'import type { Planted } from "../http/planted.ts";\nexport const value: Planted = 1;\n',
    );
    await expectFailure("layers", /layer-kernel: packages\/gatehouse\/src\/kernel\/planted\.ts/);
  });

  it("fails on an application that reaches into the library's sources", async () => {
    await using _application = await copy.change(
      "apps/gallery/src/planted.ts",
      () => 'export { defineAction } from "../../../packages/gatehouse/src/kernel/action.ts";\n',
    );
    await expectFailure("layers", /apps-by-the-front-door: apps\/gallery\/src\/planted\.ts/);
  });

  it("fails on an export that nothing uses", async () => {
    await using _export = await copy.change(
      "packages/gatehouse/src/kernel/ids.ts",
      (text) => `${text}\n/** Planted. */\nexport function plantedExport(): void {}\n`,
    );
    await expectFailure("unused", /plantedExport/);
  });

  it("fails on a file that nothing imports", async () => {
    await using _file = await copy.change("packages/gatehouse/src/kernel/planted-file.ts", () => "export {};\n");
    await expectFailure("unused", /planted-file\.ts/);
  });

  const ambient = ["Date.now()", "new Date()", "Math.random()", "process.env", "crypto.randomUUID()"];
  for (const expression of ambient) {
    it(`fails on ${expression} outside the files that may`, async () => {
      await using _reading = await copy.change(
        "packages/gatehouse/src/guards/limit-key.ts",
        (text) => `${text}\n/** Planted. */\nexport const planted = ${expression};\n`,
      );
      await expectFailure("lint", /no-ambient-sources/);
    });
  }

  it("fails on an `as` that gives no reason", async () => {
    await using _assertion = await copy.change(
      "packages/gatehouse/src/kernel/ids.ts",
      (text) =>
        `${text}\n/** Planted. */\nexport const planted: unknown = isUuid;\n\nexport const other = planted as string;\n`,
    );
    await expectFailure("lint", /explained-assertions/);
  });

  it("fails on a promise that nobody waits for", async () => {
    await using _promise = await copy.change(
      "packages/gatehouse/src/kernel/ids.ts",
      (text) => `${text}\nasync function planted(): Promise<void> {}\nplanted();\n`,
    );
    await expectFailure("lint", /no-floating-promises/);
  });

  it("fails on a reference page that the code has left behind", async () => {
    await using _problem = await copy.change("packages/gatehouse/src/kernel/problems.ts", (text) =>
      text.replace("There is no such action.", "There is no such planted action."),
    );
    await expectFailure("docs", /problems\.md is out of date/);
  });

  it("fails on a reference page that was edited by hand", async () => {
    await using _page = await copy.change("docs/reference/events.md", (text) => `${text}By hand.\n`);
    await expectFailure("docs", /events\.md is out of date/);
  });
});
