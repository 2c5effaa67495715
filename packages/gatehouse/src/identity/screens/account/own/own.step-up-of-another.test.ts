/**
 * Step-up of another account: with a form of the victim's account open in a browser that was left alone, the attacker
 * proves who they themselves are, and sends the form. A proof counts for the account of whoever gave it, and a form for
 * the account it was made for.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite, ACCOUNT_PASSWORD } from "../../../../testing/account-site.ts";

const NEW_PASSWORD = "nine herons under a tin roof";

describe("a proof of one's own at the form of another", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  it("changes neither account", async () => {
    const [ada, mallory] = [await site.join("Ada"), await site.join("Mallory")];
    const browser = site.browser();
    await site.signIn(browser, ada);
    const form = await browser.open("/account/password");
    site.pass(11 * 60_000);
    const asked = await browser.open("/account/auth/start?demand=fresh&return=/account/password");
    const switched = await browser.submit(asked, "/password", { email: mallory.email, password: ACCOUNT_PASSWORD });
    // The issuer asks whether another account is meant, signs the one before out, and goes on.
    const answer = switched.forms.some(({ action }) => action.endsWith("/confirm"))
      ? await browser.submit(switched, "/confirm")
      : switched;
    assert.equal(answer.url.pathname, "/account/password");
    assert.match((await browser.open("/account")).text, /mallory@example\.org/);
    const sent = await browser.submit(form, "/account/password", { password: NEW_PASSWORD });
    assert.equal(sent.status, 409);
    assert.match(sent.title, /out of date/);
    for (const person of [ada, mallory]) {
      assert.equal((await site.signIn(site.browser(), person)).url.pathname, "/account", "the password is as it was");
      assert.deepEqual(site.lettersTo(person.email), []);
    }
    assert.ok(site.events.some(({ name }) => name === "account_page_stale"));
  });

  it("is not had by asking the issuer for less: the account's page looks itself", async () => {
    const eve = await site.join("Eve");
    const browser = site.browser();
    await site.signIn(browser, eve);
    const form = await browser.open("/account/password");
    site.pass(11 * 60_000);
    // Without the demand the issuer lets whoever is signed in pass as they are.
    assert.equal((await browser.open("/account/auth/start?return=/account")).url.pathname, "/account");
    const sent = await browser.submit(form, "/account/password", { password: NEW_PASSWORD });
    assert.deepEqual([sent.status, sent.title.includes("Confirm that it is you")], [401, true]);
  });
});
