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

describe("the console's page of join tokens", () => {
  it("makes a token, shows its code again, gives it another link and revokes it", async () => {
    const { visitor, page } = await enter("/console/join-tokens");
    await page.getByLabel("Event, by its identifier").fill("anna-and-ben");
    await page.getByLabel("What it is for").fill("Tables");
    await page.getByLabel("download").check();
    await page.getByRole("button", { name: "Create" }).click();
    const link = page.getByRole("status", { name: "Link for guests" });
    const made = await link.locator("code").first().textContent();
    assert.match(new URL(made ?? "").pathname, /^\/join\/gj_[0-9A-Za-z]{33}$/);
    await page
      .getByRole("row", { name: /Tables/ })
      .getByRole("cell", { name: "view, upload, download" })
      .waitFor();
    await page.getByRole("button", { name: "Show the QR code of Tables" }).click();
    await page.getByRole("img", { name: "QR code of the link" }).waitFor();
    assert.equal(await link.locator("code").first().textContent(), made);
    await page.getByRole("button", { name: "New link of Tables" }).click();
    await page.waitForURL("**/rotate");
    assert.notEqual(await link.locator("code").first().textContent(), made);
    await page.getByRole("link", { name: "Tables", exact: true }).click();
    await page.getByText("Nothing happened.").waitFor();
    await page.getByRole("button", { name: "Revoke of Tables" }).click();
    await page.getByText("revoked").waitFor();
    visitor.satisfied();
  });

  it("says what is wrong and keeps what was typed", async () => {
    const { page } = await enter("/console/join-tokens");
    await page.getByLabel("Event, by its identifier").fill("brunch");
    await page.getByLabel("What it is for").fill("Door");
    await page.getByLabel("Days").fill("soon");
    await page.getByRole("button", { name: "Create" }).click();
    await page
      .getByRole("alert")
      .getByText(/^days:/)
      .waitFor();
    assert.equal(await page.getByLabel("What it is for").inputValue(), "Door");
  });
});
