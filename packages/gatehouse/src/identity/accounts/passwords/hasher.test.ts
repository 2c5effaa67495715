import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDenial } from "../../../kernel/outcome.ts";
import { systemRandom } from "../../../kernel/random.ts";
import { PASSWORD_COST, PasswordHasher } from "./hasher.ts";
import { parsePhc, phcOf } from "./phc.ts";

/** Cheap, for tests that are not about the cost. */
const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

async function hashOf(hasher: PasswordHasher, password: string): Promise<string> {
  const phc = await hasher.hash(password);
  assert.ok(!isDenial(phc));
  return phc;
}

describe("a password hasher", () => {
  it("hashes with Argon2id at the configured cost, with a salt of its own each time", async () => {
    const hasher = new PasswordHasher({ random: systemRandom });
    const [one, other] = [await hashOf(hasher, "correct horse"), await hashOf(hasher, "correct horse")];
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.notEqual(one, other);
    assert.deepEqual(await hasher.verify("correct horse", one), { right: true, stale: false });
    assert.deepEqual(await hasher.verify("correct horsf", one), { right: false, stale: false });
  });

  it("verifies what the reference implementation of Argon2 has made", async () => {
    // One of its test vectors: version 1.3, two passes over 64 MiB, one lane, "password" with the salt "somesalt".
    const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    const hasher = new PasswordHasher({ random: systemRandom });
    assert.deepEqual(await hasher.verify("password", phc), { right: true, stale: true });
  });

  it("tells a hash made at another cost, for a right password alone", async () => {
    const before = await hashOf(new PasswordHasher({ random: systemRandom, cost: CHEAP }), "secret words");
    const hasher = new PasswordHasher({ random: systemRandom, cost: { ...CHEAP, passes: 2 } });
    assert.deepEqual(await hasher.verify("secret words", before), { right: true, stale: true });
    assert.deepEqual(await hasher.verify("other words", before), { right: false, stale: false });
  });

  it("does the work where there is nothing to compare with, and never finds it right", async () => {
    const hasher = new PasswordHasher({ random: systemRandom, cost: CHEAP });
    for (const phc of [undefined, "", "$2b$12$something", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMa"]) {
      assert.deepEqual(await hasher.verify("anything", phc), { right: false, stale: false });
    }
  });

  it("runs a bounded number at a time in the order of their coming, and denies what exceeds the queue", async () => {
    const hasher = new PasswordHasher({ random: systemRandom, cost: CHEAP, parallel: 1, waiting: 2 });
    const ended: number[] = [];
    const answers = await Promise.all(
      [0, 1, 2, 3].map(async (number) => {
        const answer = await hasher.hash("x");
        ended.push(number);
        return answer;
      }),
    );
    assert.deepEqual(answers.map(isDenial), [false, false, false, true]);
    assert.deepEqual(ended, [3, 0, 1, 2]);
    assert.ok(!isDenial(await hasher.hash("again")));
  });
});

describe("a PHC string", () => {
  it("is read as it was written", () => {
    const made = { cost: PASSWORD_COST, salt: Buffer.from("somesalt"), hash: Buffer.alloc(32, 7) };
    assert.deepEqual(parsePhc(phcOf(made)), made);
  });

  it("is refused where its numbers are out of all measure", () => {
    const phc = (cost: string) => `$argon2id$v=19$${cost}$c29tZXNhbHQ$${"A".repeat(43)}`;
    assert.ok(parsePhc(phc("m=64,t=1,p=1")) !== undefined);
    for (const cost of ["m=99999999,t=1,p=1", "m=64,t=1000,p=1", "m=-1,t=1,p=1"])
      assert.equal(parsePhc(phc(cost)), undefined);
  });
});
