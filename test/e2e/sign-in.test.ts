import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { authenticatorCode } from "../support/authenticator-app.ts";
import { launchBrowser, ready, settled, startSite, Visitor } from "../support/browser.ts";
import { makeAccount, operate, signInToGallery, typePassword } from "../support/gallery-people.ts";
import type { ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** Signs in at the console's door with a password, and a second factor that is set up on the way. */
async function signInToConsole(page: Page, email: string): Promise<void> {
  await page.getByRole("link", { name: "Sign in" }).click();
  await typePassword(page, email);
  await page.getByRole("heading", { name: "Set up a second factor" }).waitFor();
  await page.fill("#code", authenticatorCode((await page.textContent(".secret")) ?? ""));
  await page.press("#code", "Enter");
  await page.getByText("I have kept them").click();
}

/** Signs out, at the issuer too, which asks once more. */
async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign out?" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
}

describe("a host of the gallery", () => {
  for (const javaScriptEnabled of [true, false]) {
    it(`signs in, writes, and signs out, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
      const name = javaScriptEnabled ? "Anna" : "Ben";
      const { email } = await makeAccount(server, name);
      await using visitor = await Visitor.arrive(browser, server.url, { javaScriptEnabled });
      const page = await visitor.open();
      await signInToGallery(page, email);
      await page.getByText(`Signed in as ${name}`).waitFor();
      if (javaScriptEnabled) await ready(page);
      await page.getByLabel("Your name").fill(name);
      await page.getByLabel("Your message").fill(`Thank you all, ${name}`);
      await page.getByRole("button", { name: "Sign the guestbook" }).click();
      await page.getByText(`Thank you all, ${name}`).waitFor();
      if (javaScriptEnabled) await settled(page);
      await signOut(page);
      await page.waitForURL("**/events/anna-and-ben");
      await page.getByRole("link", { name: "Sign in" }).click();
      await page.locator("#password").waitFor();
      visitor.satisfied();
    });
  }

  it("is out at once when the account is disabled", async () => {
    const { id, email } = await makeAccount(server, "Carla");
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open();
    await signInToGallery(page, email);
    await operate(server, "accounts.disable", { id });
    await page.reload();
    await page.getByRole("link", { name: "Sign in" }).click();
    await typePassword(page, email);
    await page.getByRole("alert").waitFor();
  });
});

describe("an administrator", () => {
  it("sets up a second factor on the way into the console, and signs out at the issuer too", async () => {
    const { email } = await makeAccount(server, "Olga", ["operator"]);
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open("/console/guards");
    await signInToConsole(page, email);
    await page.getByRole("heading", { level: 1, name: "Guards" }).waitFor();
    await page.getByText("Signed in as Olga").waitFor();
    await signOut(page);
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/console");
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.locator("#password").waitFor();
    visitor.satisfied();
  });

  it("signs out at the issuer by the button of another application, too", async () => {
    const { email } = await makeAccount(server, "Vera", ["operator"]);
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open("/console");
    await signInToConsole(page, email);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.goto(`${server.url}/events/anna-and-ben`);
    await page.getByText("Signed in as Vera").waitFor();
    await signOut(page);
    await page.waitForURL("**/events/anna-and-ben");
    assert.equal((await page.goto(`${server.url}/console`))?.status(), 401);
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.locator("#password").waitFor();
  });

  it("does not enter by a password alone", async () => {
    const { email } = await makeAccount(server, "Paula", ["operator"]);
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open();
    await signInToGallery(page, email);
    for (const path of ["/console", "/console/events", "/console/bans"]) {
      const answer = await page.goto(server.url + path);
      assert.equal(answer?.status(), 403);
      assert.doesNotMatch((await page.textContent("body")) ?? "", /Overview|Signed in as/);
    }
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.waitForURL("**/sign-in/*");
    assert.equal((await page.goto(`${server.url}/console`))?.status(), 403);
  });

  it("is one by the account's grants, not by having two factors", async () => {
    const { email } = await makeAccount(server, "Dora");
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open("/console");
    await signInToConsole(page, email);
    await page.getByText("PERMISSION_DENIED").waitFor();
    assert.equal((await page.goto(`${server.url}/console`))?.status(), 401);
  });

  it("is out at once when the account is disabled", async () => {
    const { id, email } = await makeAccount(server, "Rosa", ["operator"]);
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open("/console");
    await signInToConsole(page, email);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await operate(server, "accounts.disable", { id });
    assert.equal((await page.goto(`${server.url}/console`))?.status(), 401);
    await page.getByRole("link", { name: "Sign in" }).click();
    await typePassword(page, email);
    await page.getByRole("alert").waitFor();
  });
});
