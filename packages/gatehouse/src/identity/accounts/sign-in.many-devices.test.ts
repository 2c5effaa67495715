/**
 * Whoever has somebody's mailbox sets a new password as often as they like, and each time has a browser that is known.
 * With enough of them they guess at the second factor, each time from a device that has tries of its own.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDenial } from "../../kernel/outcome.ts";
import { openAccountKit, type AccountKit } from "../../testing/account-kit.ts";

const BROWSERS = 60;
const TRIES_OF_ONE = 3;
/** NIST SP 800-63B-4 section 3.2.2: no more than 100 wrong tries. */
const MOST = 100;

describe("guessing at a second factor from many known devices", () => {
  let kit: AccountKit;
  before(async () => (kit = await openAccountKit()));
  after(() => kit[Symbol.asyncDispose]());

  it("has no more tries than strangers have", async () => {
    const email = "owner@example.org";
    const account = await kit.join(email);
    const { totp, devices } = kit.services;
    const authentication = await kit.signedIn(email);
    let compared = 0;
    for (let browser = 0; browser < BROWSERS; browser += 1) {
      const claim = { authentication, ip: `198.51.100.${browser}`, devices: [devices.mark(account)] };
      for (let guess = 0; guess < TRIES_OF_ONE; guess += 1) {
        const answer = await totp.prepare({ ...claim, code: "000000", read: kit.store.read.bind(kit.store) });
        assert.ok(isDenial(answer));
        if (answer.problem.code === "FACTOR_REFUSED") compared += 1;
      }
    }
    assert.equal(compared, MOST);
  });
});
