import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import { html } from "../html/html.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { isDenial } from "../kernel/outcome.ts";
import { StoreUnavailableError } from "../kernel/ports/store.ts";
import { openEdgeSetup, TEST_CONNECTION, type EdgeSetup, type EdgeSetupOptions } from "../testing/edge-setup.ts";
import type { Edge, EdgeHandler } from "./edge.ts";
import { SESSION_COOKIE } from "./session-cookie.ts";

const ORIGIN = "https://app.example";

function actionsFor(edge: Edge): Record<"add" | "read" | "login" | "grow" | "logout" | "fail", AnyAction> {
  let total = 0;
  const empty = z.strictObject({});
  const common = { entrances: ["http"], authorise: "public" } as const;
  return {
    add: defineAction({
      ...common,
      name: "counter.add",
      effects: "store",
      input: z.strictObject({ amount: z.coerce.number().int() }),
      run: async ({ input }) => ({ total: (total += input.amount) }),
    }),
    read: defineAction({
      ...common,
      name: "counter.read",
      effects: "none",
      input: z.strictObject({ unit: z.string().optional() }),
      run: async ({ input, principal }) => ({
        total,
        unit: input.unit,
        who: principal.id,
        grants: [...principal.grants],
      }),
    }),
    login: defineAction({
      ...common,
      name: "session.login",
      effects: "store",
      idempotency: false,
      input: z.strictObject({ name: z.string() }),
      run: async (context) => {
        const principal = await edge.sessions.login(context, {
          type: "user",
          id: context.input.name,
          grants: ["read"],
        });
        return { id: principal.id };
      },
    }),
    grow: defineAction({
      ...common,
      name: "session.grow",
      effects: "store",
      idempotency: false,
      input: empty,
      run: async (context) => {
        const principal = await edge.sessions.regenerate(context, ["read", "write"]);
        return isDenial(principal) ? principal : { grants: [...principal.grants] };
      },
    }),
    logout: defineAction({
      ...common,
      name: "session.logout",
      effects: "store",
      idempotency: false,
      input: empty,
      run: async (context) => {
        await edge.sessions.logout(context);
        return { done: true };
      },
    }),
    fail: defineAction({
      ...common,
      name: "session.fail",
      effects: "store",
      idempotency: false,
      input: empty,
      run: async (context): Promise<string> => {
        await edge.sessions.login(context, { type: "user", id: "mallory", grants: [] });
        throw new Error("secret detail");
      },
    }),
  };
}

interface Browser {
  cookie: string | undefined;
  send(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  refresh(): Promise<string>;
}

interface Site extends EdgeSetup {
  readonly handler: EdgeHandler;
  browser(): Browser;
}

async function openSite(options: EdgeSetupOptions = {}): Promise<Site> {
  let actions: ReturnType<typeof actionsFor> | undefined;
  const setup = await openEdgeSetup({
    ...options,
    actions: ({ edge }) => Object.values((actions = actionsFor(edge))),
  });
  assert.ok(actions);
  const { edge } = setup;
  const app = new Hono();
  app.get("/", (context) => {
    const inbound = edge.of(context);
    return edge.page(inbound, html`<!doctype html><meta name="csrf-token" content="${edge.csrfToken(inbound)}" />`);
  });
  app.get("/cached", (context) => edge.page(edge.of(context), html`<p>Hello</p>`, { cache: { maxAge: 60 } }));
  app.get("/foreign", () => new Response("<p>made elsewhere</p>", { headers: { "content-type": "text/html" } }));
  app.get("/boom", () => Promise.reject(new Error("secret detail")));
  app.get("/api/csrf", (context) => edge.json(edge.of(context), { csrf_token: edge.csrfToken(edge.of(context)) }));
  app.get("/counter", edge.action(actions.read));
  app.post("/counter", edge.action(actions.add));
  app.get("/unsafe", edge.action(actions.add));
  for (const name of ["login", "grow", "logout", "fail"] as const) app.post(`/${name}`, edge.action(actions[name]));
  app.post("/form", edge.action(actions.add, { render: (_success, inbound) => edge.redirect(inbound, "/thanks") }));
  const handler = edge.handler(app);
  return Object.assign(setup, { handler, browser: () => createBrowser(handler) });
}

function createBrowser(handler: EdgeHandler): Browser {
  const browser: Browser = {
    cookie: undefined,
    async send(path, init = {}) {
      const headers = new Headers(init.headers);
      if (browser.cookie !== undefined && !headers.has("cookie"))
        headers.set("cookie", `${SESSION_COOKIE}=${browser.cookie}`);
      const response = await handler(new Request(`${ORIGIN}${path}`, { ...init, headers }), TEST_CONNECTION);
      const set = response.headers.get("set-cookie");
      if (set !== null) browser.cookie = /^__Host-gatehouse=([^;]*)/.exec(set)?.[1] || undefined;
      return response;
    },
    async post(path, body, headers = {}) {
      const token = headers["x-csrf-token"] ?? (await browser.refresh());
      return browser.send(path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: {
          "content-type": "application/json",
          "sec-fetch-site": "same-origin",
          "x-csrf-token": token,
          ...headers,
        },
      });
    },
    async refresh() {
      // The answer is written above.
      const { csrf_token: token } = (await (await browser.send("/api/csrf")).json()) as { csrf_token: string };
      return token;
    },
  };
  return browser;
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  // A problem document is an object.
  return (await response.json()) as Record<string, unknown>;
}

describe("Edge.page", () => {
  it("sends security headers, a nonce and the cookie of a new session, and writes nothing", async () => {
    await using site = await openSite();
    const response = await site.browser().send("/");
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-security-policy") ?? "", /'nonce-[A-Za-z0-9+/]{24}'/);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.match(response.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
    const cookie = response.headers.get("set-cookie") ?? "";
    assert.match(cookie, /^__Host-gatehouse=[\w.-]{77}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    const count = await site.store.read(async (transaction) =>
      transaction.execute<{ n: number }>(
        { sqlite: "SELECT count(*) AS n FROM sessions", postgres: "SELECT count(*) AS n FROM sessions" },
        [],
      ),
    );
    assert.equal(Number(count[0]?.n), 0);
  });

  it("keeps the session it knows", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.send("/");
    assert.equal((await browser.send("/")).headers.get("set-cookie"), null);
  });

  // A link on another site arrives without the SameSite=Strict cookie. Whoever follows it would be signed out by
  // the cookie of the session that begins for this stranger.
  it("asks who arrived from another site to come again instead of beginning a session", async () => {
    await using site = await openSite();
    const arrived = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    const response = await site.browser().send("/?a=1&b=2", { headers: arrived });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("set-cookie"), null);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const text = await response.text();
    assert.match(text, /<meta http-equiv="refresh" content="0" \/>/);
    assert.match(text, /<a href="\/\?a=1&amp;b=2">/);
    assert.doesNotMatch(text, /csrf-token/);
    const again = { ...arrived, "sec-fetch-site": "same-origin" };
    assert.match((await site.browser().send("/", { headers: again })).headers.get("set-cookie") ?? "", /^__Host-/);
    const cached = await site.browser().send("/cached", { headers: arrived });
    assert.doesNotMatch(await cached.text(), /refresh/);
    const known = site.browser();
    await known.send("/");
    assert.match(await (await known.send("/", { headers: arrived })).text(), /csrf-token/);
  });

  it("lets caches keep pages that carry no session", async () => {
    await using site = await openSite();
    const response = await site.browser().send("/cached");
    assert.equal(response.headers.get("cache-control"), "public, max-age=60");
    assert.equal(response.headers.get("set-cookie"), null);
    assert.doesNotMatch(response.headers.get("content-security-policy") ?? "", /nonce/);
  });

  it("completes responses made elsewhere", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.send("/");
    const response = await browser.send("/foreign");
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.equal(response.headers.get("cache-control"), "no-store");
  });

  // Over plain http to another machine browsers drop the session cookie, and every form then fails for
  // reasons nobody can see. The log says so once, and so does the refusal.
  it("warns once when the address cannot keep a session", async () => {
    await using site = await openSite();
    const plain = { address: "192.168.1.7", encrypted: false };
    await site.handler(new Request("http://192.168.1.5:8080/"), plain);
    await site.handler(new Request("http://192.168.1.5:8080/"), plain);
    assert.equal(site.events.filter(({ name }) => name === "session_without_encryption").length, 1);
    const init = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
    const refused = await site.handler(new Request("http://192.168.1.5:8080/counter", init), plain);
    assert.match(String((await problemOf(refused))["detail"]), /keep no session over plain http/);
  });
});

describe("Edge.action", () => {
  it("runs an action for a route and hands out the next token", async () => {
    await using site = await openSite();
    const browser = site.browser();
    const response = await browser.post("/counter", { amount: 2 });
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { total: 2 });
    const next = response.headers.get("x-csrf-token") ?? "";
    assert.equal((await browser.post("/counter", { amount: 1 }, { "x-csrf-token": next })).status, 200);
    const read = await browser.send("/counter?unit=clicks");
    assert.deepEqual(await read.json(), { total: 3, unit: "clicks", who: "-", grants: [] });
  });

  it("takes token and key from the body, before validation sees it", async () => {
    await using site = await openSite();
    const browser = site.browser();
    const token = await browser.refresh();
    const form = new URLSearchParams({ amount: "5", _csrf_token: token, idempotency_key: "k1" });
    const init = { method: "POST", body: form, headers: { "sec-fetch-site": "same-origin" } };
    const first = await browser.send("/form", init);
    assert.equal(first.status, 303);
    assert.equal(first.headers.get("location"), "/thanks");
    await browser.send("/form", init);
    assert.equal(((await (await browser.send("/counter")).json()) as { total: number }).total, 5);
  });

  it("marks replays", async () => {
    await using site = await openSite();
    const browser = site.browser();
    const first = await browser.post("/counter", { amount: 1 }, { "idempotency-key": '"abc"' });
    assert.equal(first.headers.get("idempotent-replayed"), null);
    const second = await browser.post("/counter", { amount: 1 }, { "x-idempotency-key": "abc" });
    assert.equal(second.headers.get("idempotent-replayed"), "true");
    assert.deepEqual(await second.json(), { total: 1 });
    const other = await browser.post("/counter", { amount: 2 }, { "idempotency-key": "abc" });
    assert.equal((await problemOf(other))["code"], "IDEMPOTENCY_KEY_REUSED");
    const both = await browser.post("/counter", { amount: 2 }, { "idempotency-key": "a", "x-idempotency-key": "b" });
    assert.equal((await problemOf(both))["code"], "MALFORMED_REQUEST");
  });

  it("says what a limit is, how much is left and when to come back", async () => {
    await using site = await openSite();
    const browser = site.browser();
    const token = await browser.refresh();
    const send = (): Promise<Response> => browser.post("/counter", { amount: 1 }, { "x-csrf-token": token });
    const first = await send();
    assert.equal(first.headers.get("x-ratelimit-limit"), "60");
    assert.equal(first.headers.get("x-ratelimit-remaining"), "59");
    for (let count = 1; count < 60; count += 1) assert.equal((await send()).status, 200);
    const refused = await send();
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get("retry-after"), "60");
    assert.equal(refused.headers.get("x-ratelimit-remaining"), "0");
    assert.match(refused.headers.get("x-ratelimit-reset") ?? "", /^\d{10}$/);
    const { request_id: _, ...problem } = await problemOf(refused);
    assert.deepEqual(problem, {
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      title: "Rate limit exceeded",
      status: 429,
      detail: "Rate limit exceeded",
      error: "Rate limit exceeded",
      code: "RATE_LIMIT_EXCEEDED",
      retry_after: 60,
      limit: 60,
      window: 60,
      "violated-policies": problem["violated-policies"],
    });
  });

  // Links, images and prefetches send GET. A mutation that runs on GET is one that any page can cause.
  it("never changes anything on GET, whatever a method override says", async () => {
    await using site = await openSite();
    const response = await site.browser().send("/unsafe?amount=1");
    assert.equal(response.status, 405);
    const headers = { "x-http-method-override": "POST", "x-method-override": "POST" };
    assert.equal((await site.browser().send("/counter?_method=POST", { headers })).status, 422);
  });

  it("answers bad bodies with problems and events, never with a 5xx", async () => {
    await using site = await openSite();
    const send = async (body: string, type: string): Promise<unknown> =>
      (
        await problemOf(
          await site.browser().send("/counter", { method: "POST", body, headers: { "content-type": type } }),
        )
      )["code"];
    assert.equal(await send("{", "application/json"), "MALFORMED_REQUEST");
    assert.equal(await send("{}", "text/plain"), "UNSUPPORTED_MEDIA_TYPE");
    assert.equal(await send(`{"a":"${"x".repeat(1_100_000)}"}`, "application/json"), "PAYLOAD_TOO_LARGE");
    assert.equal(await send('{"_csrf_token":["a"]}', "application/json"), "MALFORMED_REQUEST");
    assert.equal(site.events.filter(({ name }) => name === "request_malformed").length, 4);
    assert.deepEqual(site.errors, []);
  });
});

describe("Edge.sessions", () => {
  // Session fixation: the attacker plants a session they know, waits for the victim to sign in, and is signed
  // in as well. Signing in ends the old session and starts another that only this browser has.
  it("regenerates the session at login and ends the one before", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.send("/");
    const planted = browser.cookie;
    await browser.post("/login", { name: "alice" });
    assert.notEqual(browser.cookie, planted);
    assert.equal(((await (await browser.send("/counter")).json()) as { who: string }).who, "alice");
    const attacker = site.browser();
    attacker.cookie = planted;
    assert.equal(((await (await attacker.send("/counter")).json()) as { who: string }).who, "-");
    const second = browser.cookie;
    await browser.post("/grow", {});
    assert.notEqual(browser.cookie, second);
    assert.deepEqual(((await (await browser.send("/counter")).json()) as { grants: string[] }).grants, [
      "read",
      "write",
    ]);
    attacker.cookie = second;
    const refused = await attacker.post("/grow", {});
    assert.equal((await problemOf(refused))["code"], "SESSION_EXPIRED");
  });

  it("denies more rights to who is not signed in", async () => {
    await using site = await openSite();
    const response = await site.browser().post("/grow", {});
    assert.equal((await problemOf(response))["code"], "AUTHENTICATION_REQUIRED");
  });

  // A stolen cookie must be worth nothing once its owner has signed out: the row decides, not the cookie.
  it("ends a session for good at logout", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.post("/login", { name: "alice" });
    const stolen = browser.cookie;
    const token = await browser.refresh();
    const response = await browser.post("/logout", {}, { "x-csrf-token": token });
    assert.equal(response.headers.get("clear-site-data"), '"cache", "storage"');
    assert.match(response.headers.get("set-cookie") ?? "", /^__Host-gatehouse=; Max-Age=0; Path=\/; HttpOnly; Secure/);
    const thief = site.browser();
    thief.cookie = stolen;
    const refused = await thief.post("/counter", { amount: 1 }, { "x-csrf-token": token });
    assert.equal((await problemOf(refused))["code"], "SESSION_EXPIRED");
    assert.ok(site.events.some(({ name }) => name === "session_use_after_expire"));
    assert.notEqual(thief.cookie, stolen);
  });

  it("expires idle sessions, keeps used ones, and ends all of them at the absolute limit", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.post("/login", { name: "alice" });
    const who = async (): Promise<string> => ((await (await browser.send("/counter")).json()) as { who: string }).who;
    for (let hour = 0; hour < 11; hour += 0.75) {
      await site.clock.advance(45 * 60_000);
      assert.equal(await who(), "alice", `after ${hour + 0.75} hours`);
    }
    await site.clock.advance(46 * 60_000);
    assert.equal(await who(), "-");
    const idle = site.browser();
    await idle.post("/login", { name: "bob" });
    await site.clock.advance(61 * 60_000);
    const token = "x";
    assert.equal((await idle.post("/counter", { amount: 1 }, { "x-csrf-token": token })).status, 403);
  });

  it("notes use at most once a minute", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.post("/login", { name: "alice" });
    const id = site.edge.sessions.idOf(browser.cookie ?? "");
    const seenAt = async (): Promise<number> =>
      (await site.store.read((transaction) => site.sessions.find(transaction, id)))?.seenAt ?? 0;
    const first = await seenAt();
    await site.clock.advance(30_000);
    await browser.send("/counter");
    await site.clock.advance(0);
    assert.equal(await seenAt(), first);
    await site.clock.advance(31_000);
    await browser.send("/counter");
    await site.clock.advance(0);
    assert.equal(await seenAt(), first + 61_000);
  });

  it("takes what programs attempt by themselves for no use", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.post("/login", { name: "alice" });
    const { authenticator, idOf } = site.edge.sessions;
    const credential = { kind: "session", id: browser.cookie ?? "" } as const;
    const read = actionsFor(site.edge).read;
    const seenAt = async (): Promise<number> =>
      (
        await site.store.read((transaction) =>
          site.sessions.find(transaction, idOf.call(site.edge.sessions, credential.id)),
        )
      )?.seenAt ?? 0;
    const first = await seenAt();
    await site.clock.advance(120_000);
    const provenance = { kind: "browser", method: "GET", origin: ORIGIN, target: ORIGIN } as const;
    const shared = {
      id: "a",
      entrance: "realtime",
      action: read.name,
      tenant: "default",
      input: {},
      provenance,
    } as const;
    const attempt = { ...shared, receivedAt: 0, peer: { ip: "192.0.2.1", tls: true }, credentials: [credential] };
    assert.equal(isDenial(await authenticator.authenticate(credential, { ...attempt, passive: true }, read)), false);
    await site.clock.advance(0);
    assert.equal(await seenAt(), first);
    await authenticator.authenticate(credential, attempt, read);
    await site.clock.advance(0);
    assert.equal(await seenAt(), first + 120_000);
  });

  it("tells the browser nothing of a login that was rolled back", async () => {
    await using site = await openSite();
    const browser = site.browser();
    await browser.send("/");
    const before = browser.cookie;
    const response = await browser.post("/fail", {});
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("set-cookie"), null);
    assert.equal(browser.cookie, before);
    assert.doesNotMatch(await response.text(), /secret detail/);
  });
});

describe("Edge.handler", () => {
  it("answers what does not exist as a problem or a page", async () => {
    await using site = await openSite();
    const problem = await site.browser().send("/nothing");
    assert.equal(problem.status, 404);
    assert.equal((await problemOf(problem))["code"], "NOT_FOUND");
    assert.deepEqual(site.events.at(-1)?.context, { method: "GET", path: "/nothing" });
    const page = await site.browser().send("/nothing", { headers: { accept: "text/html" } });
    assert.equal(page.status, 404);
    assert.match(await page.text(), /<h1>Page not found<\/h1>/);
    assert.match(page.headers.get("content-security-policy") ?? "", /nonce-/);
  });

  it("answers the wrong method with what is allowed", async () => {
    await using site = await openSite();
    const response = await site.browser().send("/counter", { method: "DELETE" });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, HEAD, OPTIONS, POST");
    assert.deepEqual(site.events.at(-1)?.context, { method: "DELETE", path: "/counter" });
    const options = await site.browser().send("/counter", { method: "OPTIONS" });
    assert.equal(options.status, 204);
    assert.equal(options.headers.get("allow"), "GET, HEAD, OPTIONS, POST");
    const head = await site.browser().send("/counter", { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), "");
  });

  it("hides what went wrong inside", async () => {
    await using site = await openSite();
    const response = await site.browser().send("/boom");
    assert.equal(response.status, 500);
    const problem = await problemOf(response);
    assert.equal(problem["code"], "INTERNAL_ERROR");
    assert.equal(problem["request_id"], response.headers.get("x-request-id"));
    assert.doesNotMatch(JSON.stringify(problem), /secret/);
    assert.equal(site.errors.length, 1);
    assert.ok(
      site.events.some(({ name, requestId }) => name === "action_failed" && requestId === problem["request_id"]),
    );
  });

  it("says that a page can be had again soon when its store is away", async () => {
    const down = new StoreUnavailableError("main", "secret address");
    const lost = new StoreUnavailableError("main", "secret address", { outcome: "unknown" });
    for (const [error, code] of [
      [down, "STORE_UNAVAILABLE"],
      [lost, "OUTCOME_UNKNOWN"],
    ] as const) {
      await using setup = await openEdgeSetup();
      const app = new Hono();
      app.get("/", () => Promise.reject(error));
      const response = await createBrowser(setup.edge.handler(app)).send("/");
      assert.equal(response.status, 503);
      assert.equal(response.headers.get("retry-after"), "1");
      const problem = await problemOf(response);
      assert.equal(problem["code"], code);
      assert.doesNotMatch(JSON.stringify(problem), /secret/);
      assert.deepEqual(
        setup.events.map(({ name }) => name),
        ["store_unavailable"],
      );
    }
  });

  it("answers preflights and lets only named origins read", async () => {
    await using site = await openSite({ cors: [{ path: "/counter", origins: ["https://other.example"] }] });
    const headers = { origin: "https://other.example", "access-control-request-method": "POST" };
    const preflight = await site.browser().send("/counter", { method: "OPTIONS", headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "https://other.example");
    const read = await site.browser().send("/counter", { headers: { origin: "https://other.example" } });
    assert.equal(read.headers.get("access-control-allow-origin"), "https://other.example");
    assert.equal(read.headers.get("vary"), "Origin");
    const evil = await site.browser().send("/counter", { headers: { origin: "https://evil.example" } });
    assert.equal(evil.headers.get("access-control-allow-origin"), null);
    assert.equal(evil.headers.get("vary"), "Origin");
  });
});

describe("Edge.redirect", () => {
  // An open redirect lends the site's good name to the attacker's address.
  it("leads to this server only", async () => {
    await using site = await openSite();
    const inbound = site.edge.inbound(new Request(ORIGIN), TEST_CONNECTION);
    for (const location of [
      "https://evil.example",
      "//evil.example",
      "/\\evil.example",
      "evil",
      "/a\r\nx:y",
      "javascript:1",
    ]) {
      assert.throws(() => site.edge.redirect(inbound, location), TypeError, location);
    }
    assert.equal(site.edge.redirect(inbound, "/a?b=//c").headers.get("location"), "/a?b=//c");
  });
});
