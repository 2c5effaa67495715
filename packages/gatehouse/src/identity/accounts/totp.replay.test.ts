/**
 * Replay of one-time codes: an attacker sees a code while it is typed, or sends it many times at once, and gets in beside
 * its owner. Or they guess: a code has six digits.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Secret, TOTP } from "otpauth";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import { admitted, KIT_IP, KIT_PASSWORD, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import { levelOf, methodsOf, type Authentication } from "./authentication.ts";
import type { Account } from "./directory.ts";

const AT_ONCE = 12;
const PERIOD = 30_000;

describe("one-time codes of an authenticator app", () => {
  let kit: AccountKit;
  let accounts = 0;
  before(async () => (kit = await openAccountKit()));
  after(() => kit[Symbol.asyncDispose]());

  /** What an authenticator app makes of the address it was shown. */
  function codeAt(secret: string, at = kit.clock.now()): string {
    return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: at });
  }

  async function enrolled(): Promise<{ account: Account; email: string; secret: string }> {
    accounts += 1;
    const email = `totp-${accounts}@example.org`;
    const account = await kit.join(email);
    const { totp } = kit.services;
    const { secret } = await kit.write((writing) => totp.begin(writing, account, { issuer: "Acme", email }));
    assert.equal(await kit.write((writing) => totp.confirm(writing, account, codeAt(secret))), undefined);
    await kit.clock.advance(2 * PERIOD);
    return { account, email, secret };
  }

  async function use(authentication: Authentication, code: string, ip = KIT_IP): Promise<Authentication | Denial> {
    const { totp } = kit.services;
    const read = kit.store.read.bind(kit.store);
    const prepared = await totp.prepare({ authentication, code, ip, devices: [], read });
    return isDenial(prepared) ? prepared : kit.write((writing) => totp.commit(writing, prepared));
  }

  it("are shown to apps with everything they need, and are a factor once a code has confirmed it", async () => {
    const account = await kit.join("enrol@example.org");
    const { totp } = kit.services;
    const label = { issuer: "Acme", email: "enrol@example.org" };
    const earlier = await kit.write((writing) => totp.begin(writing, account, label));
    const { secret, uri } = await kit.write((writing) => totp.begin(writing, account, label));
    assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.match(uri, /^otpauth:\/\/totp\/Acme:enrol%40example\.org\?.*issuer=Acme/);
    const authentication = await kit.signedIn("enrol@example.org");
    assert.ok(isDenial(await use(authentication, codeAt(secret))), "not confirmed yet");
    for (const wrong of [codeAt(earlier.secret), "", "abcdef"]) {
      assert.ok(isDenial(await kit.write((writing) => totp.confirm(writing, account, wrong))));
    }
    assert.equal(await kit.write((writing) => totp.confirm(writing, account, codeAt(secret))), undefined);
    assert.ok(isDenial(await kit.write((writing) => totp.confirm(writing, account, codeAt(secret)))), "confirmed once");
  });

  it("cannot be the one that confirmed them", async () => {
    const account = await kit.join("confirming@example.org");
    const { totp } = kit.services;
    const label = { issuer: "Acme", email: "confirming@example.org" };
    const { secret } = await kit.write((writing) => totp.begin(writing, account, label));
    const code = codeAt(secret);
    await kit.write((writing) => totp.confirm(writing, account, code));
    assert.ok(isDenial(await use(await kit.signedIn("confirming@example.org"), code)));
  });

  it("make two factors of one", async () => {
    const { email, secret } = await enrolled();
    const first = await kit.signedIn(email);
    assert.equal(levelOf(first), "aal1");
    const both = admitted(await use(first, ` ${codeAt(secret).slice(0, 3)} ${codeAt(secret).slice(3)} `));
    assert.equal(levelOf(both), "aal2");
    assert.deepEqual(methodsOf(both), ["pwd", "otp", "mfa"]);
  });

  it("let one in of many who come with the same code at once", async () => {
    const { email, secret } = await enrolled();
    const authentication = await kit.signedIn(email);
    const code = codeAt(secret);
    // Each from an address of its own, so that no limit stops them.
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => use(authentication, code, `198.51.100.${index}`)),
    );
    assert.equal(answers.filter((answer) => !isDenial(answer)).length, 1);
    assert.ok(isDenial(await use(authentication, code, "203.0.113.1")));
  });

  it("are of this step or one beside it, and never of one before the last that was used", async () => {
    const { email, secret } = await enrolled();
    const authentication = await kit.signedIn(email);
    const now = kit.clock.now();
    for (const steps of [-2, 2]) assert.ok(isDenial(await use(authentication, codeAt(secret, now + steps * PERIOD))));
    admitted(await use(authentication, codeAt(secret, now + PERIOD)));
    assert.ok(isDenial(await use(authentication, codeAt(secret, now))));
    assert.ok(isDenial(await use(authentication, codeAt(secret, now - PERIOD))));
  });

  it("are slowed down when they are wrong, apart from passwords, and right ones are not", async () => {
    const { email, secret } = await enrolled();
    const authentication = await kit.signedIn(email);
    const codes: string[] = [];
    for (let guess = 0; guess < 5; guess += 1) {
      const answer = await use(authentication, "000000");
      codes.push(isDenial(answer) ? answer.problem.code : "in");
    }
    assert.deepEqual(codes, [
      ...Array<string>(3).fill("FACTOR_REFUSED"),
      ...Array<string>(2).fill("RATE_LIMIT_EXCEEDED"),
    ]);
    const again = await kit.signedIn(email);
    admitted(await use(again, codeAt(secret), "203.0.113.200"));
  });

  it("do not count the right ones against anybody", async () => {
    const { email, secret } = await enrolled();
    for (let round = 0; round < 6; round += 1) {
      admitted(await use(await kit.signedIn(email), codeAt(secret)));
      await kit.clock.advance(PERIOD);
    }
  });

  it("are of no use to an authentication that does not hold any more", async () => {
    const { account, email, secret } = await enrolled();
    const authentication = await kit.signedIn(email);
    await kit.write((writing) => kit.services.directory.change(writing, account));
    assert.ok(isDenial(await use(authentication, codeAt(secret))));
    admitted(await use(await kit.signedIn(email, KIT_PASSWORD), codeAt(secret)));
  });
});
