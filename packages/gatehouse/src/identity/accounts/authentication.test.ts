import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { FactorKind } from "../../kernel/ports/accounts.ts";
import {
  decideStepUp,
  levelOf,
  methodsOf,
  provenAt,
  type AssuranceRequirement,
  type Authentication,
  type FactorUse,
  type StepUpDecision,
} from "./authentication.ts";
import type { Account } from "./directory.ts";

const NOW = 1_000_000;
const KINDS = ["password", "totp", "passkey", "recovery"] as const;

const account: Account = {
  ...{ tenant: "t", id: "a", name: "Ada", locale: "en", state: "active", grants: [], createdAt: 1, changedAt: 7 },
};

function proven(...factors: FactorKind[]): Authentication {
  return { account: { tenant: "t", id: "a" }, changedAt: 7, uses: factors.map((factor) => ({ factor, at: NOW })) };
}

function decide(
  authentication: Authentication | undefined,
  enrolled: readonly FactorKind[],
  more: { readonly requirement?: AssuranceRequirement; readonly account?: Account | undefined } = {},
): StepUpDecision {
  const asked = { account, requirement: {}, ...more };
  return decideStepUp({ authentication, enrolled: new Set(enrolled), now: NOW, ...asked });
}

describe("what was proven", () => {
  it("is named by the registered methods", () => {
    assert.deepEqual(methodsOf(proven("password")), ["pwd"]);
    assert.deepEqual(methodsOf(proven("password", "totp")), ["pwd", "otp", "mfa"]);
    assert.deepEqual(methodsOf(proven("password", "recovery")), ["pwd", "otp", "mfa"]);
    assert.deepEqual(methodsOf(proven("passkey")), ["swk", "user", "mfa"]);
    const uses: FactorUse[] = [{ factor: "passkey", at: NOW, hardware: true }];
    assert.deepEqual(methodsOf({ uses }), ["hwk", "user", "mfa"]);
  });

  it("is one level or the other", () => {
    assert.equal(levelOf(proven("password")), "aal1");
    assert.equal(levelOf(proven("password", "password")), "aal1");
    assert.equal(levelOf(proven("password", "recovery")), "aal2");
    assert.equal(levelOf(proven("passkey")), "aal2");
    assert.equal(
      provenAt({
        uses: [
          { factor: "password", at: 1 },
          { factor: "totp", at: 5 },
        ],
      }),
      5,
    );
  });
});

describe("the decision to step up", () => {
  it("begins anew where nobody has signed in, or what was proven does not hold any more", () => {
    const again = { needed: true, step: "again", factors: ["password"] };
    assert.deepEqual(decide(undefined, ["password", "totp"]), again);
    for (const changed of [undefined, { changedAt: 8 }, { state: "disabled" as const }, { id: "b" }, { tenant: "u" }]) {
      const now = changed === undefined ? undefined : { ...account, ...changed };
      assert.deepEqual(decide(proven("password", "totp"), ["password", "totp"], { account: now }), again);
    }
  });

  it("asks for the second factor of accounts that have one, and of no other", () => {
    assert.deepEqual(decide(proven("password"), ["password"]), { needed: false });
    assert.deepEqual(decide(proven("password"), ["password", "totp", "recovery"]), {
      needed: true,
      step: "second",
      factors: ["totp", "recovery"],
    });
    assert.deepEqual(decide(proven("password", "totp"), ["password", "totp"]), { needed: false });
    assert.deepEqual(decide(proven("passkey"), ["password", "totp", "passkey"]), { needed: false });
  });

  it("sends somebody who has no second factor to enrol one where two are required", () => {
    const requirement = { level: "aal2" } as const;
    const decision = decide(proven("password"), ["password", "recovery"], { requirement });
    assert.equal(decision.needed && decision.step, "enrol");
  });

  it("asks again when the last proof is too long ago", () => {
    const authentication = { ...proven("password"), uses: [{ factor: "password", at: NOW - 5001 }] as const };
    assert.deepEqual(decide(authentication, ["password"], { requirement: { maxAge: 5001 } }), { needed: false });
    const decision = decide(authentication, ["password"], { requirement: { maxAge: 5000 } });
    assert.equal(decision.needed && decision.step, "again");
  });

  it("never lets one factor pass for two, whatever was proven how often", () => {
    const kinds = fc.subarray([...KINDS]);
    const uses = fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(kinds, uses, (enrolled, factors) => {
        const decision = decide(proven(...factors), enrolled, { requirement: { level: "aal2" } });
        const two =
          factors.includes("passkey") || (factors.includes("password") && factors.some((f) => f !== "password"));
        assert.equal(decision.needed, !two);
      }),
    );
  });
});
