/**
 * Session fixation: an attacker gives a victim's browser a session identifier they know, and waits for the victim to sign
 * in with it. Whoever signs in gets a new session, and what was known of the one before opens nothing.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FormBrowser } from "../../../testing/form-browser.ts";
import { openIdentitySite, OWN_CLIENT, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

const SESSION = "idp";

describe("a session identifier that somebody else knows", () => {
  let site: IdentitySite;
  before(async () => (site = await openIdentitySite()));
  after(() => site[Symbol.asyncDispose]());

  async function signIn(browser: FormBrowser, email: string, parameters: Record<string, string> = {}): Promise<URL> {
    const page = await browser.open((await site.begin(parameters, OWN_CLIENT)).url);
    return (await browser.submit(page, "/password", { email, password: SITE_PASSWORD })).url;
  }

  it("is not the one that somebody is signed in with", async () => {
    await site.join("victim@example.org");
    await site.join("attacker@example.org");
    const attacker = new FormBrowser(site.origin);
    await signIn(attacker, "attacker@example.org");
    const planted = [...attacker.cookies].filter(([name]) => name.startsWith(SESSION));

    const victim = new FormBrowser(site.origin);
    for (const [name, value] of planted) victim.cookies.set(name, value);
    const page = await victim.open((await site.begin({ prompt: "login" }, OWN_CLIENT)).url);
    const switched = await victim.submit(page, "/password", { email: "victim@example.org", password: SITE_PASSWORD });
    assert.match(switched.title, /Another account is signed in/);
    const back = await victim.submit(switched, "/oauth/logout/confirm", {});
    assert.ok(back.url.href.startsWith(site.callback), `${back.status} ${back.url.href} ${back.text}`);
    assert.notEqual(victim.cookies.get(SESSION), attacker.cookies.get(SESSION));

    const request = await site.begin({ prompt: "none" }, OWN_CLIENT);
    const looked = await attacker.open(request.url);
    assert.equal(looked.url.searchParams.get("error"), "login_required", "the attacker's session is over");
  });

  it("changes when somebody who is signed in signs in again", async () => {
    await site.join("ada@example.org");
    const browser = new FormBrowser(site.origin);
    await signIn(browser, "ada@example.org");
    const stolen = new Map(browser.cookies);
    await signIn(browser, "ada@example.org", { prompt: "login" });
    assert.notEqual(browser.cookies.get(SESSION), stolen.get(SESSION));
    const thief = new FormBrowser(site.origin);
    for (const [name, value] of stolen) thief.cookies.set(name, value);
    const looked = await thief.open((await site.begin({ prompt: "none" }, OWN_CLIENT)).url);
    assert.equal(looked.url.searchParams.get("error"), "login_required");
  });
});
