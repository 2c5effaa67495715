import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { defineAction, type ActionContext, type AnyAction } from "../kernel/action.ts";
import { deny, type Outcome } from "../kernel/outcome.ts";
import { StoreUnavailableError, type Store } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createTestGate, type TestGateOptions } from "../testing/gate-kit.ts";

const key = "8e03978e-40d5-43dd-bc93-6894a57f9324";

type Run = (context: ActionContext<{ amount: number }, "external">) => Promise<unknown>;

function payAction(run: Run): AnyAction {
  return defineAction({
    name: "payment.charge",
    entrances: ["http"],
    input: z.object({ amount: z.number().default(1) }),
    effects: "external",
    authorise: "public",
    run,
  });
}

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

function cached(outcome: Outcome): boolean | undefined {
  assert.ok(outcome.ok, code(outcome));
  return outcome.idempotency?.cached;
}

/** An external system that takes as long as the test likes. */
function slowProvider() {
  const calls: string[] = [];
  const open: PromiseWithResolvers<unknown>[] = [];
  const action = payAction(({ stepKey }) => {
    calls.push(stepKey("charge"));
    const call = Promise.withResolvers<unknown>();
    open.push(call);
    return call.promise;
  });
  return {
    action,
    calls,
    /** Resolves once so many calls have been made. */
    called: (count: number) => until(() => calls.length >= count),
    /** Ends the call of this number, which must have been made or be on its way. */
    async end(index: number, how: { value?: unknown; error?: Error } = {}) {
      await until(() => calls.length > index);
      if (how.error === undefined) open[index]?.resolve(how.value ?? "charged");
      else open[index]?.reject(how.error);
    },
  };
}

/** Lets everything run that waits for no timer, until a condition holds. */
async function until(condition: () => boolean): Promise<void> {
  const began = performance.now();
  while (!condition()) {
    assert.ok(performance.now() - began < 10_000, "it never happened");
    await new Promise(setImmediate);
  }
}

/** Two servers on one store, with one clock. */
async function twoServers(actions: TestGateOptions["actions"]) {
  const clock = createFakeClock();
  const store: Store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const shared = { actions, clock, store };
  const [here, there] = [await createTestGate(shared), await createTestGate({ ...shared, server: "second" })];
  const close = async (): Promise<void> => {
    await here[Symbol.asyncDispose]();
    await there[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  return { clock, store, here, there, [Symbol.asyncDispose]: close };
}

describe("idempotencyGuard, external effects", () => {
  it("executes once, stores the result and repeats it", async () => {
    const { action, calls, end } = slowProvider();
    await using kit = await createTestGate({ actions: [action] });
    const first = kit.attempt(action, {}, { key });
    await end(0, { value: { receipt: 1 } });
    assert.equal(cached(await first), false);
    const again = await kit.attempt(action, {}, { key });
    assert.equal(cached(again), true);
    assert.deepEqual(again.ok && again.value, { receipt: 1 });
    assert.equal(calls.length, 1);
    assert.equal((await kit.auditRows()).length, 1);
  });

  it("derives step keys from the key: the same for every execution, others for other steps, keys and callers", async () => {
    const seen: string[] = [];
    const action = payAction(async ({ stepKey }) => {
      seen.push(stepKey("charge"), stepKey("refund"));
      throw new Error("no answer");
    });
    await using kit = await createTestGate({ actions: [action] });
    for (const how of [{ key }, { key }, { key: "other" }, { key, as: "ada" }]) await kit.attempt(action, {}, how);
    assert.deepEqual(seen.slice(0, 2), seen.slice(2, 4));
    assert.equal(new Set(seen).size, 6);
    for (const stepKey of seen) assert.match(stepKey, /^[A-Za-z0-9_-]{22}$/);
  });

  it("lets duplicates in the same process share the execution in flight", async () => {
    const { action, calls, end } = slowProvider();
    await using kit = await createTestGate({ actions: [action] });
    const attempts = Array.from({ length: 20 }, () => kit.attempt(action, {}, { key }));
    await end(0);
    const outcomes = await Promise.all(attempts);
    assert.equal(calls.length, 1);
    assert.deepEqual(outcomes.map(cached).sort(), [false, ...Array.from({ length: 19 }, () => true)]);
  });

  it("lets duplicates on another server look again until the result is there", async () => {
    const { action, calls, called, end } = slowProvider();
    await using servers = await twoServers([action]);
    const first = servers.here.attempt(action, {}, { key });
    await called(1);
    const second = servers.there.attempt(action, {}, { key });
    await servers.clock.advance(2000);
    await end(0);
    assert.equal(cached(await first), false);
    await servers.clock.advance(1000);
    assert.equal(cached(await second), true);
    assert.equal(calls.length, 1);
  });

  it("answers duplicates with 409 and Retry-After after ten seconds", async () => {
    const { action, calls, called, end } = slowProvider();
    await using servers = await twoServers([action]);
    const first = servers.here.attempt(action, {}, { key });
    await called(1);
    for (const server of [servers.here, servers.there]) {
      let settled = false;
      const duplicate = server.attempt(action, {}, { key }).finally(() => (settled = true));
      await servers.clock.advance(9900);
      assert.equal(settled, false);
      await servers.clock.advance(200);
      assert.equal(settled, true);
      const outcome = await duplicate;
      assert.equal(code(outcome), "IDEMPOTENCY_IN_PROGRESS");
      assert.ok(!outcome.ok && outcome.retryAfter !== undefined && outcome.retryAfter >= 1);
    }
    await end(0);
    await first;
    assert.equal(calls.length, 1);
  });

  it("stops waiting when the caller goes away or cannot wait any longer, and executes all the same", async () => {
    const { action, called, end } = slowProvider();
    await using servers = await twoServers([action]);
    const first = servers.here.attempt(action, {}, { key });
    await called(1);
    const control = new AbortController();
    const gone = servers.there.attempt(action, {}, { key, more: { signal: control.signal } });
    const hurried = servers.there.attempt(action, {}, { key, more: { deadline: servers.clock.now() + 500 } });
    await servers.clock.advance(100);
    control.abort();
    assert.equal(code(await gone), "IDEMPOTENCY_IN_PROGRESS");
    await servers.clock.advance(500);
    assert.equal(code(await hurried), "IDEMPOTENCY_IN_PROGRESS");
    assert.equal(servers.clock.waiting, 1, "only the renewal of the lease is left");
    await end(0);
    assert.equal(cached(await first), false);
    assert.equal(servers.clock.waiting, 0);
  });

  it("completes an execution whose caller has gone away", async () => {
    const { action, called, end } = slowProvider();
    await using kit = await createTestGate({ actions: [action] });
    const control = new AbortController();
    const first = kit.attempt(action, {}, { key, more: { signal: control.signal } });
    await called(1);
    control.abort();
    await end(0);
    assert.equal(cached(await first), false);
    assert.equal(cached(await kit.attempt(action, {}, { key })), true);
  });

  it("renews its lease while it runs, however long that takes", async () => {
    const { action, calls, called, end } = slowProvider();
    await using servers = await twoServers([action]);
    const first = servers.here.attempt(action, {}, { key });
    await called(1);
    await servers.clock.advance(10 * 60_000);
    const second = servers.there.attempt(action, {}, { key });
    await servers.clock.advance(11_000);
    assert.equal(code(await second), "IDEMPOTENCY_IN_PROGRESS");
    await end(0);
    assert.equal(cached(await first), false);
    assert.equal(calls.length, 1);
  });
});

describe("idempotencyGuard, external effects that go wrong", () => {
  it("frees the key when the action denies", async () => {
    let declined = true;
    const action = payAction(async () => (declined ? deny(problems.STATE_CONFLICT) : "charged"));
    await using kit = await createTestGate({ actions: [action] });
    assert.equal(code(await kit.attempt(action, { amount: 1 }, { key })), "STATE_CONFLICT");
    declined = false;
    assert.equal(cached(await kit.attempt(action, { amount: 2 }, { key })), false);
  });

  it("keeps the outcome unknown after an exception, and lets the next attempt resolve it with the same step keys", async () => {
    const { action, calls, end } = slowProvider();
    await using kit = await createTestGate({ actions: [action] });
    const first = kit.attempt(action, {}, { key });
    await end(0, { error: new Error("connection reset") });
    const unknown = await first;
    assert.equal(code(unknown), "OUTCOME_UNKNOWN");
    assert.equal(!unknown.ok && unknown.retryAfter, 1);
    assert.match((!unknown.ok && unknown.problem.message) || "", /same idempotency key/);
    assert.equal(kit.events.at(-1)?.name, "idempotency_unknown_outcome");
    assert.equal(code(await kit.attempt(action, { amount: 2 }, { key })), "IDEMPOTENCY_KEY_REUSED");
    const second = kit.attempt(action, {}, { key });
    await end(1);
    assert.equal(cached(await second), false);
    assert.equal(calls.length, 2);
    assert.equal(calls[0], calls[1]);
  });

  it("is taken over once the server that ran it has died, with the same step keys", async () => {
    const { action, calls, called, end } = slowProvider();
    await using servers = await twoServers([action]);
    void servers.here.attempt(action, {}, { key });
    await called(1);
    // The first server has died: nothing renews its lease, of which little is left.
    await servers.store.write((transaction) =>
      transaction.execute({ sqlite: "UPDATE idempotency_records SET lease_until = ?1", postgres: "" }, [
        servers.clock.now() + 3000,
      ]),
    );
    const second = servers.there.attempt(action, {}, { key });
    await servers.clock.advance(3100);
    await end(1);
    assert.equal(cached(await second), false);
    assert.equal(calls.length, 2);
    assert.equal(calls[0], calls[1]);
  });

  it("does not let an execution that lost its claim overwrite the result of the one that took over", async () => {
    const { action, calls, called, end } = slowProvider();
    const renewing = createIdempotencyRecords();
    const records = { ...renewing, renew: () => Promise.reject(new StoreUnavailableError("main", "partitioned")) };
    const clock = createFakeClock();
    await using store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
    await using cut = await createTestGate({ actions: [action], clock, store, idempotency: { records } });
    await using other = await createTestGate({ actions: [action], clock, store, server: "second" });
    const late = cut.attempt(action, {}, { key });
    await called(1);
    await clock.advance(31_000);
    const second = other.attempt(action, {}, { key });
    await end(1, { value: "by the second" });
    assert.equal(cached(await second), false);
    await end(0, { value: "by the first" });
    const lost = await late;
    assert.equal(code(lost), "IDEMPOTENCY_IN_PROGRESS");
    assert.equal(cut.events.at(-1)?.name, "idempotency_claim_lost");
    const again = await cut.attempt(action, {}, { key });
    assert.equal(again.ok && again.value, "by the second");
    assert.equal(calls[0], calls[1]);
    assert.equal((await cut.auditRows()).length, 1);
  });

  it("survives a renewal that fails for a while", async () => {
    const { action, calls, called, end } = slowProvider();
    let failures = 2;
    const sound = createIdempotencyRecords();
    const records: typeof sound = {
      ...sound,
      renew: (transaction, claim) => {
        failures -= 1;
        if (failures >= 0) return Promise.reject(new StoreUnavailableError("main", "blip"));
        return sound.renew(transaction, claim);
      },
    };
    await using kit = await createTestGate({ actions: [action], idempotency: { records, lease: 30_000, wait: 0 } });
    const first = kit.attempt(action, {}, { key });
    await called(1);
    await kit.clock.advance(29_000);
    await kit.clock.advance(29_000);
    assert.equal(code(await kit.attempt(action, {}, { key })), "IDEMPOTENCY_IN_PROGRESS");
    await end(0);
    assert.equal(cached(await first), false);
    assert.equal(calls.length, 1);
  });
});
