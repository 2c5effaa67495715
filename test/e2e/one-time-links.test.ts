// People click twice. The browser gives up the first request for the second, whose answer is what they see; and
// whether it still took the cookie of the first one's answer depends on how far that had come.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, startSite, Visitor } from "../support/browser.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

async function link(purpose: string): Promise<string> {
  const { code, stdout, stderr } = await runCommand(["link", purpose], { data: server.data });
  assert.equal(code, 0, stderr);
  return new URL(stdout.trim()).pathname;
}

const DOORS = [
  { purpose: "console", button: "Enter", inside: (page: Page) => page.getByRole("button", { name: "Sign out" }) },
  { purpose: "guest", button: "Come in", inside: (page: Page) => page.getByRole("button", { name: /^Like/ }) },
] as const;
/** Milliseconds between the clicks: from before the first request is sent to after its answer has come. */
const PAUSES = [0, 5, 15, 30, 60];

async function clickTwice(page: Page, name: string, between: number): Promise<void> {
  const box = await page.getByRole("button", { name }).boundingBox();
  assert.ok(box !== null);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.click(x, y);
  if (between > 0) await pause(between);
  await page.mouse.click(x, y);
}

describe("the button behind a one-time link", () => {
  for (const { purpose, button, inside } of DOORS) {
    it(`lets in who clicks twice, by the ${purpose} link`, async () => {
      for (const [index, between] of PAUSES.entries()) {
        await using visitor = await Visitor.arrive(browser, server.url, { javaScriptEnabled: index % 2 === 0 });
        const page = await visitor.open(await link(purpose));
        await clickTwice(page, button, between);
        await inside(page).waitFor();
        await page.reload();
        await inside(page).waitFor();
      }
    });
  }

  it("lets nobody in twice who comes with another browser", async () => {
    const path = await link("guest");
    await using visitor = await Visitor.arrive(browser, server.url);
    await using other = await Visitor.arrive(browser, server.url);
    const [page, late] = [await visitor.open(path), await other.open(path)];
    await clickTwice(page, "Come in", 0);
    await late.getByRole("button", { name: "Come in" }).dblclick();
    await late.getByText("This link was used already or has expired.").waitFor();
  });
});
