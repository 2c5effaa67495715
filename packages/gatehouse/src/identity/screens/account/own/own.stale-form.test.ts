/**
 * Stale form after the password changed: the owner takes an account back by a new password, while whoever had it before
 * still has its forms open, in another browser or another tab. What was opened before a change does nothing after it.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite } from "../../../../testing/account-site.ts";

const NEW_PASSWORD = "nine herons under a tin roof";
const OTHER_PASSWORD = "four otters behind the old mill";

describe("a form from before the password changed", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  it("changes nothing, whether in another browser or in another tab of this one", async () => {
    const ada = await site.join("Ada");
    const [owner, thief] = [site.browser(), site.browser()];
    await site.signIn(thief, ada);
    await site.signIn(owner, ada);
    const stolen = { password: await thief.open("/account/password"), email: await thief.open("/account/email") };
    const tab = await owner.open("/account/email");
    await owner.submit(await owner.open("/account/password"), "/account/password", { password: NEW_PASSWORD });
    const again = await thief.submit(stolen.password, "/account/password", { password: OTHER_PASSWORD });
    const moved = await thief.submit(stolen.email, "/account/email", { email: "thief@example.org" });
    assert.deepEqual([again.status, moved.status], [401, 401]);
    const own = await owner.submit(tab, "/account/email", { email: "ada.new@example.org" });
    assert.deepEqual([own.status, own.title.includes("out of date")], [409, true]);
    assert.deepEqual([...site.lettersTo("thief@example.org"), ...site.lettersTo("ada.new@example.org")], []);
  });
});
