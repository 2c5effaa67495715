/**
 * Sessions of others by guessing: whoever has seen the names of somebody's sessions or grants, or tries names, has them
 * ended to lock that person out. A name counts among one's own alone.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite, DESK } from "../../../../testing/account-site.ts";
import type { FormPage } from "../../../../testing/form-browser.ts";

describe("sessions and grants of others", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open(DESK)));
  after(() => site[Symbol.asyncDispose]());

  it("are not ended by their names", async () => {
    const [ada, mallory] = [await site.join("Ada"), await site.join("Mallory")];
    const [first, second, own] = [site.browser(), site.browser(), site.browser()];
    await site.signIn(first, ada, { path: "/auth/start?return=/" });
    await first.open("/account");
    await site.signIn(second, ada);
    const theirs = await first.open("/account/sessions");
    const chosen = fieldOf(theirs, "/sessions/end", "chosen");
    const family = fieldOf(await first.open("/account/applications"), "/withdraw", "family");
    await site.signIn(own, mallory, { path: "/auth/start?return=/" });
    await own.open("/account");
    const page = await own.open("/account/applications");
    const { _csrf_token = "", mark = "" } = page.forms.find(({ action }) => action.endsWith("/withdraw"))?.fields ?? {};
    const paths = [
      ["/account/sessions/end", { chosen }],
      ["/account/applications/withdraw", { family }],
    ] as const;
    for (const [path, fields] of paths) {
      const answer = await own.post(path, { _csrf_token, mark, ...fields });
      assert.equal(answer.status, 404, path);
    }
    for (const browser of [first, second]) assert.equal((await browser.open("/account")).url.pathname, "/account");
    assert.equal((await first.submit(theirs, "/sessions/end")).status, 200, "their owner ends them");
    assert.match((await second.open("/account")).url.pathname, /^\/sign-in\//);
  });
});

function fieldOf({ forms }: FormPage, action: string, name: string): string {
  const value = forms.find((form) => form.action.endsWith(action))?.fields[name];
  assert.ok(value !== undefined);
  return value;
}
