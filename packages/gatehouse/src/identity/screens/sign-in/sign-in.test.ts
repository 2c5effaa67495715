import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../kernel/clock.ts";
import { FormBrowser } from "../../../testing/form-browser.ts";
import {
  openIdentitySite,
  OWN_CLIENT,
  SITE_PASSWORD,
  totpCode,
  type IdentitySite,
} from "../../../testing/identity-site.ts";

describe("signing in", () => {
  let site: IdentitySite;
  before(async () => (site = await openIdentitySite()));
  after(() => site[Symbol.asyncDispose]());

  it("leads with a password over consent to the application, once", async () => {
    const account = await site.join("ada@example.org");
    const browser = new FormBrowser(site.origin);
    const request = await site.begin();
    const page = await browser.open(request.url);
    assert.match(page.title, /^Sign in/);
    const asked = await browser.submit(page, "/password", { email: "ada@example.org", password: SITE_PASSWORD });
    assert.match(asked.title, /Allow Printing shop access\?/);
    assert.match(asked.text, /ada@example\.org/);
    const back = await browser.submit(asked, "/consent");
    const claims = await site.redeem(request, back.url);
    assert.equal(claims.sub, account.id);
    assert.deepEqual([claims["acr"], claims["amr"]], ["aal1", ["pwd"]]);

    const again = await site.begin();
    const straight = await browser.open(again.url);
    assert.equal((await site.redeem(again, straight.url)).sub, account.id);
  });

  it("asks nothing for the operator's own client", async () => {
    const account = await site.join("bea@example.org");
    const browser = new FormBrowser(site.origin);
    const request = await site.begin({}, OWN_CLIENT);
    const page = await browser.open(request.url);
    const back = await browser.submit(page, "/password", { email: "bea@example.org", password: SITE_PASSWORD });
    assert.equal((await site.redeem(request, back.url, OWN_CLIENT)).sub, account.id);
  });

  it("asks for the second factor of an account that has one", async () => {
    const account = await site.join("cyd@example.org");
    const secret = await site.addTotp(account);
    const browser = new FormBrowser(site.origin);
    const request = await site.begin({}, OWN_CLIENT);
    const page = await browser.open(request.url);
    const second = await browser.submit(page, "/password", { email: "cyd@example.org", password: SITE_PASSWORD });
    assert.match(second.title, /Confirm that it is you/);
    const wrong = await browser.submit(second, "/totp", { code: "000000" });
    assert.equal(wrong.status, 422);
    const back = await browser.submit(wrong, "/totp", { code: totpCode(secret, systemClock.now()) });
    const claims = await site.redeem(request, back.url, OWN_CLIENT);
    assert.deepEqual([claims["acr"], claims["amr"]], ["aal2", ["pwd", "otp", "mfa"]]);
  });
});
