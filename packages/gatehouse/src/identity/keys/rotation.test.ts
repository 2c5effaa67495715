import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { SigningKey } from "../../kernel/ports/signing-keys.ts";
import { planRotation, ROTATION, type RotationStep, type RotationWish } from "./rotation.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const POLICY = { ...ROTATION, algorithms: ["RS256", "ES256"] };

/** A set of keys that plans are carried out on, and what must be true of it whatever happens. */
class Model {
  readonly keys = new Map<string, SigningKey>();
  now = 1_767_225_600_000;
  /** When each key signed last. */
  readonly signed = new Map<string, number>();
  #numbers = 0;

  turn(wish: RotationWish = {}): readonly RotationStep[] {
    const steps = planRotation([...this.keys.values()], { policy: POLICY, now: this.now }, wish);
    for (const step of steps) this.#carryOut(step);
    return steps;
  }

  active(algorithm: string): SigningKey[] {
    return [...this.keys.values()].filter((key) => key.algorithm === algorithm && key.state === "active");
  }

  sign(): void {
    for (const algorithm of POLICY.algorithms) {
      for (const { kid } of this.active(algorithm)) this.signed.set(kid, this.now);
    }
  }

  #carryOut(step: RotationStep): void {
    if (step.what === "create") {
      const kid = `key ${(this.#numbers += 1)}`;
      const { algorithm, state } = step;
      const times = { createdAt: this.now, since: this.now };
      this.keys.set(kid, { kid, algorithm, state, publicKey: "", privateKey: "", ...times });
      return;
    }
    const key = this.keys.get(step.kid);
    assert.equal(key?.state, step.from);
    this.keys.set(step.kid, { ...key, state: step.to, since: this.now });
  }
}

type Move = { readonly pass: number } | { readonly rotate: "soon" | "now" } | { readonly lose: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 * DAY }).map((pass) => ({ pass })) },
  fc.constantFrom("soon" as const, "now" as const).map((rotate) => ({ rotate })),
  fc.nat(20).map((lose) => ({ lose })),
);

describe("planRotation", () => {
  it("makes a key of each algorithm where there is none, and leaves it alone", () => {
    const model = new Model();
    assert.equal(model.turn().length, 2);
    assert.deepEqual(model.turn(), []);
  });

  it("publishes the next key a day before the ninety days are over, and prunes the old one when nothing is valid", () => {
    const model = new Model();
    model.turn();
    const [first] = model.active("RS256");
    model.now += 89 * DAY - 1;
    assert.deepEqual(model.turn(), []);
    model.now += 1;
    assert.deepEqual(new Set(model.turn().map(({ what }) => what)), new Set(["create"]));
    assert.equal(model.active("RS256")[0]?.kid, first?.kid);
    model.now += DAY;
    model.turn();
    assert.notEqual(model.active("RS256")[0]?.kid, first?.kid);
    assert.equal(model.keys.get(first?.kid ?? "")?.state, "retiring");
    model.now += HOUR + 59_999;
    model.turn();
    assert.equal(model.keys.get(first?.kid ?? "")?.state, "retiring");
    model.now += 1;
    model.turn();
    assert.equal(model.keys.get(first?.kid ?? "")?.state, "pruned");
  });

  it("takes a compromised key away at once, and signs with another", () => {
    const model = new Model();
    model.turn();
    const [first] = model.active("RS256");
    model.turn({ compromised: first?.kid ?? "" });
    assert.equal(model.keys.get(first?.kid ?? "")?.state, "compromised");
    assert.equal(model.active("RS256").length, 1);
  });

  it("retires keys of algorithms that are not used any more", () => {
    const model = new Model();
    model.turn();
    const [old] = model.active("ES256");
    const steps = planRotation([...model.keys.values()], { policy: ROTATION, now: model.now });
    assert.deepEqual(steps, [{ what: "move", kid: old?.kid, from: "active", to: "retiring" }]);
  });

  it("keeps, over any history, one active key, and all published that have signed what is valid", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const model = new Model();
        model.turn();
        const lost = new Set<string>();
        for (const step of moves) {
          model.sign();
          if ("pass" in step) model.now += step.pass;
          const kid = "lose" in step ? ([...model.keys.keys()][step.lose % model.keys.size] ?? "") : undefined;
          if (kid !== undefined) lost.add(kid);
          const before = new Map(model.keys);
          model.turn({
            ...("rotate" in step ? { rotate: step.rotate } : {}),
            ...(kid === undefined ? {} : { compromised: kid }),
          });
          for (const algorithm of POLICY.algorithms) assert.equal(model.active(algorithm).length, 1);
          for (const [signer, at] of model.signed) {
            if (lost.has(signer) || model.now >= at + POLICY.validFor) continue;
            assert.ok(["active", "retiring"].includes(model.keys.get(signer)?.state ?? ""), signer);
          }
          const hurried = "rotate" in step || "lose" in step;
          for (const algorithm of POLICY.algorithms) {
            const [active] = model.active(algorithm);
            const was = before.get(active?.kid ?? "");
            if (hurried || active === undefined || was?.state !== "next") continue;
            assert.ok(model.now >= was.since + POLICY.publishedFor, "signed before it was known");
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
