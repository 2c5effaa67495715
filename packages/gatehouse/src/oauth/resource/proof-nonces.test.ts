import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { createKeyRing } from "../../kernel/key-ring.ts";
import { createDeterministicRandom } from "../../testing/deterministic-random.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { ProofNonces } from "./proof-nonces.ts";

const MINUTE = 60_000;

describe("nonces of proofs", () => {
  const kit = (seed: string) => {
    const clock = createFakeClock();
    const keyRing = createKeyRing(generateKeyMaterial(createDeterministicRandom(seed), clock));
    return { clock, nonces: new ProofNonces({ keyRing, clock }) };
  };

  it("count for five to ten minutes", async () => {
    const { clock, nonces } = kit("one");
    const nonce = nonces.current();
    await clock.advance(5 * MINUTE);
    assert.notEqual(nonces.current(), nonce);
    assert.equal(nonces.accepts(nonce), true);
    await clock.advance(5 * MINUTE);
    assert.equal(nonces.accepts(nonce), false);
  });

  it("are known to every server of an installation and to no other", () => {
    const nonce = kit("one").nonces.current();
    assert.equal(kit("one").nonces.accepts(nonce), true);
    assert.equal(kit("two").nonces.accepts(nonce), false);
  });
});
