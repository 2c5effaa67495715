/**
 * Enumeration of accounts: an attacker asks for new passwords and accounts by address, and reads from the answers which
 * addresses have an account. Both give the very same page, to the last one before the limit; only the mailbox tells.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { FormBrowser, type FormPage } from "../../../testing/form-browser.ts";
import { openIdentitySite, type IdentitySite } from "../../../testing/identity-site.ts";

const THERE = "there@example.org";
const NOBODY = "nobody@example.org";
const DISABLED = "disabled@example.org";
/** Letters to one address in an hour, and one more. */
const TRIES = 6;

describe("asking for letters", () => {
  let site: IdentitySite;
  before(async () => {
    site = await openIdentitySite();
    await site.join(THERE);
    const disabled = await site.join(DISABLED);
    const { directory } = site.accounts;
    await site.services.store.write((writing) => directory.change(writing, disabled, { state: "disabled" }));
  });
  after(() => site[Symbol.asyncDispose]());

  /** What differs for everybody is left out: tokens, and the address that was typed. */
  function plain({ text, status, headers }: FormPage, email: string): string {
    const fields = [...headers.keys()].filter((name) => name !== "date").join();
    return `${status} ${fields} ${text}`
      .replaceAll(email, "EMAIL")
      .replaceAll(/nonce="[^"]+"|value="[\w.-]{60,}"/g, "-")
      .replaceAll(/again in \d+ (?:minutes|seconds)/g, "again");
  }

  async function answers(path: string, email: string): Promise<string[]> {
    const browser = new FormBrowser(site.origin);
    const pages: string[] = [];
    for (let tried = 0; tried < TRIES; tried += 1) {
      const page = await browser.submit(await browser.open(path), path, { email });
      pages.push(plain(page, email));
    }
    return pages;
  }

  for (const path of ["/account/reset", "/register"]) {
    it(`gets the same answers at ${path} whether there is such an account`, async () => {
      await site.services.counters.reset();
      const letters = site.mailbox.messages.length;
      const known = await answers(path, THERE);
      assert.match(known[0] ?? "", /^200 /);
      assert.match(known[TRIES - 1] ?? "", /^429 /);
      assert.ok(site.mailbox.messages.length > letters);
      assert.deepEqual(await answers(path, NOBODY), known);
      assert.deepEqual(await answers(path, DISABLED), known);
    });
  }

  it("sends nothing to whoever has no account to get back into", () => {
    const resets = site.mailbox.messages.filter(({ text }) => text.includes("/account/reset/"));
    assert.ok(resets.length > 0);
    assert.ok(resets.every(({ to }) => to === THERE));
  });

  it("leaves no trace of the addresses that were asked about", () => {
    const trace = JSON.stringify(site.events);
    for (const email of [THERE, NOBODY, DISABLED]) assert.ok(!trace.includes(email));
  });
});
