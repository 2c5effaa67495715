import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { askServer, controlSocketPath } from "gatehouse/control";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { authenticatorCode } from "../support/authenticator-app.ts";
import { hasBrowser, launchBrowser, startSite, Visitor } from "../support/browser.ts";
import { describeBrowsers, optionsWithoutScripts, siteOf, stopScripts } from "../support/browsers.ts";
import type { ServerProcess } from "../support/server-process.ts";

const PASSWORD = "seven lanterns cross the pond";
const NEW_PASSWORD = "nine herons under a tin roof";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Somebody who can sign in. */
async function account(server: ServerProcess, name: string, grants: readonly string[] = []): Promise<string> {
  const email = `${name.toLowerCase()}@example.org`;
  const input = { name, email, grants, password: PASSWORD };
  const answer = await askServer(controlSocketPath(server.data), { action: "accounts.create", input });
  assert.ok(answer?.outcome.ok, JSON.stringify(answer));
  return email;
}

async function typePassword(page: Page, email: string, password = PASSWORD): Promise<void> {
  // What is there already stays: a list of what was typed before would open, and in Firefox swallow the next click.
  if ((await page.inputValue("#email")) !== email) await page.fill("#email", email);
  await page.fill("#password", password);
  await page.locator("form[action$=password] button").click();
}

/** Sets up an authenticator app on the page of factors; returns its key. */
async function addApp(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Set up an authenticator app" }).click();
  const key = (await page.textContent(".secret")) ?? "";
  await page.fill("#code", authenticatorCode(key));
  await page.press("#code", "Enter");
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  return key;
}

describeBrowsers("one's own account without scripts", (engine) => {
  it("is looked after from the password to the sessions", async () => {
    const server = await siteOf(engine);
    const email = await account(server, `Ada-${engine.name}`);
    const context = await engine.browser.newContext(optionsWithoutScripts(engine));
    await stopScripts(engine, context);
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      await page.goto(`${server.url}/account`);
      await typePassword(page, email);
      await page.getByRole("heading", { name: "Your account" }).waitFor();
      await page.getByRole("button", { name: "Send a letter to confirm it" }).click();
      await page.getByRole("status").waitFor();
      await page.goto(`${server.url}/development/mailbox`);
      await page.locator("article a").first().click();
      await page.getByRole("button", { name: "Confirm the address" }).click();
      await page.getByRole("heading", { name: "Your address is confirmed" }).waitFor();

      await page.goto(`${server.url}/account`);
      await page.getByText("(confirmed)").waitFor();
      await page.getByRole("link", { name: "Password" }).click();
      await page.fill("#password", "short");
      await page.getByRole("button", { name: "Change the password" }).click();
      await page.locator(".field-error").waitFor();
      await page.fill("#password", NEW_PASSWORD);
      await page.press("#password", "Enter");
      await page.getByText("Your password was changed").waitFor();

      await page.getByRole("link", { name: "Second factors" }).click();
      await addApp(page);
      await page.getByRole("link", { name: "I have kept them" }).click();
      // The sign-on has ended with the old password, so that both are asked for.
      await typePassword(page, email, NEW_PASSWORD);
      await page.getByText("Use a recovery code instead").waitFor();
      await page.goto(`${server.url}/account/sessions`);
      await page.getByRole("heading", { name: "Where you are signed in" }).waitFor();
      await page.getByRole("link", { name: "Back to your account" }).click();
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.goto(`${server.url}/account`);
      await page.locator("#password").waitFor();
    } finally {
      await context.close();
    }
  });
});

describe("one's own account, in Chromium", { skip: !hasBrowser("chromium") }, () => {
  let browser: Browser;
  let server: ServerProcess;
  before(async () => {
    [browser, server] = await Promise.all([launchBrowser(), startSite()]);
  });
  after(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  async function authenticator(context: BrowserContext, page: Page): Promise<CDPSession> {
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        ...{ protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
      },
    });
    return devtools;
  }

  it("gets a passkey, which then signs its owner in", async () => {
    const email = await account(server, "Bea");
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open("/account/factors");
    await typePassword(page, email);
    await authenticator(visitor.context, page);
    await page.fill("#name", "Laptop");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
    await visitor.context.clearCookies();
    // The virtual authenticator answers by itself what waits in the field.
    await page.goto(`${server.url}/account/factors`);
    await page.locator("strong", { hasText: "Laptop" }).waitFor();
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("The passkey was not made").waitFor();
    await page.getByRole("button", { name: "Remove Laptop" }).click();
    await page.getByText("The second factor was removed").waitFor();
    visitor.satisfied();
  });

  it("is where an operator proves more, without the console taking them for more or losing them", async () => {
    const email = await account(server, "Olga", ["operator"]);
    await using visitor = await Visitor.arrive(browser, server.url);
    const page = await visitor.open();
    await page.getByRole("link", { name: "Sign in" }).click();
    await typePassword(page, email);
    await page.getByText("Signed in as Olga").waitFor();
    const tab = await visitor.open("/account/factors");
    const key = await addApp(tab);
    await tab.getByRole("link", { name: "I have kept them" }).click();
    await tab.fill("#code", authenticatorCode(key, Date.now() + 30_000));
    await tab.press("#code", "Enter");
    await tab.getByText("10 are left").waitFor();
    await page.reload();
    await page.getByText("Signed in as Olga").waitFor();
    assert.equal((await tab.goto(`${server.url}/console`))?.status(), 403);
  });

  it("has no faults of accessibility, light or dark, in both languages, on the smallest of phones", async () => {
    const names = { "en-GB": "Cyd", "de-DE": "Dora" } as const;
    for (const [locale, name] of Object.entries(names)) {
      const email = await account(server, name);
      // Without the policy, which forbids what the tool puts into the page.
      const phone = { bypassCSP: true, locale, viewport: { width: 320, height: 640 } };
      const context = await browser.newContext({ ...phone, extraHTTPHeaders: { "x-forwarded-for": "203.0.113.250" } });
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      await page.goto(`${server.url}/account`);
      await typePassword(page, email);
      await page.waitForURL("**/account");
      for (const path of ["", "/password", "/factors", "/sessions", "/applications", "/email"]) {
        await page.goto(`${server.url}/account${path}`);
        await inspect(page, `/account${path} ${locale}`);
      }
      await page.goto(`${server.url}/account/factors`);
      await page.locator("form[action$='totp/begin'] button").click();
      await page.locator("#code").waitFor();
      await inspect(page, `setting up an app ${locale}`);
      await page.fill("#code", authenticatorCode((await page.textContent(".secret")) ?? ""));
      await page.press("#code", "Enter");
      await page.locator(".codes").waitFor();
      await inspect(page, `recovery codes ${locale}`);
      await context.close();
    }
  });

  async function inspect(page: Page, what: string): Promise<void> {
    await page.evaluate(axe);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const faults = await page.evaluate("axe.run(document).then(({ violations }) => violations.map(({ id }) => id))");
      assert.deepEqual(faults, [], `${what}, ${colorScheme}`);
      const directory = process.env["GATEHOUSE_SCREENSHOTS"];
      if (directory !== undefined) {
        const name = `${what.replaceAll(/[^A-Za-z-]+/g, "_")}-${colorScheme}.png`;
        await page.screenshot({ path: `${directory}/${name}`, fullPage: true });
      }
    }
    const needed = Number(await page.evaluate("document.documentElement.scrollWidth"));
    assert.ok(needed <= 320, `${what} is ${needed} px wide`);
  }
});

describe("signing in over https, in Chromium", { skip: !hasBrowser("chromium") }, () => {
  it("leads back to the application, and in two tabs at once", async () => {
    const environment = { GATEHOUSE_SERVER_TLS_DEVELOPMENT: "true" };
    await using server = await startSite({ environment });
    assert.match(server.url, /^https:/);
    const browser = await launchBrowser();
    try {
      const email = await account(server, "Eve");
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const [first, second] = [await context.newPage(), await context.newPage()];
      for (const page of [first, second]) {
        page.setDefaultTimeout(20_000);
        await page.goto(`${server.url}/account`);
      }
      for (const page of [second, first]) {
        await typePassword(page, email);
        await page.waitForURL("**/account");
        await page.getByRole("heading", { name: "Your account" }).waitFor();
      }
      await context.close();
    } finally {
      await browser.close();
    }
  });
});
