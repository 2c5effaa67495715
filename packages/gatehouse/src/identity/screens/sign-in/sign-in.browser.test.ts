import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { describeBrowsers, optionsWithoutScripts, stopScripts } from "../../../../../../test/support/browsers.ts";
import { hasBrowser, launchBrowser } from "../../../../../../test/support/browser.ts";
import { systemClock } from "../../../kernel/clock.ts";
import {
  openIdentitySite,
  OWN_CLIENT,
  SITE_PASSWORD,
  totpCode,
  type IdentitySite,
} from "../../../testing/identity-site.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

let site: IdentitySite;
let people = 0;
before(async () => (site = await openIdentitySite()));
after(() => site[Symbol.asyncDispose]());

/** Somebody who can sign in. */
async function person() {
  people += 1;
  const email = `person-${people}@example.org`;
  return { email, account: await site.join(email) };
}

/** A window that notes what its pages forbid or fail at. */
async function watched(context: BrowserContext): Promise<{ readonly page: Page; readonly complaints: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (request.url().endsWith("/csp/report")) complaints.push(String(request.postData()));
  });
  return { page, complaints };
}

async function typePassword(page: Page, email: string, password = SITE_PASSWORD): Promise<void> {
  // What is there already stays: a list of what was typed before would open, and in Firefox swallow the next click.
  if ((await page.inputValue("#email")) !== email) await page.fill("#email", email);
  await page.fill("#password", password);
  await page.locator("form[action$=password] button").click();
}

describeBrowsers("signing in", (engine) => {
  for (const scripts of [true, false]) {
    it(`leads to an application at another origin and out again, ${scripts ? "with" : "without"} scripts`, async () => {
      const { email, account } = await person();
      const context = await engine.browser.newContext(scripts ? {} : optionsWithoutScripts(engine));
      if (!scripts) await stopScripts(engine, context);
      try {
        const { page, complaints } = await watched(context);
        const request = await site.begin();
        await page.goto(request.url.href);
        await typePassword(page, email, "not the password");
        await page.getByRole("alert").waitFor();
        assert.equal(await page.inputValue("#email"), email);
        await typePassword(page, email);
        await page.getByRole("button", { name: "Allow", exact: true }).click();
        await page.waitForURL(`${site.callback}*`);
        assert.equal((await site.redeem(request, new URL(page.url()))).sub, account.id);

        const query = new URLSearchParams({ client_id: OWN_CLIENT, post_logout_redirect_uri: site.callback });
        await page.goto(`${site.origin}/oauth/logout?${query}`);
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.waitForURL(`${site.callback}*`);
        await page.goto((await site.begin({ prompt: "none" })).url.href);
        assert.equal(new URL(page.url()).searchParams.get("error"), "login_required");
        assert.deepEqual(complaints, []);
      } finally {
        await context.close();
      }
    });
  }

  it("asks for the second factor, in the language somebody changes to meanwhile", async () => {
    const { email, account } = await person();
    const secret = await site.addTotp(account);
    const context = await engine.browser.newContext({ locale: "en-GB" });
    try {
      const { page, complaints } = await watched(context);
      const request = await site.begin({}, OWN_CLIENT);
      await page.goto(request.url.href);
      await typePassword(page, email);
      await page.getByLabel("Code from your authenticator app").waitFor();
      await page.getByRole("button", { name: "Deutsch" }).click();
      await page.getByRole("heading", { name: "Bestätigen Sie, dass Sie es sind" }).waitFor();
      await page.fill("#code", totpCode(secret, systemClock.now()));
      await page.press("#code", "Enter");
      await page.waitForURL(`${site.callback}*`);
      assert.equal((await site.redeem(request, new URL(page.url()), OWN_CLIENT))["acr"], "aal2");
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  });
});

describe("signing in with a passkey, in Chromium", { skip: !hasBrowser("chromium") }, () => {
  it("needs neither a name nor a password, and counts as two factors", async () => {
    const browser = await launchBrowser();
    try {
      const { account, email } = await person();
      const context = await browser.newContext();
      const { page, complaints } = await watched(context);
      const devtools = await context.newCDPSession(page);
      await devtools.send("WebAuthn.enable");
      await devtools.send("WebAuthn.addVirtualAuthenticator", {
        options: {
          ...{ protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true },
          ...{ isUserVerified: true, automaticPresenceSimulation: true },
        },
      });
      // A page of the origin, on which a passkey can be made.
      await page.goto(`${site.origin}/device`);
      const place = { tenant: account.tenant, session: "setting up", origin: site.origin };
      const read: IdentitySite["services"]["store"]["read"] = (look) => site.services.store.read(look);
      const { passkeyRegistration } = site.accounts;
      const ceremony = await passkeyRegistration.prepareBegin({ place, account, email, read });
      const options = await site.services.store.write((writing) => passkeyRegistration.begin(writing, ceremony));
      const made: unknown = await page.evaluate(
        `navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(options)}) })
          .then((credential) => credential.toJSON())`,
      );
      // What the browser has made of our own options.
      const response = made as Parameters<typeof passkeyRegistration.prepare>[0]["response"];
      const prepared = await passkeyRegistration.prepare({ place, response, read }, { account, name: "Laptop" });
      assert.ok(!("problem" in prepared));
      await site.services.store.write((writing) => passkeyRegistration.commit(writing, prepared));

      const request = await site.begin({ acr_values: "aal2" }, OWN_CLIENT);
      await page.goto(request.url.href);
      // The virtual authenticator answers by itself what waits in the field.
      await page.waitForURL(`${site.callback}*`);
      const claims = await site.redeem(request, new URL(page.url()), OWN_CLIENT);
      assert.deepEqual([claims.sub, claims["acr"]], [account.id, "aal2"]);
      assert.ok(Array.isArray(claims["amr"]) && claims["amr"].includes("user"));
      assert.deepEqual(complaints, []);
    } finally {
      await browser.close();
    }
  });
});

describe("pages of the identity provider, in Chromium", { skip: !hasBrowser("chromium") }, () => {
  /** What a tool for accessibility finds, in words. */
  async function faultsOf(page: Page): Promise<unknown> {
    await page.evaluate(axe);
    return page.evaluate(
      `axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) =>
        id + ": " + nodes.map(({ html }) => html).join(" | ")))`,
    );
  }

  async function inspect(page: Page, what: string): Promise<void> {
    for (const viewport of [PHONE, DESK]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await faultsOf(page), [], `${what}, ${viewport.width} px, ${colorScheme}`);
      }
    }
    for (const width of [1280, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const needed = Number(await page.evaluate("document.documentElement.scrollWidth"));
      assert.ok(needed <= width, `${what} is ${needed} px wide at ${width} px`);
    }
  }

  it("have no faults of accessibility, light or dark, on phones or desks", async () => {
    const browser = await launchBrowser();
    try {
      const { email, account } = await person();
      const { store } = site.services;
      const open = async (options: BrowserContextOptions = {}) => {
        // Without the policy, which forbids what the tool puts into the page.
        const context = await browser.newContext({ bypassCSP: true, locale: "de-DE", ...options });
        return (await watched(context)).page;
      };
      const page = await open();
      await page.goto((await site.begin()).url.href);
      await inspect(page, "sign-in");
      await typePassword(page, email, "not the password");
      await page.getByRole("alert").waitFor();
      await inspect(page, "sign-in refused");
      await typePassword(page, email);
      await page.locator(".scopes").waitFor();
      await inspect(page, "consent");
      await page.goto((await site.begin({ prompt: "login", acr_values: "aal2" })).url.href);
      await typePassword(page, email);
      await page.locator(".qr").waitFor();
      await inspect(page, "enrolment");
      await page.fill("#code", totpCode((await page.textContent(".secret")) ?? "", systemClock.now() - 30_000));
      await page.press("#code", "Enter");
      await page.locator(".codes").waitFor();
      await inspect(page, "recovery codes");
      await page.goto((await site.begin({ prompt: "login" })).url.href);
      await typePassword(page, email);
      await page.locator("#code").waitFor();
      await page.locator("summary").click();
      await inspect(page, "second factor");
      await page.fill("#code", "1");
      await page.press("#code", "Enter");
      await page.locator(".field-error").waitFor();
      await inspect(page, "second factor refused");
      await store.write((writing) => site.accounts.directory.change(writing, account));
      for (const path of [
        "/device?user_code=ABCD-EFGH",
        "/oauth/logout",
        "/oauth/authorize?client_id=-",
        "/sign-in/x",
      ]) {
        await page.goto(site.origin + path);
        await inspect(page, path);
      }
    } finally {
      await browser.close();
    }
  });
});
