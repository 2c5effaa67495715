import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { CsrfTokenMismatchError, LiveCallError, RateLimitExceededError } from "../testing/live-visitor.ts";
import { live } from "./component.ts";

const counter = live("counter", {
  state: z.object({ count: z.number() }),
  mount: ({ previous }) => previous ?? { count: 0 },
  actions: (action) => ({
    increment: action({ authorise: "public", rateLimit: 10, rateLimitWindow: 60 }, ({ state }) => ({
      count: state.count + 1,
    })),
    look: action({ authorise: "public" }, () => undefined),
    fail: action({ authorise: "public" }, () => {
      throw new Error("the database password is hunter2");
    }),
  }),
  render: ({ state, act }) => html`<button ${act.increment()}>${state.count}</button>`,
});

const payment = live("payment", {
  state: z.object({ balance: z.number(), card: z.string() }),
  secret: ["card"],
  mount: () => ({ balance: 1000, card: "4242-4242" }),
  actions: (action) => ({
    processPayment: action(
      {
        input: z.object({ amount: z.number().positive() }),
        authorise: "public",
        rateLimit: 5,
        rateLimitWindow: 300,
        idempotencyTTL: 86_400,
      },
      ({ state }, { amount }) => ({ ...state, balance: state.balance - amount }),
    ),
  }),
  render: ({ state, act }) =>
    html`<p>${state.balance}</p>
      <form ${act.processPayment.form}>${act.processPayment.fields}</form>`,
});

let kit: LiveKit;
before(async () => {
  kit = await openLiveKit({ components: [counter, payment] });
});
after(() => kit[Symbol.asyncDispose]());
afterEach(() => {
  kit.resetLimits();
  kit.events.length = 0;
});

// A foreign page makes the visitor's browser send a request. It cannot know the session's token.
describe("live actions against cross-site request forgery", () => {
  it("requires a valid security token", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    await assert.rejects(visitor.callAction(component, "increment", { _csrf_token: "invalid_token" }), (error) => {
      assert.ok(error instanceof CsrfTokenMismatchError);
      assert.equal(error.status, 403);
      assert.equal(error.code, "CSRF_TOKEN_INVALID");
      return true;
    });
    assert.deepEqual(
      kit.events.map(({ name }) => name),
      ["malicious_csrf"],
    );
  });
  it("accepts a valid token and gives another one", async () => {
    const visitor = await kit.visit();
    const before = visitor.csrfToken;
    const component = visitor.mountComponent("counter:test", { count: 0 });
    const result = await visitor.callAction(component, "increment", { _csrf_token: before });
    assert.equal(result.state.count, 1);
    assert.notEqual(result.csrfToken, before);
    assert.equal((await visitor.callAction(result, "increment", { _csrf_token: before })).state.count, 2);
  });
  it("accepts the token in the header, as the guide's fetch example sends it", async () => {
    const visitor = await kit.visit();
    const response = await visitor.request("/api/livecomponents/action", {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": visitor.csrfToken },
      body: JSON.stringify({ component_id: "counter:main", action: "increment" }),
    });
    assert.equal(response.status, 200);
    const body: unknown = await response.json();
    assert.partialDeepStrictEqual(body, { state: { count: 1 }, version: 1 });
  });
  it("refuses the token of another session, and a foreign origin with the right token", async () => {
    const visitor = await kit.visit();
    const other = await kit.visit();
    const component = visitor.mountComponent("counter:test");
    await assert.rejects(
      visitor.callAction(component, "increment", { _csrf_token: other.csrfToken }),
      CsrfTokenMismatchError,
    );
    for (const headers of [
      { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ]) {
      const response = await visitor.request("/api/livecomponents/action", {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": visitor.csrfToken, ...headers },
        body: JSON.stringify({ component_id: "counter:test", action: "increment" }),
      });
      assert.equal(response.status, 403, JSON.stringify(headers));
    }
  });
  it("gives tokens to its own pages alone", async () => {
    const visitor = await kit.visit();
    const response = await visitor.request("/api/csrf/refresh", { headers: { "sec-fetch-site": "same-site" } });
    assert.equal(response.status, 403);
    assert.equal((await visitor.request("/api/csrf/refresh")).headers.get("cache-control"), "no-store");
  });
});

// A script calls an action as fast as it can.
describe("live actions against floods", () => {
  it("refuses the 11th call of an action limited to 10, with everything a client needs to wait", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    let last = await visitor.callAction(component, "increment");
    for (let calls = 1; calls < 10; calls += 1) last = await visitor.callAction(last, "increment");
    assert.equal(last.state.count, 10);
    await assert.rejects(visitor.callAction(last, "increment"), (error) => {
      assert.ok(error instanceof RateLimitExceededError);
      assert.ok(error.getRetryAfter() > 0);
      assert.equal(error.status, 429);
      assert.partialDeepStrictEqual(error.document, {
        error: "Rate limit exceeded",
        code: "RATE_LIMIT_EXCEEDED",
        limit: 10,
        window: 60,
      });
      const { headers } = error.response;
      assert.equal(headers.get("x-ratelimit-limit"), "10");
      assert.equal(headers.get("x-ratelimit-remaining"), "0");
      assert.equal(headers.get("retry-after"), String(error.getRetryAfter()));
      assert.ok(Number(headers.get("x-ratelimit-reset")) > kit.clock.now() / 1000);
      return true;
    });
    assert.ok(kit.events.some(({ name }) => name === "excess_rate_limit_exceeded"));
  });
  it("refuses the 61st call by default, and admits again when the window has passed", async () => {
    const visitor = await kit.visit();
    let last = await visitor.callAction(visitor.mountComponent("counter:test"), "look");
    for (let calls = 1; calls < 60; calls += 1) last = await visitor.callAction(last, "look");
    await assert.rejects(visitor.callAction(last, "look"), RateLimitExceededError);
    await kit.clock.advance(60_001);
    await visitor.callAction(last, "look");
  });
});

// The same intent arrives twice: a retry, a double click, the back button.
describe("live actions against double execution", () => {
  it("answers the same key with the stored result", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test", { count: 0 });
    const first = await visitor.callAction(component, "increment", { idempotency_key: "test-key-1" });
    assert.equal(first.state.count, 1);
    assert.deepEqual(
      { ...first.idempotency, created_at: "" },
      { key: "test-key-1", cached: false, ttl: 3600, created_at: "" },
    );
    await kit.clock.advance(60_000);
    const second = await visitor.callAction(first, "increment", { idempotency_key: "test-key-1" });
    assert.equal(second.state.count, 1);
    assert.deepEqual(second.idempotency, { ...first.idempotency, cached: true, ttl: 3540 });
    assert.equal(second.response.headers.get("idempotent-replayed"), "true");
    assert.equal(second.html, first.html);
    assert.notEqual(second.csrfToken, first.csrfToken);
  });
  it("executes different keys, and refuses another input under one", async () => {
    const visitor = await kit.visit();
    const first = await visitor.callAction(visitor.mountComponent("counter:test", { count: 0 }), "increment", {
      idempotency_key: "key-1",
    });
    const second = await visitor.callAction(first, "increment", { idempotency_key: "key-2" });
    assert.equal(second.state.count, 2);
    const paid = await visitor.callAction(visitor.mountComponent("payment:test"), "processPayment", {
      amount: 1,
      idempotency_key: "key-3",
    });
    await assert.rejects(visitor.callAction(paid, "processPayment", { amount: 2, idempotency_key: "key-3" }), {
      code: "IDEMPOTENCY_KEY_REUSED",
      status: 422,
    });
  });
  it("executes concurrent duplicates once", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:burst", { count: 0 });
    const results = await Promise.all(
      Array.from({ length: 8 }, () => visitor.callAction(component, "increment", { idempotency_key: "burst" })),
    );
    assert.deepEqual(
      results.map(({ state }) => state.count),
      Array.from({ length: 8 }, () => 1),
    );
    assert.equal(results.filter(({ idempotency }) => idempotency?.cached === false).length, 1);
  });
  it("keeps no record of an action that threw, and tells the caller nothing of why", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("counter:test");
    for (const _ of [1, 2]) {
      await assert.rejects(visitor.callAction(component, "fail", { idempotency_key: "broken" }), (error) => {
        assert.ok(error instanceof LiveCallError);
        assert.equal(error.code, "INTERNAL_ERROR");
        assert.ok(!JSON.stringify(error.document).includes("hunter2"));
        return true;
      });
    }
    assert.equal(kit.errors.splice(0).length, 2);
  });
});

// Whoever can write to the store, or take what another visitor's page carries, tries to choose the state.
describe("live state against tampering", () => {
  it("cannot be read in the store or in the page", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("payment:test", { balance: 77, card: "5555-secret" });
    assert.ok(
      !Buffer.from(component.seed ?? "", "base64")
        .toString("latin1")
        .includes("secret"),
    );
    const result = await visitor.callAction(component, "processPayment", { amount: 7 });
    assert.equal(result.state.balance, 70);
    assert.ok(!JSON.stringify(result).includes("secret"));
    assert.deepEqual(Object.keys(result.state), ["balance"]);
    const body = await storedBody("payment:test");
    assert.ok(!body.includes("secret") && !Buffer.from(body, "base64").toString("latin1").includes("secret"));
  });
  it("is refused when it was altered in the store, with a neutral message and an event", async () => {
    const visitor = await kit.visit();
    const result = await visitor.callAction(visitor.mountComponent("payment:altered"), "processPayment", { amount: 1 });
    const sealed = await storedBody("payment:altered");
    await replaceBody("payment:altered", `${sealed.slice(0, -6)}XXXXX=`);
    await assert.rejects(visitor.callAction(result, "processPayment", { amount: 1 }), (error) => {
      assert.ok(error instanceof LiveCallError);
      assert.equal(error.code, "STATE_INVALID");
      assert.match(String(error.document["detail"]), /^Session invalid/);
      assert.ok(!/mac|seal|key|crypt/i.test(JSON.stringify({ ...error.document, request_id: "", title: "" })));
      return true;
    });
    assert.ok(kit.events.some(({ name, level }) => name === "crypt_decrypt_fail" && level === "critical"));
  });
  it("is refused when an older version was put back", async () => {
    const visitor = await kit.visit();
    const first = await visitor.callAction(visitor.mountComponent("payment:older"), "processPayment", { amount: 1 });
    const older = await storedBody("payment:older");
    const second = await visitor.callAction(first, "processPayment", { amount: 1 });
    await replaceBody("payment:older", older);
    await assert.rejects(visitor.callAction(second, "processPayment", { amount: 1 }), { code: "STATE_INVALID" });
  });
  it("is refused when it was swapped between sessions, components or instances", async () => {
    const rich = await kit.visit();
    const poor = await kit.visit();
    const mine = rich.mountComponent("payment:test", { balance: 1_000_000, card: "" });
    const theirs = poor.mountComponent("payment:test");
    await assert.rejects(poor.callAction({ ...theirs, seed: mine.seed }, "processPayment", { amount: 1 }), {
      code: "STATE_INVALID",
    });
    await assert.rejects(rich.callAction({ ...mine, componentId: "payment:other" }, "processPayment", { amount: 1 }), {
      code: "STATE_INVALID",
    });
    await assert.rejects(rich.callAction({ ...mine, componentId: "counter:test" }, "increment"), {
      code: "STATE_INVALID",
    });
    await rich.callAction(mine, "processPayment", { amount: 1 });
    await poor.callAction(theirs, "processPayment", { amount: 1 });
    const rows = await rowsOf("payment:test");
    const [one, two] = rows.slice(-2);
    assert.ok(one !== undefined && two !== undefined);
    await kit.store.write(async (transaction) => {
      await swap(transaction, one.id, two.body);
      await swap(transaction, two.id, one.body);
    });
    await assert.rejects(poor.callAction({ ...theirs, seed: undefined }, "processPayment", { amount: 1 }), {
      code: "STATE_INVALID",
    });
  });
  it("is not taken back to the page's first state by sending its seed again", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("payment:again", { balance: 100, card: "" });
    await visitor.callAction(component, "processPayment", { amount: 60 });
    await assert.rejects(visitor.callAction(component, "processPayment", { amount: 60 }), {
      code: "STATE_CONFLICT",
      status: 409,
    });
  });
});

// All at once, as the guide's combined example has it.
describe("live actions behind every guard", () => {
  it("replays with a new token and charges once", async () => {
    const visitor = await kit.visit();
    const component = visitor.mountComponent("payment:test", { balance: 1000, card: "" });
    const key = "payment-1";
    const first = await visitor.callAction(component, "processPayment", {
      _csrf_token: visitor.csrfToken,
      idempotency_key: key,
      amount: 100,
    });
    assert.equal(first.state.balance, 900);
    assert.equal(first.idempotency?.ttl, 86_400);
    const token = await visitor.refreshToken();
    const second = await visitor.callAction(first, "processPayment", {
      _csrf_token: token,
      idempotency_key: key,
      amount: 100,
    });
    assert.equal(second.state.balance, 900);
    assert.equal(second.idempotency?.cached, true);
  });
  it("emits one event for a change, and none of its contents is secret", async () => {
    const visitor = await kit.visit();
    await visitor.callAction(visitor.mountComponent("payment:test", { balance: 5, card: "5555" }), "processPayment", {
      amount: 1,
    });
    const [event, ...more] = kit.events;
    assert.deepEqual(more, []);
    assert.partialDeepStrictEqual(event, {
      name: "action_performed",
      action: "payment.processPayment",
      target: "payment:test",
      outcome: "success",
      source: { entrance: "live" },
    });
    assert.ok(!JSON.stringify(event).includes("5555"));
  });
});

interface Row {
  readonly id: string;
  readonly body: string;
}

type Writer = Parameters<Parameters<LiveKit["store"]["write"]>[0]>[0];

function rowsOf(componentId: string): Promise<Row[]> {
  const text = `SELECT id, body FROM documents WHERE kind = 'live-state' AND id LIKE ? ORDER BY rowid`;
  return kit.store.read((transaction) =>
    transaction.execute<Row>({ sqlite: text, postgres: text }, [`${componentId}:%`]),
  );
}

async function storedBody(componentId: string): Promise<string> {
  const row = (await rowsOf(componentId)).at(-1);
  assert.ok(row !== undefined);
  return row.body;
}

async function replaceBody(componentId: string, body: string): Promise<void> {
  const row = (await rowsOf(componentId)).at(-1);
  assert.ok(row !== undefined);
  await kit.store.write((transaction) => swap(transaction, row.id, body));
}

async function swap(transaction: Writer, id: string, body: string): Promise<void> {
  const text = "UPDATE documents SET body = ? WHERE kind = 'live-state' AND id = ?";
  await transaction.execute({ sqlite: text, postgres: text }, [body, id]);
}
