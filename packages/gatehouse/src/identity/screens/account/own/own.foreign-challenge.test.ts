/**
 * Passkey registration with a foreign challenge: the attacker has an authenticator of theirs answer a challenge that was
 * given to them, and sends the answer from a browser in which the victim is signed in, to own a key to that account. A
 * challenge is good once, in the visit it was given to, for the account it was given for.
 */
import assert from "node:assert/strict";
import type { PublicKeyCredentialCreationOptionsJSON } from "@simplewebauthn/server";
import { after, before, describe, it } from "node:test";
import { AccountSite, type Person } from "../../../../testing/account-site.ts";
import type { FormBrowser, FormPage } from "../../../../testing/form-browser.ts";
import { SoftwareAuthenticator } from "../../../../testing/software-authenticator.ts";

describe("an answer to the challenge of another", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  async function arrive(person: Person): Promise<{ browser: FormBrowser; page: FormPage }> {
    const browser = site.browser();
    await site.signIn(browser, person);
    return { browser, page: await browser.open("/account/factors") };
  }

  async function answerIn({ browser, page }: { browser: FormBrowser; page: FormPage }): Promise<string> {
    const { fields = {} } = page.forms.find(({ action }) => action.endsWith("/factors/passkey")) ?? {};
    const { _csrf_token = "", mark = "" } = fields;
    const begun = await browser.post("/account/factors/passkey/begin", { _csrf_token, mark });
    // What our own server has answered.
    const options = JSON.parse(begun.text) as PublicKeyCredentialCreationOptionsJSON;
    return JSON.stringify(new SoftwareAuthenticator({ origin: site.origin }).create(options));
  }

  it("makes nobody the owner of a key", async () => {
    const [ada, mallory] = [await site.join("Ada"), await site.join("Mallory")];
    const victim = await arrive(ada);
    const response = await answerIn(await arrive(mallory));
    const sent = await victim.browser.submit(victim.page, "/factors/passkey", { response, name: "Mine" });
    assert.equal(sent.status, 422);
    assert.match(sent.text, /The passkey was not made/);
    assert.deepEqual(await site.read((reading) => site.identity.accounts.passkeys.list(reading, ada)), []);
  });

  it("is not good in another visit of the same person, nor a second time", async () => {
    const bea = await site.join("Bea");
    const [one, other] = [await arrive(bea), await arrive(bea)];
    const response = await answerIn(one);
    const elsewhere = await other.browser.submit(other.page, "/factors/passkey", { response, name: "Mine" });
    assert.equal(elsewhere.status, 422);
    const added = await one.browser.submit(one.page, "/factors/passkey", { response, name: "Mine" });
    assert.match(added.title, /Your recovery codes/);
    assert.notEqual((await one.browser.submit(one.page, "/factors/passkey", { response, name: "Mine" })).status, 200);
    const passkeys = await site.read((reading) => site.identity.accounts.passkeys.list(reading, bea));
    assert.deepEqual(
      passkeys.map(({ name }) => name),
      ["Mine"],
    );
    assert.deepEqual(site.lettersTo(bea.email).length, 1);
  });
});
