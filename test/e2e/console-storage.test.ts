import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
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

async function enter(path: string): Promise<{ readonly visitor: Visitor; readonly page: Page }> {
  const visitor = await Visitor.arrive(browser, server.url);
  const { stdout } = await runCommand(["link", "console"], { data: server.data });
  const door = await visitor.open(new URL(stdout.trim()).pathname);
  await door.getByRole("button", { name: "Enter" }).click();
  await door.waitForURL("**/console");
  return { visitor, page: await visitor.open(path) };
}

describe("the console's page of storage", () => {
  it("shows the targets, and probes them", async () => {
    const { visitor, page } = await enter("/console/storage");
    await page.getByRole("button", { name: "Probe now" }).click();
    const card = page.getByRole("region", { name: "Targets" });
    await card.getByRole("heading", { name: "hot ok" }).waitFor();
    assert.match((await card.textContent()) ?? "", /Capacity\s+[\d.]+ [KMGTP]iB of [\d.]+ [KMGTP]iB \(\d+ %\)/);
    await page.getByText("There is no archive").waitFor();
    await page.getByText("None was used up in the last 24 hours.").waitFor();
    visitor.satisfied();
  });
});
