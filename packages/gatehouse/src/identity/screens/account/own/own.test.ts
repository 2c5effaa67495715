import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { linkTo } from "../../../../testing/account-letters.ts";
import { AccountSite, ACCOUNT_PASSWORD } from "../../../../testing/account-site.ts";
import { totpCode } from "../../../../testing/identity-site.ts";

const NEW_PASSWORD = "nine herons under a tin roof";

describe("the pages of one's own account", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  it("ask strangers to sign in, and show people their own account then", async () => {
    const ada = await site.join("Ada");
    const browser = site.browser();
    const page = await site.signIn(browser, ada);
    assert.equal(page.title.split(" · ")[0], "Your account");
    assert.match(page.text, /ada@example\.org/);
    assert.match(page.text, /not confirmed yet/);
    assert.match(page.text, /<a href="\/">Back to the application<\/a>/);
    assert.equal((await browser.open("/account/sessions")).status, 200);
    assert.equal((await browser.open("/account/applications")).status, 200);
  });

  it("change the password for whoever has just signed in, who stays signed in here alone", async () => {
    const bea = await site.join("Bea");
    const [browser, other] = [site.browser(), site.browser()];
    await site.signIn(other, bea);
    await site.signIn(browser, bea);
    const form = await browser.open("/account/password");
    const weak = await browser.submit(form, "/account/password", { password: "short" });
    assert.equal(weak.status, 422);
    assert.match(weak.text, /at least 15 characters/);
    const done = await browser.submit(weak, "/account/password", { password: NEW_PASSWORD });
    assert.match(done.text, /Your password was changed/);
    assert.ok(site.lettersTo(bea.email).some((subject) => subject.includes("password")));
    assert.match((await other.open("/account")).url.pathname, /^\/sign-in\//);
    assert.equal((await browser.open("/account")).url.pathname, "/account");
    assert.ok(site.events.some(({ name, target }) => name === "authn_password_change" && target === bea.id));
  });

  it("ask for a proof anew once some time has passed, and lead back to where somebody was", async () => {
    const cyd = await site.join("Cyd");
    const browser = site.browser();
    await site.signIn(browser, cyd);
    site.pass(6 * 60_000);
    const asked = await browser.open("/account/password");
    assert.match(asked.url.pathname, /^\/sign-in\//);
    const form = await browser.submit(asked, "/password", { email: cyd.email, password: ACCOUNT_PASSWORD });
    assert.equal(form.url.pathname, "/account/password");
    site.pass(9 * 60_000);
    const done = await browser.submit(form, "/account/password", { password: NEW_PASSWORD });
    assert.match(done.text, /Your password was changed/, "a form is good for a while longer");
  });

  it("set up an authenticator app, show recovery codes once, and take both away again", async () => {
    const dan = await site.join("Dan");
    const browser = site.browser();
    await site.signIn(browser, dan, { path: "/account/factors" });
    const begun = await browser.submit(await browser.open("/account/factors"), "/totp/begin");
    const secret = secretOn(begun.text);
    const wrong = await browser.submit(begun, "/factors/totp", { code: "000000" });
    assert.equal(wrong.status, 422);
    assert.equal(secretOn(wrong.text), secret);
    const codes = await browser.submit(wrong, "/factors/totp", { code: totpCode(secret, site.now()) });
    assert.match(codes.title, /Your recovery codes/);
    assert.equal(codes.text.match(/<li>[0-9A-Z-]{19}<\/li>/g)?.length, 10);
    const asked = await browser.open("/account/factors");
    assert.match(asked.title, /Confirm that it is you/, "from now on it takes two");
    site.pass(30_000);
    const factors = await browser.submit(asked, "/totp", { code: totpCode(secret, site.now()) });
    assert.match(factors.text, /10 are left/);
    const renewed = await browser.submit(factors, "/recovery-codes");
    assert.match(renewed.text, /the only ones from now on/);
    const none = await browser.submit(factors, "/totp/remove");
    assert.match(none.text, /The second factor was removed/);
    assert.deepEqual(site.lettersTo(dan.email).length, 3);
    const left = await site.read((reading) => site.identity.accounts.recoveryCodes.remaining(reading, dan));
    assert.equal(left, 0);
  });

  it("change the address by a letter to the new one, with word to the old one", async () => {
    const eve = await site.join("Eve");
    const browser = site.browser();
    await site.signIn(browser, eve);
    const form = await browser.open("/account/email");
    const sent = await browser.submit(form, "/account/email", { email: "eve.new@example.org" });
    assert.match(sent.text, /on its way to the new address/);
    assert.equal(site.lettersTo(eve.email).length, 1);
    const link = linkTo(site, "eve.new@example.org");
    const asked = await browser.open(link);
    assert.equal(asked.url.pathname, "/account/new-email");
    const done = await browser.submit(asked, "/account/new-email");
    assert.match(done.title, /Your address has changed/);
    assert.equal(site.lettersTo(eve.email).length, 2);
    const emails = await site.read((reading) => site.identity.accounts.directory.emails(reading, eve));
    assert.deepEqual(
      emails.map(({ email, verifiedAt }) => [email, verifiedAt !== undefined]),
      [["eve.new@example.org", true]],
    );
    assert.match((await browser.open("/account")).url.pathname, /^\/sign-in\//, "everybody is out");
    assert.equal((await browser.open(link)).status, 400, "the link is used up");
  });

  it("send a letter that proves the address", async () => {
    const fay = await site.join("Fay");
    const browser = site.browser("de");
    const page = await site.signIn(browser, fay);
    const sent = await browser.submit(page, "/email/verification");
    assert.match(sent.text, /Ein Brief mit einem Link ist unterwegs/);
    const asked = await browser.open(linkTo(site, fay.email));
    await browser.submit(asked, "/account/verify");
    assert.match((await browser.open("/account")).text, /\(bestätigt\)/);
  });

  it("list where somebody is signed in, and end one of them, or all others", async () => {
    const gil = await site.join("Gil");
    const [browser, second, third] = [site.browser(), site.browser(), site.browser()];
    for (const each of [second, third, browser]) await site.signIn(each, gil);
    const page = await browser.open("/account/sessions");
    assert.equal(page.text.match(/class="badge"/g)?.length, 1);
    assert.equal(page.forms.filter(({ action }) => action.endsWith("/sessions/end")).length, 2);
    const one = await browser.submit(page, "/sessions/end");
    assert.match(one.text, /The session was ended/);
    assert.equal(one.forms.filter(({ action }) => action.endsWith("/sessions/end")).length, 1);
    const others = await browser.submit(one, "/sessions/end-others");
    assert.match(others.text, /All others were ended/);
    for (const each of [second, third]) assert.match((await each.open("/account")).url.pathname, /^\/sign-in\//);
    assert.equal((await browser.open("/account")).url.pathname, "/account");
  });
});

function secretOn(text: string): string {
  return (/<code class="secret">([^<]+)</.exec(text)?.[1] ?? "").replaceAll(" ", "");
}
