/**
 * One factor passing for two: an attacker who knows a password goes past the second factor, by leaving it out, by asking
 * for less, by a code that was used or by what was proven in another sign-in. What was proven counts in its own sign-in,
 * in its own browser, for a while, and each code once.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../../kernel/clock.ts";
import type { Account } from "../../accounts/directory.ts";
import { FormBrowser, type FormPage } from "../../../testing/form-browser.ts";
import {
  openIdentitySite,
  OWN_CLIENT,
  SITE_PASSWORD,
  totpCode,
  type IdentitySite,
} from "../../../testing/identity-site.ts";

describe("a password alone", () => {
  let site: IdentitySite;
  let accounts = 0;
  before(async () => (site = await openIdentitySite()));
  after(() => site[Symbol.asyncDispose]());

  interface Person {
    readonly account: Account;
    readonly email: string;
    readonly secret: string;
  }

  async function enrolled(): Promise<Person> {
    accounts += 1;
    const email = `person-${accounts}@example.org`;
    const account = await site.join(email);
    return { account, email, secret: await site.addTotp(account) };
  }

  async function toSecond(browser: FormBrowser, { email }: Person, parameters = {}): Promise<FormPage> {
    const page = await browser.open((await site.begin(parameters, OWN_CLIENT)).url);
    const second = await browser.submit(page, "/password", { email, password: SITE_PASSWORD });
    assert.match(second.title, /Confirm that it is you/);
    return second;
  }

  async function isSignedIn(browser: FormBrowser): Promise<boolean> {
    const looked = await browser.open((await site.begin({ prompt: "none" }, OWN_CLIENT)).url);
    return looked.url.searchParams.has("code");
  }

  it("signs nobody in during an emergency that asks for a second factor", async () => {
    await site.join("without@example.org");
    const set = { measure: "second-factor", reason: "passwords have leaked", minutes: 5 };
    assert.equal((await site.gatehouse.operate("emergency.set", set)).ok, true);
    const browser = new FormBrowser(site.origin);
    const page = await browser.open((await site.begin({}, OWN_CLIENT)).url);
    const next = await browser.submit(page, "/password", { email: "without@example.org", password: SITE_PASSWORD });
    assert.match(next.title, /second factor/i);
    assert.equal(await isSignedIn(browser), false);
    assert.equal((await site.gatehouse.operate("emergency.lift", { measure: "second-factor" })).ok, true);
  });

  it("signs nobody in who has a second factor, even where an application asks for one alone", async () => {
    const person = await enrolled();
    for (const parameters of [{}, { acr_values: "aal1" }, { claims: '{"id_token":{"acr":{"value":"aal1"}}}' }]) {
      const browser = new FormBrowser(site.origin);
      const second = await toSecond(browser, person, parameters);
      assert.equal(await isSignedIn(browser), false);
      const uid = second.url.pathname.split("/")[2] ?? "";
      const skipped = await browser.open(`/oauth/authorize/${uid}`);
      assert.match(skipped.title, /Sign in|cannot be answered/);
      assert.equal(await isSignedIn(browser), false);
    }
  });

  it("does not become two factors by a code without what was proven before", async () => {
    const person = await enrolled();
    const browser = new FormBrowser(site.origin);
    const second = await toSecond(browser, person);
    const code = totpCode(person.secret, systemClock.now());
    for (const step of ["", "AgAAAA==", "x".repeat(400)]) {
      const answer = await browser.submit(second, "/totp", { code, step });
      assert.equal(answer.status, 422);
      assert.match(answer.title, /Sign in/);
    }
    assert.equal(await isSignedIn(browser), false);
  });

  it("is worth nothing in another sign-in of the same browser, nor in another browser", async () => {
    const person = await enrolled();
    const browser = new FormBrowser(site.origin);
    const first = await toSecond(browser, person);
    const step = first.forms.find(({ fields }) => "step" in fields)?.fields["step"] ?? "";
    const second = await toSecond(browser, person);
    const code = totpCode(person.secret, systemClock.now());
    assert.equal((await browser.submit(second, "/totp", { code, step })).status, 422);
    const other = new FormBrowser(site.origin);
    const elsewhere = await toSecond(other, person);
    assert.equal((await other.submit(elsewhere, "/totp", { code, step })).status, 422);
    assert.equal(await isSignedIn(browser), false);
    assert.equal(await isSignedIn(other), false);
  });

  it("does not go with a code that was used before", async () => {
    const person = await enrolled();
    const code = totpCode(person.secret, systemClock.now());
    const owner = new FormBrowser(site.origin);
    const back = await owner.submit(await toSecond(owner, person), "/totp", { code });
    assert.ok(back.url.href.startsWith(site.callback));
    const thief = new FormBrowser(site.origin);
    const replayed = await thief.submit(await toSecond(thief, person), "/totp", { code });
    assert.equal(replayed.status, 422);
    assert.ok(site.events.some(({ name }) => name === "authn_factor_replayed"));
    assert.equal(await isSignedIn(thief), false);
  });

  it("does not go with a code of somebody else", async () => {
    const person = await enrolled();
    const other = await enrolled();
    const browser = new FormBrowser(site.origin);
    const code = totpCode(other.secret, systemClock.now());
    assert.equal((await browser.submit(await toSecond(browser, person), "/totp", { code })).status, 422);
  });

  it("does not put a second factor in the place of one that was set up meanwhile", async () => {
    accounts += 1;
    const email = `person-${accounts}@example.org`;
    const account = await site.join(email);
    const thief = new FormBrowser(site.origin);
    const page = await thief.open((await site.begin({ acr_values: "aal2" }, OWN_CLIENT)).url);
    const enrolment = await thief.submit(page, "/password", { email, password: SITE_PASSWORD });
    const secret = /class="secret">([A-Z2-7 ]+)</.exec(enrolment.text)?.[1]?.replaceAll(" ", "") ?? "";
    assert.notEqual(secret, "");
    await site.services.store.write((writing) => site.accounts.recoveryCodes.regenerate(writing, account));
    const { passkeys } = site.accounts;
    const kept = { id: "cGFzc2tleQ", publicKey: "", name: "Laptop", transports: [], synchronised: false };
    await site.services.store.write((writing) => passkeys.add(writing, account, { kept, counter: 0 }));
    const answer = await thief.submit(enrolment, "/enrol", { code: totpCode(secret, systemClock.now()) });
    assert.equal(answer.status, 422);
    assert.equal(await isSignedIn(thief), false);
  });

  it("does not pass where the account was disabled between the two factors", async () => {
    const person = await enrolled();
    const browser = new FormBrowser(site.origin);
    const second = await toSecond(browser, person);
    const { directory } = site.accounts;
    await site.services.store.write((writing) => directory.change(writing, person.account, { state: "disabled" }));
    const answer = await browser.submit(second, "/totp", { code: totpCode(person.secret, systemClock.now()) });
    assert.equal(answer.status, 422);
    assert.equal(await isSignedIn(browser), false);
  });
});
