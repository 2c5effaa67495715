/**
 * A page sends a browser to the beginning of sign-ins that lead to very long addresses, each of which it has to remember.
 * Its cookies grow longer than a request may be, and no page of the server opens any more until they expire.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openRelyingPartyKit, TestBrowser, type RelyingPartyKit } from "../../testing/relying-party-kit.ts";

/** What the servers of the machine take at most for all fields of a request, by default. */
const MOST_BYTES = 16_384;
/** Relying parties that a server may have, each with cookies of its own. */
const PARTIES = 3;

describe("sign-ins that lead to long addresses", () => {
  let kit: RelyingPartyKit;
  before(async () => (kit = await openRelyingPartyKit()));
  after(() => kit[Symbol.asyncDispose]());

  it("do not fill a browser with cookies, and the newest can be finished", async () => {
    const browser = new TestBrowser(kit);
    let last = new URL("https://app.example/");
    for (let number = 0; number < 8; number += 1) {
      last = await browser.begin(`/${"a".repeat(1990)}${number}`);
      await kit.clock.advance(10);
    }
    const length = [...browser.cookies].reduce((sum, [name, value]) => sum + name.length + value.length + 3, 0);
    assert.ok(PARTIES * length < MOST_BYTES, `${length} bytes of cookies`);
    await browser.finish(last);
    assert.match(await browser.who(), /^user /);
  });
});
