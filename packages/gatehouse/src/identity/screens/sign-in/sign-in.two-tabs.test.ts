import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { follow } from "../../../testing/account-letters.ts";
import { FormBrowser } from "../../../testing/form-browser.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

describe("two tabs of one browser that sign in", () => {
  let site: IdentitySite;
  let people = 0;
  before(async () => (site = await openIdentitySite()));
  after(() => site[Symbol.asyncDispose]());

  async function person(): Promise<{ readonly id: string; readonly typed: { email: string; password: string } }> {
    people += 1;
    const email = `person-${people}@example.org`;
    return { id: (await site.join(email)).id, typed: { email, password: SITE_PASSWORD } };
  }

  it("go on each for itself, in whatever order", async () => {
    const { id, typed } = await person();
    const browser = new FormBrowser(site.origin);
    const [one, other] = [await site.begin({}, OWN_CLIENT), await site.begin({}, OWN_CLIENT)];
    const [first, second] = [await browser.open(one.url), await browser.open(other.url)];
    const back = await browser.submit(second, "/password", typed);
    assert.equal((await site.redeem(other, back.url, OWN_CLIENT)).sub, id);
    const afterwards = await browser.submit(first, "/password", typed);
    assert.equal((await site.redeem(one, afterwards.url, OWN_CLIENT)).sub, id);
  });

  it("keep no cookies of sign-ins that are over, and of those that were left at most a few", async () => {
    const { typed } = await person();
    const browser = new FormBrowser(site.origin);
    const kept = (): string[] => [...browser.cookies.keys()].filter((name) => /^idp_(?:interaction|resume)/.test(name));
    for (let tab = 0; tab < 9; tab += 1) await browser.open((await site.begin({}, OWN_CLIENT)).url);
    assert.equal(kept().length, 6 * 4);
    const last = await site.begin({}, OWN_CLIENT);
    const back = await browser.submit(await browser.open(last.url), "/password", typed);
    assert.equal(back.url.searchParams.has("code"), true);
    assert.equal(kept().length, 5 * 4);
  });

  it("say so, with a way on, where a tab was left for so long that others took its place", async () => {
    const { id, typed } = await person();
    const browser = new FormBrowser(site.origin);
    const request = await site.begin({}, OWN_CLIENT);
    const page = await browser.open(request.url);
    for (let tab = 0; tab < 6; tab += 1) await browser.open((await site.begin({}, OWN_CLIENT)).url);
    const answer = await browser.submit(page, "/password", typed);
    assert.equal(answer.status, 410);
    assert.match(answer.title, /did not go on here/);
    const anew = await browser.submit(await follow(browser, answer, "/oauth/authorize?"), "/password", typed);
    assert.equal((await site.redeem(request, anew.url, OWN_CLIENT)).sub, id);
  });
});
