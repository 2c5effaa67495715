import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** What a tool for accessibility finds at least moderate, in words. */
async function faultsOf(page: Page, rules: readonly string[]): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(rules)} }).then(({ violations }) => violations
      .filter(({ impact }) => impact !== "minor")
      .map(({ id, impact, nodes }) => id + " (" + impact + "): " + nodes.map(({ html }) => html).join(" | ")))`,
  );
  // Written by the expression above.
  return found as string[];
}

/** Looks at a page in light and dark, at a desk and on a phone. Dark differs from light in its colours alone. */
export async function inspect(page: Page, what: string): Promise<void> {
  for (const [viewport, colorScheme, rules] of [
    [DESK, "light", TAGS],
    [DESK, "dark", ["color-contrast"]],
    [PHONE, "dark", TAGS],
  ] as const) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    assert.deepEqual(await faultsOf(page, rules), [], `${what}, ${viewport.width} px, ${colorScheme}`);
  }
  for (const width of [1280, 390, 320]) {
    await page.setViewportSize({ width, height: 800 });
    const needed = Number(await page.evaluate("document.documentElement.scrollWidth"));
    assert.ok(needed <= width, `${what} is ${needed} px wide at ${width} px`);
  }
}
