/**
 * Cross-site request forgery at signing in: a page of the attacker's sends the forms of our pages from a victim's browser,
 * or leads the victim into a sign-in that the attacker's own browser has begun, to have them work in the attacker's name.
 * Forms need the token of the browser's session and come from our pages; a sign-in goes on only where it has begun.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FormBrowser, type FormPage } from "../../../testing/form-browser.ts";
import { openIdentitySite, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

const ADA = { email: "ada@example.org", password: SITE_PASSWORD };

describe("a sign-in from elsewhere", () => {
  let site: IdentitySite;
  before(async () => {
    site = await openIdentitySite();
    await site.join(ADA.email);
  });
  after(() => site[Symbol.asyncDispose]());

  async function begin(browser: FormBrowser): Promise<FormPage> {
    return browser.open((await site.begin()).url);
  }

  for (const action of ["password", "consent", "abort", "totp", "passkey-options"]) {
    it(`is refused by the page of another site (${action})`, async () => {
      const browser = new FormBrowser(site.origin);
      const { url, forms } = await begin(browser);
      const token = forms[0]?.fields["_csrf_token"] ?? "";
      const fields = { ...ADA, code: "123456", _csrf_token: token };
      const from = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
      const answer = await browser.post(`${url.pathname}/${action}`, fields, from);
      assert.equal(answer.status, 403);
    });

    it(`is refused without the token of the browser's session (${action})`, async () => {
      const browser = new FormBrowser(site.origin);
      const other = new FormBrowser(site.origin);
      const { url } = await begin(browser);
      const foreign = (await begin(other)).forms[0]?.fields["_csrf_token"] ?? "";
      for (const fields of [ADA, { ...ADA, _csrf_token: foreign }]) {
        const answer = await browser.post(`${url.pathname}/${action}`, { code: "123456", ...fields });
        assert.equal(answer.status, 403);
        if (action !== "passkey-options") assert.match(answer.title, /out of date/);
      }
    });
  }

  it("does not go on in another browser, however far it got in the first", async () => {
    const attacker = new FormBrowser(site.origin);
    const page = await begin(attacker);
    const consent = await attacker.submit(page, "/password", ADA);
    const victim = new FormBrowser(site.origin);
    for (const { url } of [page, consent]) {
      const led = await victim.open(url);
      assert.equal(led.status, 410);
      assert.match(led.title, /has ended|did not go on here/);
    }
    const own = await begin(victim);
    const mixed = await victim.post(`${page.url.pathname}/password`, { ...own.forms[0]?.fields, ...ADA });
    assert.equal(mixed.status, 410);
  });

  it("cannot be ended in another browser over the address that leads back", async () => {
    const attacker = new FormBrowser(site.origin);
    const request = await site.begin();
    const page = await attacker.open(request.url);
    const consent = await attacker.submit(page, "/password", ADA);
    const uid = consent.url.pathname.split("/").at(-1) ?? "";
    const victim = new FormBrowser(site.origin);
    const led = await victim.open(`/oauth/authorize/${uid}`);
    assert.equal(led.status, 400);
    assert.equal(victim.cookies.get("idp"), undefined);
  });
});
