/**
 * Cross-site request forgery at somebody's account: a page of the attacker's sends our forms from the victim's browser, with
 * all its cookies, to have the account changed. Forms have to come from our pages with the token of the browser's session.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite, type Person } from "../../../../testing/account-site.ts";
import type { FormBrowser, FormPage } from "../../../../testing/form-browser.ts";
import { OWN_FORMS } from "./paths.ts";

const TYPED = { password: "nine herons under a tin roof", email: "mallory@example.org", code: "123456", chosen: "x" };

describe("a form of somebody's account from elsewhere", () => {
  let site: AccountSite;
  let ada: Person;
  let browser: FormBrowser;
  let page: FormPage;
  before(async () => {
    site = await AccountSite.open();
    ada = await site.join("Ada");
    browser = site.browser();
    await site.signIn(browser, ada);
    page = await browser.open("/account/factors");
  });
  after(() => site[Symbol.asyncDispose]());

  for (const path of new Set(Object.values(OWN_FORMS))) {
    it(`is refused from another site, and without the session's token (${path})`, async () => {
      const { _csrf_token: token = "", mark = "" } = page.forms[0]?.fields ?? {};
      assert.notEqual(mark, "");
      const from = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
      const changes = site.events.length;
      const foreign = await browser.post(path, { ...TYPED, mark, _csrf_token: token }, from);
      const tokenless = await browser.post(path, { ...TYPED, mark });
      assert.deepEqual([foreign.status, tokenless.status], [403, 403]);
      const since = site.events.slice(changes).filter(({ outcome }) => outcome === "success");
      assert.deepEqual(since, []);
      assert.deepEqual(site.lettersTo(ada.email), []);
    });
  }
});
