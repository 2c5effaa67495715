import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { base64url } from "jose";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { createReplaceableKeyRing } from "../../kernel/key-ring.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createSealer } from "../../kernel/seal.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { makeSigningKey, openSigningKey } from "./signing-key.ts";

describe("a signing key", () => {
  it("has 4096 bits where it is an RSA key, and a curve of 256 where it is another", async () => {
    const clock = createFakeClock();
    const keyRing = createReplaceableKeyRing(generateKeyMaterial(systemRandom, clock));
    const sealer = createSealer({ keyRing, random: systemRandom, clock });
    const made = async (algorithm: string) => {
      const key = await makeSigningKey(algorithm, { sealer, now: clock.now(), state: "active" });
      const opened = openSigningKey(key, sealer);
      assert.equal(opened?.alg, algorithm);
      assert.equal(key.publicKey.includes('"d"'), false);
      return opened;
    };
    assert.equal(base64url.decode((await made("RS256"))?.n ?? "").byteLength, 4096 / 8);
    assert.equal((await made("ES256"))?.crv, "P-256");
    assert.equal((await made("EdDSA"))?.crv, "Ed25519");
    await assert.rejects(made("HS256"), TypeError);
  });
});
