import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { defineAction, type ActionDefinition, type AnyAction, type Effects } from "../kernel/action.ts";
import { deny, type Outcome, type Success } from "../kernel/outcome.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { createTestGate, testUser } from "../testing/gate-kit.ts";

const key = "8e03978e-40d5-43dd-bc93-6894a57f9324";

function orderAction<Kind extends Effects>(
  effects: Kind,
  run: ActionDefinition<{ item: string }, unknown, Kind>["run"],
  more: Partial<ActionDefinition<{ item: string }, unknown, Kind>> = {},
): AnyAction {
  return defineAction<{ item: string }, unknown, Kind>({
    name: "order.place",
    entrances: ["http"],
    input: z.object({ item: z.string().default("tea") }),
    effects,
    authorise: "public",
    run,
    ...more,
  });
}

function succeeded(outcome: Outcome): Success<unknown> {
  assert.ok(outcome.ok, outcome.ok ? "" : `${outcome.problem.code} ${outcome.detail ?? ""}`);
  return outcome;
}

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

/** An action that counts its runs, and numbers its results. */
function counting(more: Partial<ActionDefinition<{ item: string }, unknown, "store">> = {}) {
  const runs: string[] = [];
  const action = orderAction(
    "store",
    async ({ input }) => {
      runs.push(input.item);
      return { order: runs.length };
    },
    more,
  );
  return { action, runs };
}

describe("idempotencyGuard, repeated attempts", () => {
  it("executes once and answers the rest with the stored result", async () => {
    const { action, runs } = counting();
    await using kit = await createTestGate({ actions: [action] });
    const first = succeeded(await kit.attempt(action, {}, { as: "ada", key }));
    assert.deepEqual(first.idempotency, { key, cached: false, ttl: 3600, createdAt: "2026-01-01T00:00:00.000Z" });
    await kit.clock.advance(10_500);
    const second = succeeded(await kit.attempt(action, {}, { as: "ada", key }));
    assert.deepEqual(second.value, first.value);
    assert.deepEqual(second.idempotency, { key, cached: true, ttl: 3590, createdAt: "2026-01-01T00:00:00.000Z" });
    assert.equal(runs.length, 1);
    assert.deepEqual(
      kit.events.map(({ name }) => name),
      ["action_performed", "idempotency_replayed"],
    );
    assert.equal((await kit.auditRows()).length, 1);
  });

  it("executes without a key every time", async () => {
    const { action, runs } = counting();
    await using kit = await createTestGate({ actions: [action] });
    for (let index = 0; index < 3; index += 1) {
      assert.equal(succeeded(await kit.attempt(action, {}, { as: "ada" })).idempotency, undefined);
    }
    assert.equal(runs.length, 3);
  });

  it("repeats results of every JSON shape, and none at all", async () => {
    for (const value of [undefined, null, 0, "", [], { a: [1, { b: null }] }, "\ud800 lone"]) {
      const action = orderAction("store", async () => value);
      await using kit = await createTestGate({ actions: [action] });
      await kit.attempt(action, {}, { key });
      const again = succeeded(await kit.attempt(action, {}, { key }));
      assert.deepEqual(again.value, value);
      assert.equal(again.idempotency?.cached, true);
    }
  });

  it("takes the quoted form of a key for the same key", async () => {
    const { action, runs } = counting();
    await using kit = await createTestGate({ actions: [action] });
    await kit.attempt(action, {}, { key });
    assert.equal(succeeded(await kit.attempt(action, {}, { key: `"${key}"` })).idempotency?.cached, true);
    assert.equal(runs.length, 1);
  });

  it("executes anew once the result has expired", async () => {
    const { action, runs } = counting({ idempotency: { ttl: 300 } });
    await using kit = await createTestGate({ actions: [action] });
    assert.equal(succeeded(await kit.attempt(action, {}, { key })).idempotency?.ttl, 300);
    await kit.clock.advance(299_000);
    assert.equal(succeeded(await kit.attempt(action, {}, { key })).idempotency?.ttl, 1);
    await kit.clock.advance(1000);
    assert.equal(succeeded(await kit.attempt(action, {}, { key })).idempotency?.cached, false);
    assert.equal(runs.length, 2);
  });

  it("ignores keys where the action says so, and for actions that change nothing", async () => {
    const { action, runs } = counting({ idempotency: false });
    await using kit = await createTestGate({ actions: [action] });
    for (let index = 0; index < 2; index += 1) await kit.attempt(action, {}, { key });
    assert.equal(runs.length, 2);
    const reading = orderAction("none", async () => runs.push("read"));
    await using reader = await createTestGate({ actions: [reading] });
    for (let index = 0; index < 2; index += 1) {
      assert.equal(succeeded(await reader.attempt(reading, {}, { key })).idempotency, undefined);
    }
    assert.equal(runs.length, 4);
  });
});

describe("idempotencyGuard, refusals", () => {
  it("asks for a key where one is required, after validation and authorisation", async () => {
    const { action, runs } = counting({ idempotency: { required: true } });
    await using kit = await createTestGate({ actions: [action] });
    assert.equal(code(await kit.attempt(action, { item: 5 })), "VALIDATION_ERROR");
    const outcome = await kit.attempt(action);
    assert.equal(code(outcome), "IDEMPOTENCY_KEY_REQUIRED");
    assert.equal(!outcome.ok && outcome.problem.status, 428);
    assert.equal(runs.length, 0);
  });

  it("refuses malformed keys", async () => {
    const { action, runs } = counting();
    await using kit = await createTestGate({ actions: [action] });
    for (const malformed of ["", "a b", "ü", "x".repeat(256), '"open']) {
      assert.equal(code(await kit.attempt(action, {}, { key: malformed })), "IDEMPOTENCY_KEY_INVALID");
    }
    assert.equal(runs.length, 0);
  });

  it("refuses another input under the same key, and keeps the result of the first", async () => {
    const { action, runs } = counting();
    await using kit = await createTestGate({ actions: [action] });
    await kit.attempt(action, { item: "tea" }, { key });
    const outcome = await kit.attempt(action, { item: "coffee" }, { key });
    assert.equal(code(outcome), "IDEMPOTENCY_KEY_REUSED");
    assert.equal(!outcome.ok && outcome.problem.status, 422);
    assert.equal(kit.events.at(-1)?.name, "idempotency_conflict");
    assert.equal(succeeded(await kit.attempt(action, { item: "tea" }, { key })).idempotency?.cached, true);
    assert.equal(succeeded(await kit.attempt(action, { unknown: 1 }, { key })).idempotency?.cached, true);
    assert.deepEqual(runs, ["tea"]);
  });

  it("never stores denials: the key is free again, for another input as well", async () => {
    let denying = true;
    const action = orderAction("store", async () => (denying ? deny(problems.STATE_CONFLICT) : "done"));
    await using kit = await createTestGate({ actions: [action] });
    assert.equal(code(await kit.attempt(action, { item: "a" }, { key })), "STATE_CONFLICT");
    assert.equal(code(await kit.attempt(action, { item: "b" }, { key })), "STATE_CONFLICT");
    denying = false;
    assert.equal(succeeded(await kit.attempt(action, { item: "c" }, { key })).idempotency?.cached, false);
  });

  it("never stores exceptions", async () => {
    let broken = true;
    const action = orderAction("store", async () => {
      if (broken) throw new Error("broken");
      return "done";
    });
    await using kit = await createTestGate({ actions: [action] });
    assert.equal(code(await kit.attempt(action, {}, { key })), "INTERNAL_ERROR");
    broken = false;
    assert.equal(succeeded(await kit.attempt(action, {}, { key })).idempotency?.cached, false);
  });

  it("claims nothing for attempts that validation, authorisation or a limit turns away", async () => {
    let allowed = false;
    const { action, runs } = counting({ authorise: () => allowed });
    await using kit = await createTestGate({ actions: [action], limit: { limit: 3, window: 60_000 } });
    assert.equal(code(await kit.attempt(action, { item: 1 }, { as: "ada", key })), "VALIDATION_ERROR");
    assert.equal(code(await kit.attempt(action, {}, { as: "ada", key })), "PERMISSION_DENIED");
    allowed = true;
    assert.equal(succeeded(await kit.attempt(action, {}, { as: "ada", key })).idempotency?.cached, false);
    assert.equal(code(await kit.attempt(action, {}, { as: "ada", key })), "RATE_LIMIT_EXCEEDED");
    assert.equal(runs.length, 1);
  });

  it("answers 503 when the store is away, and executes nothing", async () => {
    const { action, runs } = counting();
    const down = new StoreUnavailableError("main", "down");
    const records = { ...createIdempotencyRecords(), claim: () => Promise.reject(down) };
    await using kit = await createTestGate({ actions: [action], idempotency: { records } });
    const outcome = await kit.attempt(action, {}, { key });
    assert.equal(code(outcome), "STORE_UNAVAILABLE");
    assert.equal(!outcome.ok && outcome.retryAfter, 1);
    assert.equal(runs.length, 0);
  });

  it("says that a result was too large to be repeated, and does not execute again", async () => {
    const { runs } = counting();
    const sizes = { kept: 100 - '{"value":""}'.length, large: 101 - '{"value":""}'.length };
    const action = orderAction("store", async ({ input }) => {
      runs.push(input.item);
      return "x".repeat(input.item === "kept" ? sizes.kept : sizes.large);
    });
    await using kit = await createTestGate({ actions: [action], idempotency: { maxBytes: 100 } });
    await kit.attempt(action, { item: "kept" }, { key: "kept" });
    assert.equal(succeeded(await kit.attempt(action, { item: "kept" }, { key: "kept" })).idempotency?.cached, true);
    assert.equal(succeeded(await kit.attempt(action, { item: "large" }, { key })).ok, true);
    const again = await kit.attempt(action, { item: "large" }, { key });
    assert.equal(code(again), "IDEMPOTENCY_RESULT_TOO_LARGE");
    assert.deepEqual(!again.ok && again.extensions?.["idempotency"], {
      key,
      cached: true,
      ttl: 3600,
      created_at: "2026-01-01T00:00:00.000Z",
    });
    assert.deepEqual(runs, ["kept", "large"]);
  });

  it("refuses to start with a ttl that makes no sense", async () => {
    for (const ttl of [0, -1, 1.5, Number.NaN, 3_000_000]) {
      const { action } = counting({ idempotency: { ttl } });
      await assert.rejects(() => createTestGate({ actions: [action] }), /keeps results for/);
    }
  });
});

describe("idempotencyGuard, whose key it is", () => {
  it("keeps tenants, principals and actions apart", async () => {
    const { action, runs } = counting();
    const other = { ...action, name: "order.cancel" };
    await using kit = await createTestGate({ actions: [action, other] });
    const delegate = { ...testUser("ada"), onBehalfOf: "bob" };
    const guest = { ...testUser("ada"), type: "guest" } as const;
    await kit.attempt(action, {}, { as: "ada", key });
    await kit.attempt(action, {}, { as: "bob", key });
    await kit.attempt(action, {}, { as: delegate, key });
    await kit.attempt(action, {}, { as: guest, key });
    await kit.attempt(action, {}, { as: "ada", tenant: "umbrella", key });
    await kit.attempt(other, {}, { as: "ada", key });
    assert.equal(runs.length, 6);
    assert.equal(
      succeeded(await kit.attempt(action, {}, { as: "ada", key, ip: "198.51.100.7" })).idempotency?.cached,
      true,
    );
  });

  it("keeps strangers apart by session, credential, connection and address", async () => {
    const { action, runs } = counting();
    await using kit = await createTestGate({ actions: [action] });
    const [first, second] = [kit.signIn(), kit.signIn()];
    const connection = { peer: { ip: "192.0.2.1", tls: true, connection: "c1" } };
    const strangers = [
      { session: first },
      { session: second },
      { ip: "192.0.2.1" },
      { ip: "192.0.2.2" },
      { more: connection },
      { ip: "2001:db8::1" },
    ];
    for (const stranger of strangers) assert.equal((await kit.attempt(action, {}, { ...stranger, key })).ok, true);
    assert.equal(runs.length, strangers.length);
    for (const stranger of [...strangers, { ip: "2001:db8::2" }]) {
      assert.equal(succeeded(await kit.attempt(action, {}, { ...stranger, key })).idempotency?.cached, true);
    }
  });
});
