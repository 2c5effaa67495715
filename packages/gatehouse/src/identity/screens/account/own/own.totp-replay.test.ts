/**
 * Replayed TOTP at enrolment: somebody looks over a shoulder while an authenticator app is set up, and uses the very code
 * that was typed, to sign in or to set the app up once more. The code of an enrolment is used up by it.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite, ACCOUNT_PASSWORD } from "../../../../testing/account-site.ts";
import { totpCode } from "../../../../testing/identity-site.ts";

describe("the code with which an authenticator app was set up", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  it("signs nobody in, and sets up nothing more", async () => {
    const ada = await site.join("Ada");
    const browser = site.browser();
    await site.signIn(browser, ada);
    const begun = await browser.submit(await browser.open("/account/factors"), "/totp/begin");
    const secret = (/<code class="secret">([^<]+)</.exec(begun.text)?.[1] ?? "").replaceAll(" ", "");
    const code = totpCode(secret, site.now());
    assert.match((await browser.submit(begun, "/factors/totp", { code })).title, /recovery codes/);
    assert.notEqual((await browser.submit(begun, "/factors/totp", { code })).status, 200, "the enrolment is over");

    const other = site.browser();
    const asked = await other.open("/account");
    const second = await other.submit(asked, "/password", { email: ada.email, password: ACCOUNT_PASSWORD });
    const replayed = await other.submit(second, "/totp", { code });
    assert.equal(replayed.status, 422);
    assert.match(replayed.text, /wrong, used up or expired/);
    assert.ok(site.events.some(({ name }) => name === "authn_factor_replayed"));
  });
});
