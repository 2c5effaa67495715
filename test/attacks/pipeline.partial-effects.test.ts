// An attempt is made to fail half way: after the effect and before its audit row, after the row and before the
// result, or at the commit. If a part of it stays, there are changes nobody can account for, or accounts of
// changes that never were.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineAction, deny, problems, StoreUnavailableError, type Guard, type Phase } from "gatehouse/kernel";
import { createIdempotencyRecords } from "gatehouse/store";
import { createTestGate, type TestGate } from "gatehouse/testing";

const anything = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
const ADD = {
  sqlite: "INSERT INTO documents (kind, tenant, id, version, body) VALUES ('effect', 'acme', ?1, 1, '')",
  postgres: "",
};
const COUNT = { sqlite: "SELECT count(*) AS count FROM documents", postgres: "" };
const CLAIMS = { sqlite: "SELECT count(*) AS count FROM idempotency_records", postgres: "" };

const write = defineAction({
  name: "note.write",
  entrances: ["http"],
  input: anything,
  effects: "store",
  authorise: "public",
  run: async ({ transaction, attempt }) => {
    await transaction.execute(ADD, [attempt.id]);
    return "written";
  },
});

async function traces(kit: TestGate): Promise<{ effects: number; claims: number; rows: number }> {
  const [effects, claims] = await kit.store.read(async (transaction) => [
    await transaction.execute<{ count: number }>(COUNT, []),
    await transaction.execute<{ count: number }>(CLAIMS, []),
  ]);
  return { effects: effects?.[0]?.count ?? -1, claims: claims?.[0]?.count ?? -1, rows: (await kit.auditRows()).length };
}

function failing(phase: Phase, fail: () => Promise<never>): Guard {
  const step = { guard: "failing", phase, summary: "test", complete: fail };
  return { name: "failing", phase, modes: ["enforce"], compile: () => step };
}

describe("an attempt that fails half way", () => {
  for (const phase of ["admit", "settle"] as const) {
    it(`leaves no effect, no claim and no audit row when a step of the phase ${phase} fails to complete`, async () => {
      const guard = failing(phase, () => Promise.reject(new Error("planned")));
      await using kit = await createTestGate({ actions: [write], guards: [guard] });
      const outcome = await kit.attempt(write, {}, { key: "k" });
      assert.equal(!outcome.ok && outcome.problem.code, "INTERNAL_ERROR");
      assert.deepEqual(await traces(kit), { effects: 0, claims: 0, rows: 0 });
      assert.deepEqual(
        kit.events.map(({ name }) => name),
        ["action_failed"],
      );
    });
  }

  it("leaves nothing when the action denies after its effect", async () => {
    const denying = defineAction({
      name: "note.refuse",
      entrances: ["http"],
      input: anything,
      effects: "store",
      authorise: "public",
      run: async ({ transaction, attempt }) => {
        await transaction.execute(ADD, [attempt.id]);
        return deny(problems.STATE_CONFLICT);
      },
    });
    await using kit = await createTestGate({ actions: [denying] });
    await kit.attempt(denying, {}, { key: "k" });
    assert.deepEqual(await traces(kit), { effects: 0, claims: 0, rows: 0 });
  });

  it("leaves nothing when the result cannot be stored", async () => {
    const down = new StoreUnavailableError("main", "down");
    const records = { ...createIdempotencyRecords(), complete: () => Promise.reject(down) };
    await using kit = await createTestGate({ actions: [write], idempotency: { records } });
    const outcome = await kit.attempt(write, {}, { key: "k" });
    assert.equal(!outcome.ok && outcome.problem.code, "STORE_UNAVAILABLE");
    assert.deepEqual(await traces(kit), { effects: 0, claims: 0, rows: 0 });
  });

  it("leaves the neighbours of the same commit alone", async () => {
    const fates = [true, false, true, false, true];
    const mixed = defineAction({
      name: "note.mixed",
      entrances: ["http"],
      input: anything,
      effects: "store",
      authorise: "public",
      run: async ({ transaction, attempt }) => {
        await transaction.execute(ADD, [attempt.id]);
        if (fates.shift() === false) throw new Error("planned");
        return "written";
      },
    });
    await using kit = await createTestGate({ actions: [mixed] });
    const outcomes = await Promise.all(fates.map((_, index) => kit.attempt(mixed, {}, { key: `k${index}` })));
    assert.equal(outcomes.filter(({ ok }) => ok).length, 3);
    assert.deepEqual(await traces(kit), { effects: 3, claims: 3, rows: 3 });
  });

  it("has one trace of each kind when it succeeds", async () => {
    await using kit = await createTestGate({ actions: [write] });
    await kit.attempt(write, {}, { key: "k" });
    assert.deepEqual(await traces(kit), { effects: 1, claims: 1, rows: 1 });
  });
});
