/**
 * Factor removal without step-up: whoever finds a browser that is signed in takes the second factor away, and has then an
 * account that a password opens. Changing factors needs a proof just now, with two factors where the account has two.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite } from "../../../../testing/account-site.ts";
import { totpCode } from "../../../../testing/identity-site.ts";

describe("second factors of an account that was left open", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  const kinds = async (person: { tenant: string; id: string }) =>
    (await site.read((reading) => site.identity.factors.list(reading, { ...person, account: person.id }))).map(
      ({ kind }) => kind,
    );

  it("cannot be removed, replaced or renewed some time after the sign-in", async () => {
    const ada = await site.join("Ada");
    const secret = await site.addTotp(ada);
    const browser = site.browser();
    await site.signIn(browser, ada, { secret });
    const page = await browser.open("/account/factors");
    site.pass(11 * 60_000);
    for (const form of ["/totp/remove", "/totp/begin", "/recovery-codes"]) {
      const answer = await browser.submit(page, form);
      assert.deepEqual([answer.status, answer.title.includes("Confirm that it is you")], [401, true], form);
    }
    assert.deepEqual((await kinds(ada)).toSorted(), ["password", "totp"]);
  });

  it("cannot be touched by a sign-in with one factor that was made before there were two", async () => {
    const bea = await site.join("Bea");
    const browser = site.browser();
    await site.signIn(browser, bea);
    const page = await browser.open("/account/factors");
    const secret = await site.addTotp(bea);
    assert.equal((await browser.submit(page, "/totp/begin")).status, 401);
    const asked = await browser.open("/account/factors");
    assert.match(asked.text, /name="code"/, "the second factor is all that is missing");
    const factors = await browser.submit(asked, "/totp", { code: totpCode(secret, site.now()) });
    assert.match((await browser.submit(factors, "/totp/remove")).text, /The second factor was removed/);
  });

  it("cannot be removed to the last where the account must have two", async () => {
    const olga = await site.join("Olga", ["operator"]);
    const secret = await site.addTotp(olga);
    const browser = site.browser();
    await site.signIn(browser, olga, { secret });
    const page = await browser.open("/account/factors");
    const answer = await browser.submit(page, "/totp/remove");
    assert.equal(answer.status, 422);
    assert.match(answer.text, /must keep a second factor/);
    assert.deepEqual((await kinds(olga)).toSorted(), ["password", "totp"]);
    assert.deepEqual(site.lettersTo(olga.email), []);
  });
});
