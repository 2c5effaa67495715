// Stored results are other people's answers. An attacker tries to be given one: by sending a key that belongs
// to somebody else, by repeating an own key after losing the right to see the result, or by reading and
// rewriting the table of records.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineAction, type Outcome } from "gatehouse/kernel";
import { createTestGate, testUser, type TestGate } from "gatehouse/testing";

const anything = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
const SECRET = "the-account-number-of-ada";

function createFixture() {
  const runs: string[] = [];
  const revoked = new Set<string>();
  const action = defineAction({
    name: "account.open",
    entrances: ["http"],
    input: anything,
    effects: "store",
    authorise: ({ principal }) => !revoked.has(principal.id),
    run: async ({ principal }) => {
      runs.push(principal.id);
      return { secret: SECRET, owner: principal.id };
    },
  });
  return { action, runs, revoked };
}

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

interface RecordRow {
  readonly id: string;
  readonly fingerprint: string;
  readonly body: string;
}

const RECORDS = {
  sqlite: "SELECT id, fingerprint, body FROM idempotency_records ORDER BY created_at, id",
  postgres: "",
};
const REWRITE = { sqlite: "UPDATE idempotency_records SET body = ?2 WHERE id = ?1", postgres: "" };

function records(kit: TestGate): Promise<RecordRow[]> {
  return kit.store.read((transaction) => transaction.execute<RecordRow>(RECORDS, []));
}

async function rewrite(kit: TestGate, id: string, body: string): Promise<void> {
  await kit.store.write((transaction) => transaction.execute(REWRITE, [id, body]));
}

describe("stored results", () => {
  it("are not given to another principal, tenant or stranger who knows the key", async () => {
    const { action, runs } = createFixture();
    await using kit = await createTestGate({ actions: [action] });
    await kit.attempt(action, {}, { as: "ada", key: "known" });
    for (const how of [{ as: "mallory" }, { as: testUser("ada", [], "umbrella"), tenant: "umbrella" }]) {
      const outcome = await kit.attempt(action, {}, { ...how, key: "known" });
      assert.ok(outcome.ok && outcome.idempotency?.cached === false);
    }
    assert.equal(runs.length, 3);
    assert.equal(code(await kit.attempt(action, {}, { key: "known" })), "AUTHENTICATION_REQUIRED");
  });

  it("are not shown any more to who has lost the right to see them", async () => {
    const { action, runs, revoked } = createFixture();
    await using kit = await createTestGate({ actions: [action] });
    await kit.attempt(action, {}, { as: "ada", key: "k" });
    revoked.add("ada");
    const outcome = await kit.attempt(action, {}, { as: "ada", key: "k" });
    assert.equal(code(outcome), "PERMISSION_DENIED");
    assert.ok(!JSON.stringify(outcome).includes(SECRET));
    assert.equal(runs.length, 1);
  });

  it("cannot be read in the store, nor can keys and callers be recognised there", async () => {
    const { action } = createFixture();
    await using kit = await createTestGate({ actions: [action] });
    await kit.attempt(action, { note: "input" }, { as: "ada", key: "order-4711" });
    const text = JSON.stringify(await records(kit));
    for (const word of [SECRET, "ada", "order-4711", "account.open", "acme", "input"]) assert.ok(!text.includes(word));
  });

  it("cannot be moved to another record, nor altered: nothing is shown and nothing runs again", async () => {
    const { action, runs } = createFixture();
    await using kit = await createTestGate({ actions: [action] });
    await kit.attempt(action, {}, { as: "ada", key: "k" });
    await kit.clock.advance(1);
    await kit.attempt(action, {}, { as: "mallory", key: "k" });
    const [ofAda, ofMallory] = await records(kit);
    assert.ok(ofAda !== undefined && ofMallory !== undefined);
    const flipped = `${ofMallory.body.slice(0, -6)}${ofMallory.body.at(-6) === "A" ? "B" : "A"}${ofMallory.body.slice(-5)}`;
    for (const body of [ofAda.body, flipped, "", '{"value":"forged"}']) {
      await rewrite(kit, ofMallory.id, body);
      const outcome = await kit.attempt(action, {}, { as: "mallory", key: "k" });
      assert.equal(code(outcome), "INTERNAL_ERROR");
      assert.ok(!JSON.stringify(outcome).includes("secret") && !JSON.stringify(outcome).includes("forged"));
      assert.equal(kit.events.at(-1)?.name, "crypt_decrypt_fail");
    }
    assert.equal(runs.length, 2);
  });
});
