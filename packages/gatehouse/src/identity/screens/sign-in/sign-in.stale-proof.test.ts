/**
 * Signing in with what does not hold any more: somebody who knows an old password, or whose account is being disabled, is
 * halfway through signing in when it is changed. What signs an account out ends its signing in too.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FormBrowser } from "../../../testing/form-browser.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

describe("a sign-in that was under way", () => {
  let site: IdentitySite;
  before(async () => (site = await openIdentitySite()));
  after(() => site[Symbol.asyncDispose]());

  it("does not come to an end once the account has moved on", async () => {
    const account = await site.join("ada@example.org");
    const browser = new FormBrowser(site.origin, { leads: false });
    const page = await browser.open((await site.begin({}, OWN_CLIENT)).url);
    const leading = await browser.submit(page, "/password", { email: "ada@example.org", password: SITE_PASSWORD });
    const onward = /url=(.*)$/.exec(leading.headers.get("refresh") ?? "")?.[1] ?? "";
    assert.match(onward, /^\/oauth\/authorize\//);
    const { directory } = site.accounts;
    await site.services.store.write((writing) => directory.change(writing, account));
    const end = await browser.open(onward);
    assert.equal(end.status, 400);
    const looked = await browser.open((await site.begin({ prompt: "none" }, OWN_CLIENT)).url);
    assert.equal(looked.url.searchParams.get("error"), "login_required");
  });
});
