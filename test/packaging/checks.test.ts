import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { RepositoryCopy } from "./repository-copy.ts";

describe("npm run check", () => {
  let copy: RepositoryCopy;

  before(async () => {
    copy = await RepositoryCopy.create();
  });
  after(() => copy[Symbol.asyncDispose]());

  /** Runs a step of the check, which must fail and name every culprit that was planted. */
  async function expectFailure(step: string, culprits: readonly RegExp[]): Promise<void> {
    const { code, output } = await copy.tool("check.mjs", step);
    assert.equal(code, 1, output);
    assert.match(output, new RegExp(`FAILED {2}${step}`));
    for (const culprit of culprits) assert.match(output, culprit);
  }

  /** Puts changes into the copy until disposed. */
  async function plant(changes: Readonly<Record<string, (text: string) => string>>): Promise<AsyncDisposable> {
    const stack = new AsyncDisposableStack();
    for (const [path, edit] of Object.entries(changes)) stack.use(await copy.change(path, edit));
    return stack;
  }

  it("fails on imports against the direction of the layers, of values and of types alone", async () => {
    await using _planted = await plant({
      "packages/gatehouse/src/store/planted.ts": () => "export const planted = 1;\n",
      "packages/gatehouse/src/guards/planted.ts": () =>
        'import { planted } from "../store/planted.ts";\nexport const value = planted;\n',
      "packages/gatehouse/src/http/planted.ts": () => "export type Planted = 1;\n",
      "packages/gatehouse/src/kernel/planted.ts": () =>
        'import type { Planted } from "../http/planted.ts";\nexport const value: Planted = 1;\n',
      "apps/gallery/src/planted.ts": () =>
        'export { defineAction } from "../../../packages/gatehouse/src/kernel/action.ts";\n',
    });
    await expectFailure("layers", [
      /layer-guards: packages\/gatehouse\/src\/guards\/planted\.ts/,
      /layer-kernel: packages\/gatehouse\/src\/kernel\/planted\.ts/,
      /apps-by-the-front-door: apps\/gallery\/src\/planted\.ts/,
    ]);
  });

  it("fails on an export that nothing uses, and on a file that nothing imports", async () => {
    await using _planted = await plant({
      "packages/gatehouse/src/kernel/ids.ts": (text) => `${text}\nexport function plantedExport(): void {}\n`,
      "packages/gatehouse/src/kernel/planted-file.ts": () => "export {};\n",
    });
    await expectFailure("unused", [/plantedExport/, /planted-file\.ts/]);
  });

  it("fails on ambient time, randomness and environment, unexplained assertions and promises nobody awaits", async () => {
    const ambient = ["Date.now()", "new Date()", "Math.random()", "process.env", "crypto.randomUUID()"];
    const readings = ambient.map((expression, index) => `export const planted${index} = ${expression};`);
    await using _planted = await plant({
      "packages/gatehouse/src/guards/planted.ts": () => `${readings.join("\n")}\n`,
      "packages/gatehouse/src/kernel/planted.ts": () =>
        "/** Planted. */\nexport const planted: unknown = 1;\nexport const other = planted as string;\n",
      "packages/gatehouse/src/http/planted.ts": () => "async function planted(): Promise<void> {}\nplanted();\n",
    });
    await expectFailure("lint", [
      ...["Date.now", "new Date\\(\\)", "Math.random", "process.env", "crypto.randomUUID"].map(
        (name) => new RegExp(`${name} is ambient`),
      ),
      /explained-assertions/,
      /no-floating-promises/,
      /documented-exports/,
    ]);
  });

  it("fails on reference pages that the code has left behind, or that were edited by hand", async () => {
    await using _planted = await plant({
      "packages/gatehouse/src/kernel/problems.ts": (text) =>
        text.replace("There is no such action.", "There is no such planted action."),
      "docs/reference/events.md": (text) => `${text}By hand.\n`,
    });
    await expectFailure("docs", [/problems\.md is out of date/, /events\.md is out of date/]);
  });
});
