/**
 * Session of a removed account: somebody keeps the pages of an account open that an operator disables or deletes, and goes
 * on changing it. A visit counts for as long as the account is there, may sign in, and has not moved on.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite } from "../../../../testing/account-site.ts";

describe("a visit to an account that is gone", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  for (const verb of ["disable", "delete", "sign-out"]) {
    it(`is over once an operator does this: ${verb}`, async () => {
      const person = await site.join(`Ada-${verb}`);
      const browser = site.browser();
      await site.signIn(browser, person);
      const form = await browser.open("/account/password");
      const outcome = await site.gatehouse.operate(`accounts.${verb}`, { id: person.id, reason: "for the test" });
      assert.equal(outcome.ok, true);
      const sent = await browser.submit(form, "/account/password", { password: "nine herons under a tin roof" });
      assert.equal(sent.status, 401);
      assert.match((await browser.open("/account")).url.pathname, /^\/sign-in\//);
      assert.equal(
        site.events.some(({ name, target }) => name === "authn_password_change" && target === person.id),
        false,
      );
    });
  }
});
