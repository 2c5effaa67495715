import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { systemClock } from "../../kernel/clock.ts";
import { generateKeyMaterial, rotateKeyMaterial } from "../../kernel/key-material.ts";
import { createReplaceableKeyRing } from "../../kernel/key-ring.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createSealer } from "../../kernel/seal.ts";
import { isSecret, secret, type Secret } from "./secret.ts";
import { readState, writeState } from "./state-text.ts";

const State = z.object({ said: z.number(), pin: z.custom<Secret<string>>(isSecret) });
const address = { tenant: "acme", type: "room", key: ["one"] };

describe("a secret in a state", () => {
  it("is sealed anew with the first turn after the keys were rotated, and until then not again", () => {
    const material = generateKeyMaterial(systemRandom, systemClock);
    const keyRing = createReplaceableKeyRing(material);
    const sealer = createSealer({ keyRing, random: systemRandom, clock: systemClock });
    const parts = { sealer, address };
    const read = (text: string) => State.parse(readState(text, parts));
    const sealedIn = (text: string) =>
      Object.values(z.object({ secrets: z.record(z.string(), z.string()) }).parse(JSON.parse(text)).secrets);
    const first = writeState({ said: 1, pin: secret("1234") }, parts);
    assert.equal(writeState(read(first), parts), first);
    keyRing.replace(rotateKeyMaterial(material, systemRandom, systemClock));
    const second = writeState(read(first), parts);
    assert.deepEqual(
      sealedIn(first).map((sealed) => sealer.needsReseal(sealed)),
      [true],
    );
    assert.deepEqual(
      sealedIn(second).map((sealed) => sealer.needsReseal(sealed)),
      [false],
    );
    assert.equal(read(second).pin.reveal(), "1234");
    assert.equal(writeState(read(second), parts), second);
  });
});
