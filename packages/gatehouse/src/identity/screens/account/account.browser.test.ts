import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { hasBrowser, launchBrowser } from "../../../../../../test/support/browser.ts";
import { linkTo } from "../../../testing/account-letters.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NEW_PASSWORD = "nine herons under a tin roof";
const EMAIL = "ada@example.org";

describe("joining and getting back in, in Chromium", { skip: !hasBrowser("chromium") }, () => {
  let site: IdentitySite;
  let browser: Browser;
  before(async () => {
    site = await openIdentitySite();
    browser = await launchBrowser();
  });
  after(async () => {
    await browser.close();
    await site[Symbol.asyncDispose]();
  });

  async function invite(email: string): Promise<void> {
    const person = { tenant: "default", email, name: "Ada", locale: "en", grants: [] };
    await site.services.store.write((writing) => site.accounts.membership.invite(writing, person));
  }

  /** Follows the link of the newest letter. */
  async function openLetter(page: Page): Promise<void> {
    await page.goto(`${site.origin}/development/mailbox`);
    await page.locator("article a").first().click();
    await page.locator("#password").waitFor();
  }

  async function signIn(page: Page, password: string): Promise<void> {
    await page.fill("#email", EMAIL);
    await page.fill("#password", password);
    await page.locator("form[action$=password] button").click();
    await page.waitForURL(`${site.callback}*`);
  }

  it("needs no script from the invitation to the new password", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await invite(EMAIL);
    await openLetter(page);
    assert.equal(new URL(page.url()).pathname, "/invitation");
    assert.equal(await page.inputValue("#email"), EMAIL);
    await page.fill("#password", SITE_PASSWORD);
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.getByRole("heading", { name: "Your account is ready" }).waitFor();

    const first = await site.begin({}, OWN_CLIENT);
    await page.goto(first.url.href);
    await signIn(page, SITE_PASSWORD);
    const { sub } = await site.redeem(first, new URL(page.url()), OWN_CLIENT);

    await context.clearCookies();
    const second = await site.begin({}, OWN_CLIENT);
    await page.goto(second.url.href);
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    await page.fill("#email", EMAIL);
    await page.getByRole("button", { name: "Send the letter" }).click();
    await page.getByRole("heading", { name: "Look into your mailbox" }).waitFor();
    await openLetter(page);
    assert.equal(new URL(page.url()).pathname, "/account/new-password");
    await page.fill("#password", NEW_PASSWORD);
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByRole("link", { name: "Sign in" }).click();
    await signIn(page, NEW_PASSWORD);
    assert.equal((await site.redeem(second, new URL(page.url()), OWN_CLIENT)).sub, sub);
    await context.close();
  });

  it("follows a link from a page of another site, which brings no session along", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    // A session that the link arrives without.
    await page.goto(`${site.origin}/account/reset`);
    await invite("bea@example.org");
    assert.notEqual(new URL(site.callback).hostname, new URL(site.origin).hostname);
    await page.goto(site.callback);
    await page.setContent(`<a href="${linkTo(site, "bea@example.org")}">Letter</a>`);
    await page.getByRole("link", { name: "Letter" }).click();
    await page.fill("#password", SITE_PASSWORD);
    assert.equal(new URL(page.url()).pathname, "/invitation");
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.getByRole("heading", { name: "Your account is ready" }).waitFor();
    await context.close();
  });

  async function inspect(page: Page, what: string): Promise<void> {
    await page.evaluate(axe);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const faults = await page.evaluate("axe.run(document).then(({ violations }) => violations.map(({ id }) => id))");
      assert.deepEqual(faults, [], `${what}, ${colorScheme}`);
    }
    const needed = Number(await page.evaluate("document.documentElement.scrollWidth"));
    assert.ok(needed <= 320, `${what} is ${needed} px wide`);
  }

  it("has no faults of accessibility, light or dark, on the smallest of phones", async () => {
    // Without the policy, which forbids what the tool puts into the page.
    const context = await browser.newContext({
      bypassCSP: true,
      locale: "de-DE",
      viewport: { width: 320, height: 640 },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    for (const path of ["/register", "/account/reset", "/account/new-password"]) {
      await page.goto(site.origin + path);
      await inspect(page, path);
    }
    await page.goto(`${site.origin}/register`);
    await page.fill("#email", "somebody@example");
    await page.locator("main button").click();
    await page.locator(".field-error").waitFor();
    await inspect(page, "a letter refused");
    await page.fill("#email", "somebody@example.org");
    await page.locator("main button").click();
    await page.locator("main .quiet").waitFor();
    await inspect(page, "a letter on its way");
    await page.goto(linkTo(site, "somebody@example.org"));
    await inspect(page, "joining");
    await page.fill("#name", "Somebody");
    await page.fill("#password", "short");
    await page.locator("main button").click();
    await page.locator(".field-error").waitFor();
    await inspect(page, "joining refused");
    await page.fill("#password", SITE_PASSWORD);
    await page.locator("main button").click();
    await page.waitForFunction("document.querySelector('main form') === null");
    await inspect(page, "an account that is ready");
    await context.close();
  });
});
