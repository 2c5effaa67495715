/**
 * Enumeration of accounts: an attacker tries addresses at the sign-in page and reads from its answers which have an
 * account. A wrong password, an unknown address and a disabled account get the very same page.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FormBrowser, type FormPage } from "../../../testing/form-browser.ts";
import { openIdentitySite, SITE_PASSWORD, type IdentitySite } from "../../../testing/identity-site.ts";

describe("the sign-in page", () => {
  let site: IdentitySite;
  before(async () => (site = await openIdentitySite()));
  after(() => site[Symbol.asyncDispose]());

  async function refused(email: string, password: string): Promise<FormPage> {
    const browser = new FormBrowser(site.origin);
    const page = await browser.open((await site.begin()).url);
    return browser.submit(page, "/password", { email, password });
  }

  /** Without what differs for everybody: tokens, identifiers and the address that was typed. */
  function plain({ text, status }: FormPage, email: string): string {
    return `${status} ${text}`
      .replaceAll(email, "EMAIL")
      .replaceAll(/nonce="[^"]+"|value="[\w-]{80,}"|\/?sign-in[/=][\w-]{10,}/g, "-");
  }

  it("answers the same whether there is such an account or not", async () => {
    await site.join("ada@example.org");
    const gone = await site.join("gone@example.org");
    const { directory } = site.accounts;
    await site.services.store.write((writing) => directory.change(writing, gone, { state: "disabled" }));
    const wrong = await refused("ada@example.org", "not the password of ada");
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /The e-mail address or the password is not right\./);
    const unknown = await refused("nobody@example.org", SITE_PASSWORD);
    const disabled = await refused("gone@example.org", SITE_PASSWORD);
    assert.equal(plain(unknown, "nobody@example.org"), plain(wrong, "ada@example.org"));
    assert.equal(plain(disabled, "gone@example.org"), plain(wrong, "ada@example.org"));
  });

  it("records a refusal by a keyed hash of what was typed, and never what was typed", async () => {
    await refused("someone@example.org", "a password that is wrong");
    const event = site.events.findLast(({ name }) => name === "authn_login_fail");
    assert.equal(event?.context?.["reason"], "invalid_credentials");
    assert.ok(!JSON.stringify(site.events).includes("someone@example.org"));
    assert.ok(!JSON.stringify(site.events).includes("a password that is wrong"));
  });
});
