/**
 * Another's address by their own hand: somebody asks for an address that is not theirs as the new one of their account,
 * and its owner confirms a letter that looks like one about an account of their own. The letter says whose it is.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite } from "../../../../testing/account-site.ts";

describe("the letter to another's address", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  it("names the account that is to have it, by the address it has", async () => {
    const mallory = await site.join("Mallory");
    const browser = site.browser();
    await site.signIn(browser, mallory);
    const form = await browser.open("/account/email");
    await browser.submit(form, "/account/email", { email: "victim@example.org" });
    const [letter] = site.mailbox.messages.filter(({ to }) => to === "victim@example.org");
    assert.ok(letter !== undefined);
    assert.ok(letter.text.includes(mallory.email), letter.text);
    assert.match(letter.text, /do not confirm/);
  });
});
