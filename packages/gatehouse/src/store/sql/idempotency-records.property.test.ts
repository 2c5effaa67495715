import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { IdempotencyClaim } from "../../kernel/ports/idempotency.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { IdempotencyModel } from "../../testing/idempotency-model.ts";
import { coreMigrations } from "../migrations/core-migrations.ts";
import { openSqliteStore } from "../sqlite/sqlite-store.ts";
import { createIdempotencyRecords } from "./idempotency-records.ts";

const records = createIdempotencyRecords();
const CLEAR = { sqlite: "DELETE FROM idempotency_records", postgres: "" };

const claims: fc.Arbitrary<IdempotencyClaim> = fc.record({
  id: fc.constantFrom("one", "two"),
  fingerprint: fc.constantFrom("input", "input", "other"),
  owner: fc.constantFrom("ada", "grace", "alan"),
  ttl: fc.constantFrom(0, 5, 20, 100),
  lease: fc.constantFrom(0, 5, 20, 200),
});

/** One operation, on the records and on the model. */
type Step = (transaction: WriteTransaction, model: IdempotencyModel, now: number) => Promise<[unknown, unknown]>;

const steps: fc.Arbitrary<{ readonly wait: number; readonly name: string; readonly step: Step }> = fc
  .tuple(
    fc.constantFrom("claim", "claim", "claim", "renew", "complete", "forget", "abandon", "prune"),
    claims,
    fc.constantFrom(0, 0, 1, 5, 20, 100),
  )
  .map(([name, claim, wait]) => ({
    wait,
    name: `${name} ${JSON.stringify(claim)} after ${wait}`,
    step: stepOf(name, claim),
  }));

function stepOf(name: string, claim: IdempotencyClaim): Step {
  return async (transaction, model, now) => {
    switch (name) {
      case "claim":
        return [await records.claim(transaction, claim), model.claim(claim, now)];
      case "renew":
        return [await records.renew(transaction, claim), model.renew(claim, now)];
      case "complete":
        return [await records.complete(transaction, claim, "body"), model.complete(claim, "body")];
      case "forget":
        return [await records.forget(transaction, claim), model.forget(claim)];
      case "abandon":
        return [await records.abandon(transaction, claim), model.abandon(claim)];
      default:
        return [await records.prune(transaction, 1000), model.prune(now)];
    }
  };
}

describe("idempotency records against a model", () => {
  it("answer every sequence of operations as the model does", async () => {
    const clock = createFakeClock();
    await using store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
    const property = fc.asyncProperty(fc.array(steps, { maxLength: 40 }), async (sequence) => {
      await store.write((transaction) => transaction.execute(CLEAR, []));
      const model = new IdempotencyModel();
      for (const { wait, name, step } of sequence) {
        clock.correct(clock.now() + wait);
        const [actual, expected] = await store.write((transaction) => step(transaction, model, clock.now()));
        assert.deepEqual(actual, expected, name);
      }
    });
    await fc.assert(property, { numRuns: 300 });
  });

  it("never let two owners complete executions of one key that overlapped without a lease running out", async () => {
    const clock = createFakeClock();
    await using store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
    const owners = Array.from({ length: 8 }, (_, index) => `owner ${index}`);
    const property = fc.asyncProperty(fc.uniqueArray(fc.constantFrom(...owners), { minLength: 2 }), async (racing) => {
      await store.write((transaction) => transaction.execute(CLEAR, []));
      const base = { id: "key", fingerprint: "input", ttl: 1000, lease: 100 };
      const answers = await Promise.all(
        racing.map((owner) => store.write((transaction) => records.claim(transaction, { ...base, owner }))),
      );
      assert.equal(answers.filter((answer) => answer.kind === "claimed").length, 1);
      const completed = await Promise.all(
        racing.map((owner) => store.write((transaction) => records.complete(transaction, { ...base, owner }, owner))),
      );
      assert.equal(completed.filter(Boolean).length, 1);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
