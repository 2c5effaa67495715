/**
 * Open redirect: a link to our sign-in page leads, once somebody has trusted it, to a page of the attacker's. From our
 * pages the browser goes on to what the engine has checked alone, and no field or parameter says where.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FormBrowser } from "../../../testing/form-browser.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

const EVIL = "https://evil.example/";
const NAMES = ["redirect", "redirect_uri", "return_to", "returnTo", "next", "back", "location", "url"];

describe("a sign-in page with an address of the attacker's", () => {
  let site: IdentitySite;
  before(async () => {
    site = await openIdentitySite();
    await site.join("ada@example.org");
  });
  after(() => site[Symbol.asyncDispose]());

  it("never leads there", async () => {
    const browser = new FormBrowser(site.origin);
    const query = new URLSearchParams(Object.fromEntries(NAMES.map((name) => [name, EVIL])));
    const page = await browser.open((await site.begin({}, OWN_CLIENT)).url);
    const bent = await browser.open(`${page.url.pathname}?${query}`);
    assert.ok(!bent.forms.some(({ action }) => action.startsWith("http") || action.startsWith("//")));
    const typed = { email: "ada@example.org", password: SITE_PASSWORD, ...Object.fromEntries(query) };
    const back = await browser.submit(bent, "/password", typed);
    assert.ok(back.url.href.startsWith(site.callback));
  });

  it("is not shown for an address that the application has not registered", async () => {
    const browser = new FormBrowser(site.origin);
    for (const address of [EVIL, `${site.callback}.evil.example`, "javascript:alert(1)", `${site.callback}/../x`]) {
      const page = await browser.open((await site.begin({ redirect_uri: address }, OWN_CLIENT)).url);
      assert.equal(page.status, 400);
      assert.match(page.title, /cannot be answered/);
      assert.doesNotMatch(page.text, /(?:href|action|content)="[^"]*(?:evil|javascript)/);
    }
  });

  it("signs out to registered addresses alone", async () => {
    const browser = new FormBrowser(site.origin);
    const query = new URLSearchParams({ client_id: OWN_CLIENT, post_logout_redirect_uri: EVIL });
    const page = await browser.open(`/oauth/logout?${query}`);
    assert.equal(page.status, 400);
  });
});
