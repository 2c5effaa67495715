/**
 * Enumeration: an attacker asks about addresses and learns from differences in answers, limits or time which of them have
 * an account. What they learn is who to guess at, and who uses the service.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDenial } from "../../kernel/outcome.ts";
import { createDeterministicRandom } from "../../testing/deterministic-random.ts";
import { KIT_PASSWORD, KIT_TENANT, openAccountKit, type AccountKit } from "../../testing/account-kit.ts";
import { PasswordHasher } from "./passwords/hasher.ts";

const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

/** Notes at what cost it worked. */
class WatchedHasher extends PasswordHasher {
  readonly verified: boolean[] = [];
  override async verify(...parameters: Parameters<PasswordHasher["verify"]>) {
    const answer = await super.verify(...parameters);
    this.verified.push(!isDenial(answer) && answer.right);
    return answer;
  }
}

describe("enumerating accounts", () => {
  let kit: AccountKit;
  const hasher = new WatchedHasher({ random: createDeterministicRandom(), cost: CHEAP });
  before(async () => {
    kit = await openAccountKit({ hasher });
    await kit.join("there@example.org");
    const disabled = await kit.join("disabled@example.org");
    await kit.write((writing) => kit.services.directory.change(writing, disabled, { state: "disabled" }));
    const passwordless = { tenant: KIT_TENANT, email: "passkey@example.org", name: "P", locale: "en", grants: [] };
    await kit.write((writing) => kit.services.directory.create(writing, { ...passwordless, verified: true }));
  });
  after(() => kit[Symbol.asyncDispose]());

  it("by signing in shows the same answer after the same work, to the last try that is admitted", async () => {
    const answers: unknown[] = [];
    for (const [email, password] of [
      ["there@example.org", "wrong"],
      ["nobody@example.org", "wrong"],
      ["disabled@example.org", "wrong"],
      ["disabled@example.org", KIT_PASSWORD],
      ["passkey@example.org", "wrong"],
      ["not an address", "wrong"],
    ] as const) {
      await kit.parts.counters.reset();
      const before = hasher.verified.length;
      const seen: unknown[] = [];
      for (let guess = 0; guess < 5; guess += 1) {
        const answer = await kit.signIn(email, password);
        assert.ok(isDenial(answer));
        const { problem, retryAfter, detail, violations } = answer;
        seen.push({ problem, retryAfter, detail, violations });
      }
      answers.push(seen);
      assert.equal(hasher.verified.length - before, 3, email);
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  });

  it("by asking for a new password shows nothing, and writes as much either way", async () => {
    const { recovery } = kit.services;
    const count = () =>
      kit.store.read((reading) =>
        reading.execute<{ n: number }>({ sqlite: "SELECT count(*) AS n FROM documents", postgres: "" }, []),
      );
    const growth: number[] = [];
    for (const email of ["there@example.org", "nobody@example.org", "disabled@example.org"]) {
      const [{ n: earlier = 0 } = {}] = await count();
      assert.equal(await kit.write((writing) => recovery.requestReset(writing, KIT_TENANT, email)), undefined);
      const [{ n: later = 0 } = {}] = await count();
      growth.push(later - earlier);
    }
    assert.deepEqual(growth, [1, 1, 1]);
    const reached = kit.mailbox.messages
      .filter(({ subject }) => subject.startsWith("A new password"))
      .map(({ to }) => to);
    assert.deepEqual(reached, ["there@example.org"]);
  });

  it("by registering shows nothing: whoever has the address is told by mail", async () => {
    const { membership } = kit.services;
    const newcomer = { tenant: KIT_TENANT, name: "", locale: "en", grants: [] };
    for (const email of ["there@example.org", "new@example.org"]) {
      assert.equal(await kit.write((writing) => membership.register(writing, { ...newcomer, email })), undefined);
    }
    const [fresh, known] = kit.mailbox.messages;
    assert.match(fresh?.text ?? "", /https:\/\/id\.example\/join\//);
    assert.equal(known?.to, "there@example.org");
    assert.doesNotMatch(known.text, /https:/);
  });

  it("by asking for many letters meets the same limit, and buries nobody in mail", async () => {
    const { letters } = kit.services;
    for (const email of ["there@example.org", "nobody@example.org"]) {
      const codes: string[] = [];
      for (let ask = 0; ask < 7; ask += 1) codes.push((await letters.admit(KIT_TENANT, email))?.problem.code ?? "sent");
      assert.deepEqual(codes, [...Array<string>(5).fill("sent"), "RATE_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED"]);
    }
  });
});
