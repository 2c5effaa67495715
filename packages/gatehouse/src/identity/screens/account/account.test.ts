import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { follow, linkTo } from "../../../testing/account-letters.ts";
import { FormBrowser } from "../../../testing/form-browser.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

const NEW_PASSWORD = "nine herons under a tin roof";

describe("joining and getting back in", () => {
  let site: IdentitySite;
  before(async () => (site = await openIdentitySite()));
  after(() => site[Symbol.asyncDispose]());

  it("leads somebody from the sign-in page over a letter to an account, and back to where they were", async () => {
    const browser = new FormBrowser(site.origin);
    const request = await site.begin({}, OWN_CLIENT);
    const asked = await follow(browser, await browser.open(request.url), "/register");
    const invalid = await browser.submit(asked, "/register", { email: "nothing" });
    assert.equal(invalid.status, 422);
    assert.match(invalid.text, /Enter an e-mail address/);
    const sent = await browser.submit(invalid, "/register", { email: "Ada@example.org" });
    assert.match(sent.text, /on its way to Ada@example\.org/);
    const form = await browser.open(linkTo(site, "ada@example.org"));
    assert.equal(form.url.pathname, "/invitation", "the token has left the address");
    const weak = await browser.submit(form, "/invitation", { name: "Ada", password: "short" });
    assert.equal(weak.status, 422);
    assert.match(weak.text, /at least 15 characters/);
    const nameless = await browser.submit(weak, "/invitation", { name: " ", password: SITE_PASSWORD });
    assert.match(nameless.text, /Enter a name/);
    const ready = await browser.submit(nameless, "/invitation", { name: "Ada", password: SITE_PASSWORD });
    assert.match(ready.title, /Your account is ready/);
    const signIn = await follow(browser, ready, "/sign-in/");
    const back = await browser.submit(signIn, "/password", { email: "ada@example.org", password: SITE_PASSWORD });
    assert.equal(typeof (await site.redeem(request, back.url, OWN_CLIENT)).sub, "string");
    assert.ok(site.events.some(({ name }) => name === "user_created"));
  });

  it("sets a new password by a letter, with which alone somebody signs in from then on", async () => {
    const account = await site.join("bea@example.org");
    const browser = new FormBrowser(site.origin);
    const request = await site.begin({}, OWN_CLIENT);
    const asked = await follow(browser, await browser.open(request.url), "/account/reset");
    await browser.submit(asked, "/account/reset", { email: "bea@example.org" });
    const form = await browser.open(linkTo(site, "bea@example.org"));
    const guessable = await browser.submit(form, "/new-password", { password: "password password password" });
    assert.match(guessable.text, /easy to guess/);
    const done = await browser.submit(guessable, "/new-password", { password: NEW_PASSWORD });
    assert.match(done.title, /Your new password is set/);
    assert.ok(
      [...browser.cookies.keys()].some((name) => name.includes("device")),
      "the browser is known from now on",
    );
    const signIn = await follow(browser, done, "/sign-in/");
    const typed = { email: "bea@example.org", password: SITE_PASSWORD };
    const old = await browser.submit(signIn, "/password", typed);
    assert.equal(old.status, 422);
    const back = await browser.submit(old, "/password", { ...typed, password: NEW_PASSWORD });
    assert.equal((await site.redeem(request, back.url, OWN_CLIENT)).sub, account.id);
    const over = await browser.open("/account/reset");
    assert.doesNotMatch(over.text, /Back to signing in/, "the sign-in is over");
  });

  it("does not lead back to a sign-in that has ended with all the others", async () => {
    const email = "eve@example.org";
    await site.join(email);
    const browser = new FormBrowser(site.origin);
    const page = await browser.open((await site.begin({}, OWN_CLIENT)).url);
    await browser.submit(page, "/password", { email, password: SITE_PASSWORD });
    const anew = await browser.open((await site.begin({ prompt: "login" }, OWN_CLIENT)).url);
    const asked = await follow(browser, anew, "/account/reset");
    await browser.submit(asked, "/account/reset", { email });
    const form = await browser.open(linkTo(site, email));
    const done = await browser.submit(form, "/new-password", { password: NEW_PASSWORD });
    assert.doesNotMatch(done.text, /href="\/sign-in\/(?!assets)/);
    assert.match(done.text, /Go back to the application/);
    assert.match(done.text, /<a href="\/account">/, "who came by the letter alone has no page to go back to");
  });

  it("proves an address by a letter, once", async () => {
    const account = await site.join("cyd@example.org");
    const { store } = site.services;
    await store.write((writing) => site.accounts.recovery.requestVerification(writing, account, "cyd@example.org"));
    const browser = new FormBrowser(site.origin, { language: "de" });
    const link = linkTo(site, "cyd@example.org");
    const asked = await browser.open(link);
    assert.match(asked.title, /Adresse bestätigen/);
    assert.match((await browser.submit(asked, "/account/verify")).title, /Ihre Adresse ist bestätigt/);
    const again = await browser.open(link);
    assert.equal(again.status, 400);
    assert.match(again.title, /Dieser Link führt nicht weiter/);
  });

  it("writes to people in the language of the page they asked on", async () => {
    for (const [language, subject] of [
      ["de-AT", "Ihr Konto bei Acme"],
      ["en-GB", "Your account at Acme"],
    ] as const) {
      const email = `${language.toLowerCase()}@example.org`;
      const browser = new FormBrowser(site.origin, { language });
      await browser.submit(await browser.open("/register"), "/register", { email });
      assert.equal(site.mailbox.messages.find(({ to }) => to === email)?.subject, subject);
    }
  });

  it("says in German what is wrong with a password", async () => {
    await site.join("dee@example.org");
    const browser = new FormBrowser(site.origin, { language: "de" });
    await browser.submit(await browser.open("/account/reset"), "/account/reset", { email: "dee@example.org" });
    const form = await browser.open(linkTo(site, "dee@example.org"));
    const weak = await browser.submit(form, "/new-password", { password: "dee@example.org." });
    assert.match(weak.text, /ähnelt zu sehr Ihrem Namen oder Ihrer Adresse/);
  });
});

describe("a service without registration", () => {
  it("has no page to register on, and no link to one", async () => {
    await using site = await openIdentitySite({}, { registration: false });
    const browser = new FormBrowser(site.origin);
    const page = await browser.open((await site.begin()).url);
    assert.doesNotMatch(page.text, /\/register/);
    assert.match(page.text, /\/account\/reset/);
    assert.equal((await browser.open("/register")).status, 404);
  });
});
