/**
 * Stolen links: an attacker finds the link of a letter in an old mailbox, a history, a log or a `Referer`, or has a link
 * of their own and puts it to another account. A link works once, for its account as it was, and leaves the address.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDenial } from "../../../kernel/outcome.ts";
import { linkTo } from "../../../testing/account-letters.ts";
import { FormBrowser, type FormPage } from "../../../testing/form-browser.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

const STOLEN = "the thief has chosen this one";
const VICTIM = "victim@example.org";
const THIEF = "thief@example.org";

describe("the link of a letter", () => {
  let site: IdentitySite;
  before(async () => {
    site = await openIdentitySite();
    await site.join(VICTIM);
    await site.join(THIEF);
  });
  after(() => site[Symbol.asyncDispose]());

  async function ask(email: string): Promise<string> {
    await site.services.counters.reset();
    const browser = new FormBrowser(site.origin);
    await browser.submit(await browser.open("/account/reset"), "/account/reset", { email });
    return linkTo(site, email);
  }

  async function isPassword(email: string, password: string): Promise<boolean> {
    const browser = new FormBrowser(site.origin);
    const page = await browser.open((await site.begin({}, OWN_CLIENT)).url);
    return (await browser.submit(page, "/password", { email, password })).url.searchParams.has("code");
  }

  function refused(page: FormPage): void {
    assert.equal(page.status, 400);
    assert.match(page.title, /does not lead any further/);
  }

  it("is not used up by a scanner of mail that opens it before its reader", async () => {
    const link = await ask(VICTIM);
    for (let look = 0; look < 3; look += 1) {
      const scanner = new FormBrowser(site.origin);
      assert.equal((await scanner.open(link)).status, 200);
      assert.equal((await fetch(link, { method: "HEAD", redirect: "manual" })).status, 303);
    }
    assert.ok(await isPassword(VICTIM, SITE_PASSWORD), "looking changes nothing");
    const browser = new FormBrowser(site.origin);
    const done = await browser.submit(await browser.open(link), "/new-password", { password: SITE_PASSWORD });
    assert.match(done.title, /Your new password is set/);
  });

  it("does not work a second time, also where its page was open before", async () => {
    const link = await ask(VICTIM);
    const thief = new FormBrowser(site.origin);
    const form = await thief.open(link);
    const owner = new FormBrowser(site.origin);
    await owner.submit(await owner.open(link), "/new-password", { password: SITE_PASSWORD });
    refused(await thief.submit(form, "/new-password", { password: STOLEN }));
    refused(await new FormBrowser(site.origin).open(link));
    assert.ok(!(await isPassword(VICTIM, STOLEN)));
    assert.ok(site.events.some(({ name }) => name === "account_link_refused"));
  });

  it("does not work once the password was changed in another way", async () => {
    const link = await ask(VICTIM);
    const { recovery, directory } = site.accounts;
    const { store } = site.services;
    const account = await store.read((reading) => directory.findByEmail(reading, "default", VICTIM));
    assert.ok(account !== undefined);
    const prepared = await recovery.prepareChange({
      account,
      password: SITE_PASSWORD,
      read: (look) => store.read(look),
    });
    assert.ok(!isDenial(prepared));
    await store.write((writing) => recovery.commitChange(writing, prepared));
    refused(await new FormBrowser(site.origin).open(link));
  });

  it("is of its own account, whatever else is sent, and for its own purpose", async () => {
    const own = await ask(THIEF);
    const token = own.slice(own.lastIndexOf("/") + 1);
    const thief = new FormBrowser(site.origin);
    refused(await thief.open(`/invitation/${token}`));
    refused(await thief.open(`/account/verify/${token}`));
    const form = await thief.open(own);
    const fields = { email: VICTIM, account: VICTIM, purpose: "join", tenant: "other" };
    const done = await thief.submit(form, "/new-password", { ...fields, password: STOLEN });
    assert.match(done.title, /Your new password is set/);
    assert.ok(await isPassword(THIEF, STOLEN));
    assert.ok(!(await isPassword(VICTIM, STOLEN)));
  });

  it("stays neither in the address, nor in what pages tell others", async () => {
    const link = await ask(VICTIM);
    const first = await fetch(link, { redirect: "manual" });
    assert.equal(first.headers.get("location"), "/account/new-password");
    assert.equal(first.headers.get("referrer-policy"), "no-referrer");
    assert.equal(first.headers.get("cache-control"), "no-store");
    assert.match(first.headers.getSetCookie().join(), /Path=\/account\/new-password; HttpOnly; SameSite=Lax/);
    const page = await new FormBrowser(site.origin).open(link);
    assert.equal(page.headers.get("cache-control"), "no-store");
    assert.equal(page.headers.get("referrer-policy"), "same-origin");
    assert.doesNotMatch(page.text, /(?:href|src|action)="(?![/#]|data:)/, "nothing of another site is on the page");
    const token = link.slice(link.lastIndexOf("/") + 1);
    assert.ok(!JSON.stringify(site.events).includes(token));
  });

  it("takes no form from another site", async () => {
    const link = await ask(VICTIM);
    const browser = new FormBrowser(site.origin);
    const form = await browser.open(link);
    const { _csrf_token: _, ...fields } = form.forms[0]?.fields ?? {};
    const forged = await browser.post(form.url, { ...fields, password: STOLEN });
    assert.equal(forged.status, 403);
    const elsewhere = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    const crossing = await browser.post(form.url, { ...form.forms[0]?.fields, password: STOLEN }, elsewhere);
    assert.equal(crossing.status, 403);
    assert.ok(!(await isPassword(VICTIM, STOLEN)));
  });
});
