import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SigningKeyState, UsedSigningKey } from "../../kernel/ports/signing-keys.ts";
import { prunability } from "./operations.ts";
import { nextChange, ROTATION } from "./rotation.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SINCE = Date.UTC(2027, 0, 1);

function keyIn(state: SigningKeyState, since = SINCE): UsedSigningKey {
  const marks = { kid: state, algorithm: "RS256", state, publicKey: "{}", createdAt: since, since };
  return { ...marks, uses: { signed: 0 } };
}

describe("whether a signing key can be pruned", () => {
  const at = (state: SigningKeyState, now: number) => prunability({ state, since: SINCE }, { policy: ROTATION, now });

  it("is a matter of what it has signed still being valid, and of nothing else", () => {
    const over = SINCE + HOUR + 60_000;
    assert.deepEqual(at("retiring", over - 1), {
      safeToPrune: false,
      why: "what it signed may be valid until 2027-01-01T01:01:00.000Z",
    });
    assert.deepEqual(at("retiring", over), {
      safeToPrune: true,
      why: "nothing it signed is valid since 2027-01-01T01:01:00.000Z",
    });
  });

  it("is never so while it signs, or is to sign, or has no private part left", () => {
    for (const state of ["next", "active", "pruned", "compromised"] as const) {
      assert.equal(at(state, SINCE + 365 * DAY).safeToPrune, false, state);
    }
  });
});

describe("the next change of the published keys", () => {
  it("is the soonest of a next key's publication, its turn, and a retiring one's end", () => {
    assert.equal(nextChange([], ROTATION), undefined);
    assert.equal(nextChange([keyIn("pruned"), keyIn("compromised")], ROTATION), undefined);
    assert.equal(nextChange([keyIn("active")], ROTATION), SINCE + 89 * DAY);
    assert.equal(nextChange([keyIn("active"), keyIn("next")], ROTATION), SINCE + DAY);
    assert.equal(nextChange([keyIn("active"), keyIn("retiring")], ROTATION), SINCE + HOUR + 60_000);
  });
});
