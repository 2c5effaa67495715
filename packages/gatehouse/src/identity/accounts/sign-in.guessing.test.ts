/**
 * Guessing: an attacker tries passwords at one account from one address or many, or one password at many accounts.
 * Locking the account would stop that, and would let anybody keep its owner out.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import { KIT_PASSWORD, openAccountKit, type AccountKit, type KitSource } from "../../testing/account-kit.ts";
import { PasswordHasher } from "./passwords/hasher.ts";
import { createDeterministicRandom } from "../../testing/deterministic-random.ts";

const WRONG = "not the password at all";
const MINUTE = 60_000;

/** Counts what is hashed. */
class CountingHasher extends PasswordHasher {
  verified = 0;
  override verify(...parameters: Parameters<PasswordHasher["verify"]>): ReturnType<PasswordHasher["verify"]> {
    this.verified += 1;
    return super.verify(...parameters);
  }
}

describe("guessing passwords", () => {
  let kit: AccountKit;
  const cost = { memory: 64, passes: 1, parallelism: 1 };
  const hasher = new CountingHasher({ random: createDeterministicRandom(), cost, waiting: 1000 });
  let accounts = 0;
  before(async () => (kit = await openAccountKit({ hasher })));
  after(() => kit[Symbol.asyncDispose]());

  async function freshEmail(): Promise<string> {
    accounts += 1;
    const email = `guessed-${accounts}@example.org`;
    await kit.join(email);
    return email;
  }

  async function codeOf(email: string, password: string, source: KitSource = {}): Promise<string> {
    const answer = await kit.signIn(email, password, source);
    return isDenial(answer) ? answer.problem.code : "signed in";
  }

  async function refusal(email: string, source: KitSource): Promise<Denial> {
    const answer = await kit.signIn(email, WRONG, source);
    assert.ok(isDenial(answer));
    return answer;
  }

  it("is made to wait twice as long each time, and right passwords wait as well", async () => {
    const email = await freshEmail();
    const source = { ip: "198.51.100.1" };
    for (let guess = 0; guess < 3; guess += 1)
      assert.equal((await refusal(email, source)).problem.code, "SIGN_IN_REFUSED");
    const waits: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const { problem, retryAfter = 0 } = await refusal(email, source);
      assert.equal(problem.code, "RATE_LIMIT_EXCEEDED");
      assert.equal(await codeOf(email, KIT_PASSWORD, source), "RATE_LIMIT_EXCEEDED");
      waits.push(retryAfter);
      await kit.clock.advance(retryAfter * 1000);
      assert.equal((await refusal(email, source)).problem.code, "SIGN_IN_REFUSED");
    }
    assert.deepEqual(waits, [30, 30, 60, 120, 240]);
  });

  it("is hashed for admitted tries alone, however many come at once", async () => {
    const email = await freshEmail();
    const verified = hasher.verified;
    const tries = await Promise.all(Array.from({ length: 40 }, () => codeOf(email, WRONG, { ip: "198.51.100.2" })));
    assert.equal(tries.filter((code) => code === "SIGN_IN_REFUSED").length, 3);
    assert.equal(hasher.verified - verified, 3);
  });

  it("does not keep the owner out who comes from another address", async () => {
    const email = await freshEmail();
    for (let guess = 0; guess < 20; guess += 1) await codeOf(email, WRONG, { ip: "198.51.100.3" });
    assert.equal(await codeOf(email, KIT_PASSWORD, { ip: "203.0.113.3" }), "signed in");
  });

  it("takes the addresses of one subscriber's network for one", async () => {
    const email = await freshEmail();
    for (let guess = 0; guess < 3; guess += 1) await codeOf(email, WRONG, { ip: `2001:db8::${guess + 1}` });
    assert.equal(await codeOf(email, WRONG, { ip: "2001:db8::ffff" }), "RATE_LIMIT_EXCEEDED");
    assert.equal(await codeOf(email, WRONG, { ip: "2001:db8:0:1::1" }), "SIGN_IN_REFUSED");
  });

  it("from very many addresses keeps strangers out, and never the owner's own device", async () => {
    const email = await freshEmail();
    const { account } = await kit.signedIn(email);
    const devices = [kit.services.devices.mark(account)];
    for (let guess = 0; guess < 100; guess += 1) {
      assert.equal(await codeOf(email, WRONG, { ip: `198.18.${guess}.1` }), "SIGN_IN_REFUSED");
    }
    assert.equal(await codeOf(email, WRONG, { ip: "198.19.0.1" }), "RATE_LIMIT_EXCEEDED");
    assert.equal(await codeOf(email, KIT_PASSWORD, { ip: "198.19.0.2" }), "RATE_LIMIT_EXCEEDED");
    assert.equal(await codeOf(email, KIT_PASSWORD, { ip: "198.18.5.1", devices }), "signed in");
  });

  it("with a stolen mark is slowed down like any other", async () => {
    const email = await freshEmail();
    const devices = [kit.services.devices.mark((await kit.signedIn(email)).account)];
    const codes: string[] = [];
    for (let guess = 0; guess < 5; guess += 1)
      codes.push(await codeOf(email, WRONG, { ip: `203.0.113.${guess}`, devices }));
    assert.deepEqual(codes.slice(2), ["SIGN_IN_REFUSED", "RATE_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"]);
    assert.equal(await codeOf(email, KIT_PASSWORD, { ip: "203.0.113.50" }), "signed in");
  });

  it("gains nothing by marks of another account, made up, altered or out of date", async () => {
    const [email, other] = [await freshEmail(), await freshEmail()];
    const { devices } = kit.services;
    const { account } = await kit.signedIn(email);
    const mark = devices.mark(account);
    assert.ok(devices.recognise(["nonsense", mark], account) !== undefined);
    assert.equal(devices.recognise([mark], (await kit.signedIn(other)).account), undefined);
    const [id = "", until = "", mac = ""] = mark.split(".");
    for (const forged of [
      `${id}.9${until.slice(1)}.${mac}`,
      `${"A".repeat(22)}.${until}.${mac}`,
      `${id}.${until}.`,
      "",
    ]) {
      assert.equal(devices.recognise([forged], account), undefined, forged);
    }
    await kit.clock.advance(181 * 24 * 60 * MINUTE);
    assert.equal(devices.recognise([mark], account), undefined);
  });

  it("at many accounts from one address ends for all of them", async () => {
    const ip = "198.51.100.77";
    for (let guess = 0; guess < 50; guess += 1) await codeOf(`nobody-${guess}@example.org`, WRONG, { ip });
    const email = await freshEmail();
    assert.equal(await codeOf(email, WRONG, { ip }), "RATE_LIMIT_EXCEEDED");
    await kit.clock.advance(11 * MINUTE);
    assert.equal(await codeOf(email, WRONG, { ip }), "SIGN_IN_REFUSED");
  });

  it("is forgotten once the owner has signed in", async () => {
    const email = await freshEmail();
    const source = { ip: "203.0.113.9" };
    for (let round = 0; round < 5; round += 1) {
      for (let guess = 0; guess < 2; guess += 1) assert.equal(await codeOf(email, WRONG, source), "SIGN_IN_REFUSED");
      assert.equal(await codeOf(email, KIT_PASSWORD, source), "signed in");
    }
  });
});
