import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { SealError } from "../kernel/seal.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { CsrfTokenMismatchError, LiveCallError, RateLimitExceededError } from "../testing/live-visitor.ts";
import { live } from "./component.ts";

const counter = live("counter", {
  state: z.object({ count: z.int() }),
  mount: () => ({ count: 0 }),
  actions: (action) => ({
    increment: action({ authorise: "public", rateLimit: 10 }, ({ state }) => ({ count: state.count + 1 })),
  }),
  render: ({ state }) => html`<p>${state.count}</p>`,
});

const payment = live("payment", {
  state: z.object({ balance: z.int() }),
  mount: () => ({ balance: 0 }),
  actions: (action) => ({
    processPayment: action(
      {
        ...{ input: z.object({ amount: z.int().positive() }), authorise: "public" },
        ...{ rateLimit: 5, rateLimitWindow: 300, idempotencyTTL: 86_400 },
      },
      ({ state }, { amount }) => ({ balance: state.balance - amount }),
    ),
  }),
  render: ({ state }) => html`<p>${state.balance}</p>`,
});

const profile = live("profile", {
  state: z.object({ userId: z.string(), email: z.email(), sessionToken: z.string(), theme: z.string() }),
  secret: ["sessionToken"],
  mount: () => ({ userId: "", email: "nobody@example.com", sessionToken: "", theme: "light" }),
  actions: (action) => ({
    save: action({ authorise: "public" }, ({ state }) => ({ ...state, theme: "dark" })),
    look: action({ authorise: "public" }, () => undefined),
  }),
  render: ({ state }) => html`<p>${state.email}</p>`,
});

const USER = { userId: "user123", email: "test@example.com", sessionToken: "secret-token-xyz", theme: "light" };

let kit: LiveKit;
before(async () => {
  kit = await openLiveKit({ components: [counter, payment, profile] });
});
after(() => kit[Symbol.asyncDispose]());
afterEach(() => kit.resetLimits());

// The examples by which the security of live components is described, each as it is written there.
describe("the examples of tokens", () => {
  it("requires a valid security token for actions", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    const forged = visitor.callAction(component, "increment", { _csrf_token: "invalid_token" });
    await assert.rejects(forged, CsrfTokenMismatchError);
  });
  it("accepts a valid security token", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    const result = await visitor.callAction(component, "increment", { _csrf_token: visitor.csrfToken });
    assert.equal(result.state.count, 1);
  });
});

describe("the examples of limits", () => {
  it("enforces limits on actions", async () => {
    const visitor = await kit.visit();
    let last = await visitor.callAction(visitor.mountComponent("counter:test", { count: 0 }), "increment");
    for (let calls = 1; calls < 10; calls += 1) last = await visitor.callAction(last, "increment");
    await assert.rejects(visitor.callAction(last, "increment"), RateLimitExceededError);
  });
  it("includes the time to wait in the answer", async () => {
    const visitor = await kit.visit();
    let last = await visitor.callAction(visitor.mountComponent("counter:test", { count: 0 }), "increment");
    for (let calls = 1; calls < 10; calls += 1) last = await visitor.callAction(last, "increment");
    await assert.rejects(visitor.callAction(last, "increment"), (error) => {
      assert.ok(error instanceof RateLimitExceededError);
      assert.ok(error.getRetryAfter() > 0);
      return true;
    });
  });
  it("forgets what was counted between tests", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    assert.equal((await visitor.callAction(component, "increment")).state.count, 1);
  });
});

describe("the examples of idempotency keys", () => {
  it("prevents a second execution under the same key", async () => {
    const visitor = await kit.visit();
    const key = { idempotency_key: `test-key-${crypto.randomUUID()}` };
    const first = await visitor.callAction(visitor.mountComponent("counter:test", { count: 0 }), "increment", key);
    assert.equal(first.state.count, 1);
    const second = await visitor.callAction(first, "increment", key);
    assert.equal(second.state.count, 1);
    assert.equal(second.idempotency?.cached, true);
  });
  it("executes again under another key", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    const first = await visitor.callAction(component, "increment", { idempotency_key: "key-1" });
    const second = await visitor.callAction(first, "increment", { idempotency_key: "key-2" });
    assert.equal(second.state.count, 2);
  });
  it("takes a key with another version in front for another key", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    const first = await visitor.callAction(component, "increment", { idempotency_key: "v1-order-7" });
    const second = await visitor.callAction(first, "increment", { idempotency_key: "v2-order-7" });
    assert.deepEqual([second.state.count, second.idempotency?.cached], [2, false]);
  });
});

describe("the examples of sealed state", () => {
  it("seals a state and opens it again", async () => {
    const visitor = await kit.visit();
    const saved = await visitor.callAction(visitor.mountComponent("profile:sealed", USER), "save");
    const { body, open } = await storedAs("profile:sealed");
    assert.ok(!Buffer.from(body, "base64").includes("secret-token") && !body.includes("secret-token"));
    const state: unknown = JSON.parse(open(body)).state;
    assert.deepEqual(state, { ...USER, theme: "dark" });
    const { sessionToken: _secret, ...view } = USER;
    assert.deepEqual((await visitor.callAction(saved, "look")).state, { ...view, theme: "dark" });
  });
  it("detects that a sealed state was tampered with", async () => {
    const visitor = await kit.visit();
    const saved = await visitor.callAction(visitor.mountComponent("profile:tampered", USER), "save");
    const { body, open, replace } = await storedAs("profile:tampered");
    const tampered = `${body.slice(0, -5)}XXXXX`;
    assert.throws(() => open(tampered), SealError);
    await replace(tampered);
    await assert.rejects(visitor.callAction(saved, "look"), (error) => {
      assert.ok(error instanceof LiveCallError);
      assert.match(String(error.document["detail"]), /^Session invalid/);
      return true;
    });
  });
});

describe("the example of everything together", () => {
  it("enforces all layers", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("payment:test", { balance: 1000 });
    const key = { idempotency_key: `payment-${crypto.randomUUID()}`, amount: 100 };
    const token = visitor.csrfToken;
    const result = await visitor.callAction(component, "processPayment", { _csrf_token: token, ...key });
    assert.equal(result.state.balance, 900);
    const fresh = await visitor.refreshToken();
    assert.notEqual(fresh, token);
    const again = await visitor.callAction(result, "processPayment", { _csrf_token: fresh, ...key });
    assert.equal(again.state.balance, 900);
    assert.equal(again.idempotency?.cached, true);
  });
  it("tells of each refusal in words for people, and in an event", async () => {
    const visitor = await kit.visit();
    kit.events.length = 0;
    const component = visitor.mountComponent("payment:told", { balance: 1000 });
    await assert.rejects(visitor.callAction(component, "processPayment", { _csrf_token: "forged" }), (error) => {
      assert.ok(error instanceof CsrfTokenMismatchError);
      assert.doesNotMatch(JSON.stringify(error.document), /hmac|stack|\.ts\b/i);
      return true;
    });
    for (let calls = 0; calls < 6; calls += 1)
      await visitor.callAction(component, "processPayment").catch(() => undefined);
    const names = new Set(kit.events.map(({ name }) => name));
    assert.ok(names.has("malicious_csrf") && names.has("excess_rate_limit_exceeded"), [...names].join());
  });
});

/** What the store has of a component: its body, a way to open it, and to put another one in its place. */
async function storedAs(componentId: string) {
  const [component = "", instance = ""] = componentId.split(":");
  const text = "SELECT id, body FROM documents WHERE id LIKE ? ORDER BY rowid DESC";
  const [row] = await kit.store.read((transaction) =>
    transaction.execute<{ id: string; body: string }>({ sqlite: text, postgres: text }, [`${componentId}:%`]),
  );
  assert.ok(row !== undefined);
  const { id, body } = row;
  const owner = id.slice(componentId.length + 1);
  const update = "UPDATE documents SET body = ? WHERE id = ?";
  return {
    body,
    open: (sealed: string): string =>
      kit.sealer.openStored(sealed, { purpose: "live-state", context: ["default", component, instance, owner] }),
    replace: (other: string): Promise<unknown> =>
      kit.store.write((transaction) => transaction.execute({ sqlite: update, postgres: update }, [other, id])),
  };
}
