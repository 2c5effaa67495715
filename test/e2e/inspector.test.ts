import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import type { Locator, Page } from "playwright-core";
import { launchBrowser, ready, startSite, Visitor } from "../support/browser.ts";
import { describeBrowsers } from "../support/browsers.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let server: ServerProcess;

before(async () => {
  server = await startSite();
});
after(() => server[Symbol.asyncDispose]());

const panel = (page: Page): Locator => page.getByRole("dialog", { name: "Live components" });
const row = (page: Page, name: RegExp): Locator => panel(page).getByRole("button", { name });

async function openPanel(page: Page): Promise<void> {
  // The inspector comes after the client, and only then hears its keys.
  await page.getByRole("button", { name: /^Live \d+/ }).waitFor();
  await page.keyboard.press("Alt+Shift+L");
  await panel(page).waitFor();
}

/** Waits until an element has a text. */
async function has(locator: Locator, text: RegExp): Promise<void> {
  await locator.filter({ hasText: text }).first().waitFor();
}

describeBrowsers("the inspector, as npm start offers it", (engine) => {
  it("splits the time of an action of the gallery by its guards", async () => {
    const visitor = await Visitor.arrive(engine.browser, server.url);
    const page = await visitor.open();
    await ready(page);
    await page.getByRole("button", { name: /^Like/ }).click();
    await page.getByText("You like this.").waitFor();
    await openPanel(page);
    await row(page, /^like /).click();
    const action = panel(page).getByRole("region", { name: "Last action" });
    await has(action, /set, \d\d:\d\d:\d\d: succeeded/);
    await has(action, /Round trip [\d.]+ m?s: server [\d.]+ m?s, network and browser [\d.]+ m?s/);
    const parts = await action.getByRole("rowheader").allTextContents();
    const phases = ["admit", "provenance", "authenticate", "limit", "validate", "authorise", "idempotency", "execute"];
    assert.deepEqual([...new Set(parts)], [...phases, "render", "seal", "settle", "store", "other"]);
    assert.equal(await action.locator("rect").count(), parts.length);
    visitor.satisfied();
  });

  it("leads from a refusal to its events in the console", async () => {
    const visitor = await Visitor.arrive(engine.browser, server.url);
    const page = await visitor.open();
    await ready(page);
    await page.getByLabel("Your name").fill("   ");
    await page.getByLabel("Your message").fill("Hello.");
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    await page.getByRole("button", { name: /^Live \d+ · 1 refused$/ }).click();
    await has(panel(page), /VALIDATION_ERROR.*sign of guestbook:.*Refused: \/params\/author.*input schema refused/);
    const link = panel(page).getByRole("link", { name: "Events of this request" });
    const address = (await link.getAttribute("href")) ?? "";
    const { stdout } = await runCommand(["link", "console"], { data: server.data });
    const door = await visitor.open(new URL(stdout.trim()).pathname);
    await door.getByRole("button", { name: "Enter" }).click();
    await door.waitForURL("**/console");
    // The recorder writes denials in batches.
    await assert.doesNotReject(async () => {
      for (let tries = 0; tries < 100; tries += 1) {
        await door.goto(server.url + address);
        if (/guestbook\.sign/.test(await door.getByRole("main").innerText())) return;
        await door.waitForTimeout(100);
      }
      throw new Error(await door.getByRole("main").innerText());
    });
    visitor.satisfied();
  });

  it("tells which tab has the stream of news", async () => {
    const visitor = await Visitor.arrive(engine.browser, server.url);
    const [first, second] = [await visitor.open(), await visitor.open()];
    for (const page of [first, second]) {
      await ready(page);
      await openPanel(page);
    }
    await has(panel(first), /Streamopen, in this tab/);
    // Which has it is known to the others once it says something: when somebody likes the event.
    await first.getByRole("button", { name: /^Like/ }).click();
    await has(panel(second), /Streamopen, in another tab of this browser.*News[1-9]\d* so far/);
    visitor.satisfied();
  });

  it("shows the playground's components, and how little an update sends", async () => {
    const visitor = await Visitor.arrive(engine.browser, server.url);
    const page = await visitor.open("/playground/table");
    await ready(page);
    await openPanel(page);
    assert.ok((await panel(page).locator("[data-select]").count()) > 0);
    await page.goto(`${server.url}/playground/counter`);
    await ready(page);
    await panel(page).waitFor();
    await row(page, /counter/).click();
    const add = page.getByRole("main").getByRole("button").first();
    await add.click();
    await has(panel(page), /Contentwhole, /);
    await add.click();
    await has(panel(page), /Contentpatch of \d+ B in place of [\d.]+ k?B: \d+ % saved/);
    visitor.satisfied();
  });
});

// Firefox ESR crashes when a tool asks for the elements that an `aria-labelledby` names, as axe does.
describe("the inspector for people who see or point differently", () => {
  it("has nothing to object to, closed and open, light and dark, on a desk and on a phone", async () => {
    await using chromium = await launchBrowser();
    const visitor = await Visitor.arrive(chromium, server.url);
    const page = await visitor.open();
    await ready(page);
    await page.getByLabel("Your name").fill("   ");
    await page.getByLabel("Your message").fill("Hello.");
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    await page.getByRole("button", { name: /1 refused$/ }).waitFor();
    const run = `axe.run(document, { runOnly: ${JSON.stringify(TAGS)} }).then(({ violations }) => violations
      .map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" | ")))`;
    for (const open of [false, true]) {
      if (open) {
        await openPanel(page);
        await row(page, /^guestbook /).click();
      }
      for (const [width, colorScheme] of [
        [1280, "light"],
        [390, "dark"],
      ] as const) {
        await page.setViewportSize({ width, height: 844 });
        await page.emulateMedia({ colorScheme });
        await page.evaluate(axe);
        assert.deepEqual(await page.evaluate(run), [], `${open ? "open" : "closed"}, ${width} px, ${colorScheme}`);
        const needed = await page.evaluate("document.documentElement.scrollWidth");
        assert.ok(Number(needed) <= width, `${String(needed)} px at ${width} px`);
        const box = open ? await panel(page).boundingBox() : undefined;
        assert.ok(box === undefined || box === null || (box.x >= 0 && box.x + box.width <= width), JSON.stringify(box));
      }
    }
    visitor.satisfied();
  });
});
