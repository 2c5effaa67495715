/**
 * A session raised by another application's sign-in: whoever steps up at their account has the one session of the browser
 * replaced, by which an operator's console or another application takes them for more than they have proven there, or
 * loses them. What is proven at the account stays there.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite, DESK } from "../../../../testing/account-site.ts";
import { totpCode } from "../../../../testing/identity-site.ts";

describe("the sessions of other applications in the same browser", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open(DESK)));
  after(() => site[Symbol.asyncDispose]());

  it("neither end nor gain anything by a sign-in with two factors at the account", async () => {
    const olga = await site.join("Olga", ["operator", "host"]);
    const browser = site.browser();
    await site.signIn(browser, olga, { path: "/auth/start?return=/" });
    const { title } = await browser.open("/");
    assert.match(title, new RegExp(`^user ${olga.id} host `), "a password alone makes nobody an operator");
    const secret = await site.addTotp(olga);
    const asked = await browser.open("/account/factors");
    const factors = await browser.submit(asked, "/totp", { code: totpCode(secret, site.now()) });
    assert.equal(factors.url.pathname, "/account/factors");
    assert.equal((await browser.open("/")).title, title);
    assert.equal((await browser.open("/console")).status, 403);
    const sessions = await browser.open("/account/sessions");
    assert.match(sessions.text, /Desk/);
  });

  it("are listed with the sign-on they began with, and end with it", async () => {
    const ada = await site.join("Ada");
    const [desk, browser] = [site.browser(), site.browser()];
    await site.signIn(desk, ada, { path: "/auth/start?return=/" });
    await site.signIn(browser, ada);
    const page = await browser.open("/account/sessions");
    const done = await browser.submit(page, "/sessions/end");
    assert.match(done.text, /The session was ended/);
    assert.match((await desk.open("/")).title, /^anonymous/);
    assert.match((await desk.open("/auth/start?return=/")).url.pathname, /^\/sign-in\//);
  });

  it("end where what the application was allowed is withdrawn", async () => {
    const bea = await site.join("Bea");
    const browser = site.browser();
    await site.signIn(browser, bea, { path: "/auth/start?return=/" });
    const page = await browser.open("/account/applications");
    const at = page.forms.filter(({ action }) => action.endsWith("/withdraw"));
    const names = [...page.text.matchAll(/<strong>([^<]+)<\/strong>/g)].map(([, name]) => name);
    const form = at[names.indexOf("Desk")];
    assert.ok(form !== undefined);
    const done = await browser.post(form.action, form.fields);
    assert.match(done.text, /The access was withdrawn/);
    assert.match((await browser.open("/")).title, /^anonymous/);
    assert.equal((await browser.open("/account")).url.pathname, "/account");
  });
});
