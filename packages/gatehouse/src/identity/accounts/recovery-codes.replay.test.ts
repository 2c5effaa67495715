/**
 * Replay of recovery codes: a code that has been used lies in the bin, and whoever finds it, or sends it many times at
 * once, gets in with it again.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import { admitted, KIT_IP, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import { levelOf, type Authentication } from "./authentication.ts";
import type { Account } from "./directory.ts";

const AT_ONCE = 12;

describe("recovery codes", () => {
  let kit: AccountKit;
  let accounts = 0;
  before(async () => (kit = await openAccountKit()));
  after(() => kit[Symbol.asyncDispose]());

  async function enrolled(): Promise<{ account: Account; email: string; codes: string[] }> {
    accounts += 1;
    const email = `recovering-${accounts}@example.org`;
    const account = await kit.join(email);
    return { account, email, codes: await regenerate(account) };
  }

  function regenerate(account: Account): Promise<string[]> {
    return kit.write((writing) => kit.services.recoveryCodes.regenerate(writing, account));
  }

  async function use(authentication: Authentication, code: string, ip = KIT_IP): Promise<Authentication | Denial> {
    const { recoveryCodes } = kit.services;
    const read = kit.store.read.bind(kit.store);
    const prepared = await recoveryCodes.prepare({ authentication, code, ip, devices: [], read });
    return isDenial(prepared) ? prepared : kit.write((writing) => recoveryCodes.commit(writing, prepared));
  }

  const remaining = (account: Account) =>
    kit.store.read((reading) => kit.services.recoveryCodes.remaining(reading, account));

  it("are ten, of 80 bits each", async () => {
    const { codes } = await enrolled();
    assert.equal(new Set(codes).size, 10);
    for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  });

  it("are good once each, as a second factor", async () => {
    const { account, email, codes } = await enrolled();
    for (const [index, code] of codes.entries()) {
      const both = admitted(await use(await kit.signedIn(email), code));
      assert.equal(levelOf(both), "aal2");
      assert.equal(await remaining(account), codes.length - index - 1);
    }
    const authentication = await kit.signedIn(email);
    for (const code of codes.slice(0, 3)) assert.ok(isDenial(await use(authentication, code)));
  });

  it("let one in of many who come with the same code at once", async () => {
    const { email, codes } = await enrolled();
    const authentication = await kit.signedIn(email);
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, index) => use(authentication, codes[0] ?? "", `198.51.100.${index}`)),
    );
    assert.equal(answers.filter((answer) => !isDenial(answer)).length, 1);
  });

  it("are read however they are typed", async () => {
    const { email, codes } = await enrolled();
    const [first = "", second = ""] = codes;
    admitted(await use(await kit.signedIn(email), first.toLowerCase().replaceAll("-", " ")));
    admitted(await use(await kit.signedIn(email), second.replaceAll("0", "O").replaceAll("1", "l")));
  });

  it("are void once there is a new set", async () => {
    const { account, email, codes } = await enrolled();
    const fresh = await regenerate(account);
    const authentication = await kit.signedIn(email);
    assert.ok(isDenial(await use(authentication, codes[0] ?? "")));
    admitted(await use(authentication, fresh[0] ?? ""));
    assert.equal(await remaining(account), 9);
  });

  it("of one account are nothing to another", async () => {
    const [one, other] = [await enrolled(), await enrolled()];
    assert.ok(isDenial(await use(await kit.signedIn(other.email), one.codes[0] ?? "")));
  });

  it("are slowed down when they are wrong", async () => {
    const { email, codes } = await enrolled();
    const authentication = await kit.signedIn(email);
    for (const wrong of ["", "0000-0000-0000-0000", "x".repeat(5000)]) {
      const answer = await use(authentication, wrong);
      assert.equal(isDenial(answer) && answer.problem.code, "FACTOR_REFUSED");
    }
    const answer = await use(authentication, codes[0] ?? "");
    assert.equal(isDenial(answer) && answer.problem.code, "RATE_LIMIT_EXCEEDED");
  });
});
