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

  it("asks somebody who is signed in for the second factor alone, once an application asks for it", async () => {
    const account = await site.join("dee@example.org");
    const typed = { email: "dee@example.org", password: SITE_PASSWORD };
    const browser = new FormBrowser(site.origin);
    await browser.submit(await browser.open((await site.begin({}, OWN_CLIENT)).url), "/password", typed);
    const secret = await site.addTotp(account);
    const request = await site.begin({ acr_values: "aal2" }, OWN_CLIENT);
    const second = await browser.open(request.url);
    assert.match(second.title, /Confirm that it is you/);
    const back = await browser.submit(second, "/totp", { code: totpCode(secret, systemClock.now()) });
    const claims = await site.redeem(request, back.url, OWN_CLIENT);
    assert.deepEqual([claims["acr"], claims["amr"]], ["aal2", ["pwd", "otp", "mfa"]]);
    const anew = await browser.open((await site.begin({ prompt: "login" }, OWN_CLIENT)).url);
    assert.match(anew.title, /^Sign in/);
  });

  it("sets up a second factor where an application asks for one and there is none, and shows recovery codes", async () => {
    await site.join("eve@example.org");
    const typed = { email: "eve@example.org", password: SITE_PASSWORD };
    const browser = new FormBrowser(site.origin);
    const request = await site.begin({ acr_values: "aal2" }, OWN_CLIENT);
    const enrolment = await browser.submit(await browser.open(request.url), "/password", typed);
    const secret = /class="secret">([A-Z2-7 ]+)</.exec(enrolment.text)?.[1]?.replaceAll(" ", "") ?? "";
    const wrong = await browser.submit(enrolment, "/enrol", { code: "000000" });
    assert.equal(wrong.status, 422);
    assert.ok(wrong.text.replaceAll(" ", "").includes(secret), "the same secret once more");
    const code = totpCode(secret, systemClock.now() - 30_000);
    const codes = await browser.submit(wrong, "/enrol", { code });
    const onPaper = codes.text.match(/[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}/g) ?? [];
    assert.equal(onPaper.length, 10);
    const onward = /<a class="button" href="([^"]+)"/.exec(codes.text)?.[1] ?? "";
    const back = await browser.open(onward);
    assert.equal((await site.redeem(request, back.url, OWN_CLIENT))["acr"], "aal2");

    const other = new FormBrowser(site.origin);
    const second = await other.submit(await other.open((await site.begin({}, OWN_CLIENT)).url), "/password", typed);
    const recovered = await other.submit(second, "/recovery", { recovery: onPaper[0] ?? "" });
    assert.ok(recovered.url.searchParams.has("code"));
  });

  it("goes back without an answer where somebody would rather not", async () => {
    const browser = new FormBrowser(site.origin);
    const back = await browser.submit(await browser.open((await site.begin()).url), "/abort");
    assert.equal(back.url.searchParams.get("error"), "access_denied");
    assert.ok(site.events.some(({ name }) => name === "authn_login_aborted"));
  });

  it("leaves a trace of who has signed in, from where, with what", async () => {
    const event = site.events.findLast(({ name }) => name === "authn_login_success");
    assert.ok(event?.context !== undefined);
    assert.equal(typeof event.context["account"], "string");
    assert.equal(event.context["factor"], "recovery");
    assert.equal(typeof event.context["userAgent"], "string");
    assert.equal(event.source.ip, "127.0.0.1");
  });
});
