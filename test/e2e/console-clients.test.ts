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

function askToken(id: string, secret: string): Promise<Response> {
  const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}` };
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  return fetch(`${server.url}/oauth/token`, { method: "POST", headers, body });
}

describe("the console's page of clients", () => {
  it("makes a client that gets tokens, gives it another secret, disables and deletes it", async () => {
    const { visitor, page } = await enter("/console/clients");
    await page.getByLabel("Name").fill("Nightly job");
    await page.getByRole("button", { name: "Create" }).click();
    const made = page.getByRole("status", { name: "Made just now" });
    const [id = "", secret = ""] = await made.locator("code").allTextContents();
    assert.match(id, /^client_[0-9a-f]{32}$/);
    assert.equal((await askToken(id, secret)).status, 200);
    await page.getByRole("button", { name: "New secret of Nightly job" }).click();
    const [, second = ""] = await made.locator("code").allTextContents();
    assert.notEqual(second, secret);
    assert.equal((await askToken(id, second)).status, 200);
    await page.getByRole("button", { name: "Disable of Nightly job" }).click();
    await page.getByRole("button", { name: "Enable of Nightly job" }).waitFor();
    assert.equal((await askToken(id, second)).status, 401);
    await page.getByRole("button", { name: "Delete of Nightly job" }).click();
    await page.getByText("There are no clients.").waitFor();
    visitor.satisfied();
  });

  it("says what is wrong and keeps what was typed", async () => {
    const { page } = await enter("/console/clients");
    await page.getByLabel("Name").fill("Bad");
    await page.getByLabel("Redirect addresses").fill("https://app.example/ javascript:alert(1)");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByText("redirectUris/1: Addresses of the scheme javascript cannot be redirected to.").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), "Bad");
  });

  it("issues and revokes initial access tokens", async () => {
    const { visitor, page } = await enter("/console/clients");
    await page.getByLabel("For").fill("Partner");
    await page.getByRole("button", { name: "Issue" }).click();
    await page.getByRole("status", { name: "Made just now" }).waitFor();
    await page.getByRole("button", { name: "Revoke of Partner" }).click();
    await page.getByText("No token is good.").waitFor();
    visitor.satisfied();
  });
});

describe("the console's page of emergencies", () => {
  it("sets and lifts a measure", async () => {
    const { visitor, page } = await enter("/console/emergency");
    const form = page.getByRole("form", { name: "Set registrations-closed" });
    await form.getByLabel("Reason").fill("a flood");
    await form.getByRole("button", { name: "Set" }).click();
    await page.getByText(/In force until .*: a flood/).waitFor();
    const answer = await fetch(`${server.url}/oauth/clients`, { method: "POST" });
    assert.equal(answer.status, 503);
    await page.getByRole("button", { name: "Lift registrations-closed" }).click();
    await form.waitFor();
    visitor.satisfied();
  });
});
