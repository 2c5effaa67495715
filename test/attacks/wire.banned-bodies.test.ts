// An address that is banned, or has used up its share, goes on sending requests with bodies as large as it can make
// them. It is to be turned away by the head of a request: no body is received for it, and none is understood.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { html } from "gatehouse/html";
import { listen, type Listening } from "gatehouse/http";
import type { SecurityEvent } from "gatehouse/kernel";
import { live } from "gatehouse/live";
import { noted, verifier } from "../support/bank-webhook.ts";
import { openGuarded, SIGN_IN, type GuardedServer } from "../support/guarded-server.ts";

const BANNED = "198.51.100.66";
const LIMIT = 20;
const LIVE = "/api/livecomponents/action";
const WEBHOOK = "/webhooks/bank";
const HUNDRED_MEGABYTES = 100 * 1024 * 1024;
/** More than a head, one read of a socket and what a paused one has taken in; far less than a body may have. */
const LITTLE = 400_000;

const counter = live("counter", {
  state: z.object({ count: z.number() }),
  mount: () => ({ count: 0 }),
  actions: (action) => ({
    add: action({ authorise: "public", commutes: true, rateLimit: 1000, rateLimitWindow: 60 }, ({ state }) => state),
  }),
  render: ({ state }) => html`<p>${state.count}</p>`,
});

/** Where bodies are sent, and what the events of their refusals call it. */
const PLACES = [
  { path: SIGN_IN, entrance: "http", action: "visitors.sign-in" },
  { path: "/csp/report", entrance: "http", action: "csp.report" },
  { path: WEBHOOK, entrance: "webhook", action: "payment.note" },
  // The body that is not received would have named the action.
  { path: LIVE, entrance: "live", action: "live.request" },
] as const;

let server: GuardedServer;
let listening: Listening;
const accepted: Socket[] = [];
const clients: Socket[] = [];

before(async () => {
  server = await openGuarded(
    ({ edge }) => ({
      actions: [noted],
      components: [counter],
      signatures: { "payment.note": verifier },
      routes: (app) => app.post(WEBHOOK, edge.webhook(noted)),
    }),
    { settings: { limits: { perIp: { limit: LIMIT }, trustedCidrs: ["10.77.0.0/16"] } } },
  );
  listening = await listen({ handler: server.gatehouse.handler, port: 0 });
  listening.server.on("connection", (socket: Socket) => accepted.push(socket));
  const { bans } = server.gatehouse.services;
  for (const value of [BANNED, "10.77.0.1"]) {
    await bans.add({ subject: { kind: "ip", value }, reason: "test", violations: 3, duration: 3_600_000 });
  }
});
afterEach(() => {
  for (const socket of clients.splice(0)) socket.destroy();
  accepted.length = 0;
  server.events.length = 0;
});
after(async () => {
  await listening.close({ grace: 100 });
  await server[Symbol.asyncDispose]();
});

/** A connection of somebody, as the proxy in front passes it on. */
class Sender {
  readonly socket = connect(listening.port, "127.0.0.1");
  readonly closed = new Promise<void>((resolve) => this.socket.once("close", () => resolve()));
  readonly #ip: string;
  #received = "";
  #more = Promise.withResolvers<void>();

  constructor(ip: string) {
    this.#ip = ip;
    clients.push(this.socket);
    // A reset is what some of these connections end with.
    this.socket.on("error", () => undefined);
    this.socket.setEncoding("latin1").on("data", (text: string) => {
      this.#received += text;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    });
  }

  /** Sends the head of a request, and as much of its body as is given. */
  begin(path: string, length: number | "chunked", body = "", more: readonly string[] = []): void {
    const framing = length === "chunked" ? "transfer-encoding: chunked" : `content-length: ${length}`;
    const fields = ["accept: application/json", "content-type: application/json", framing, ...more];
    const lines = [`POST ${path} HTTP/1.1`, "host: localhost", `x-forwarded-for: ${this.#ip}`, ...fields];
    this.socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  /** The next answer on the connection. */
  async answer(): Promise<{ status: number; code: string | undefined; requestId: string | undefined }> {
    for (const deadline = performance.now() + 5_000; performance.now() < deadline;) {
      const end = this.#received.indexOf("\r\n\r\n");
      const head = this.#received.slice(0, end);
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (end !== -1 && this.#received.length >= end + 4 + length) {
        const text = this.#received.slice(end + 4, end + 4 + length);
        this.#received = this.#received.slice(end + 4 + length);
        const requestId = /^x-request-id: (\S+)/im.exec(head)?.[1];
        const document = /^content-type: application\/\S*json/im.test(head) && text !== "" ? JSON.parse(text) : {};
        return { status: Number(head.split(" ")[1]), code: document.code, requestId };
      }
      await Promise.race([this.#more.promise, pause(100, undefined, { ref: false })]);
    }
    throw new Error(`No answer within 5 s: ${this.#received}`);
  }
}

function refusals(): SecurityEvent[] {
  return server.events.filter(({ outcome }) => outcome === "denied");
}

function call(action = "add"): string {
  return JSON.stringify({ component_id: "counter:main", action, params: {} });
}

describe("a banned address with a large body", () => {
  for (const { path, entrance, action } of PLACES) {
    it(`is refused at ${path} before it has sent any of it, and the event says what it was about`, async () => {
      const sender = new Sender(BANNED);
      sender.begin(path, 1_000_000);
      const { status, code, requestId } = await sender.answer();
      assert.deepEqual([status, code], [403, "SOURCE_BANNED"]);
      const events = refusals();
      assert.equal(events.length, 1, JSON.stringify(events));
      assert.partialDeepStrictEqual(events[0], {
        name: "source_ban_refused",
        problem: "SOURCE_BANNED",
        action,
        requestId,
        actor: { type: "anonymous", id: "-" },
        source: { entrance, ip: BANNED },
      });
    });
  }

  for (const [what, length] of [
    ["100 MB", HUNDRED_MEGABYTES],
    ["a body without an end", "chunked"],
  ] as const) {
    it(`makes the server receive next to nothing of ${what}`, async () => {
      const began = performance.now();
      const sender = new Sender(BANNED);
      sender.begin(SIGN_IN, length);
      const piece = Buffer.alloc(65_536, "x");
      const framed =
        length === "chunked" ? Buffer.concat([Buffer.from("10000\r\n"), piece, Buffer.from("\r\n")]) : piece;
      const flood = setInterval(() => {
        for (let count = 0; count < 16 && sender.socket.writable; count += 1) sender.socket.write(framed);
      }, 5);
      sender.socket.once("close", () => clearInterval(flood));
      const { status, code } = await sender.answer();
      assert.ok(performance.now() - began < 2_000, "the answer waited for the body");
      await sender.closed;
      assert.deepEqual([status, code], [403, "SOURCE_BANNED"]);
      assert.ok(performance.now() - began < 4_000, "the connection stayed");
      assert.ok((accepted[0]?.bytesRead ?? 0) < LITTLE, `${accepted[0]?.bytesRead} bytes were received`);
    });
  }

  it("is told that its connection ends where a body, however small, has not arrived", async () => {
    const sender = new Sender(BANNED);
    sender.begin(SIGN_IN, 5_000);
    assert.equal((await sender.answer()).code, "SOURCE_BANNED");
    await sender.closed;
    const again = new Sender(BANNED);
    again.begin(SIGN_IN, 0);
    assert.equal((await again.answer()).code, "SOURCE_BANNED");
    again.begin(SIGN_IN, 0);
    assert.equal((await again.answer()).code, "SOURCE_BANNED");
  });

  // Told to continue, it sends what is then thrown away.
  it("is not asked for the body it offers, and others are", async () => {
    const waiting = ["expect: 100-continue"];
    const banned = new Sender(BANNED);
    banned.begin(SIGN_IN, 1, "", waiting);
    assert.equal((await banned.answer()).status, 403);
    const other = new Sender("198.51.100.77");
    other.begin(SIGN_IN, 1, "", waiting);
    assert.equal((await other.answer()).status, 100);
    other.socket.write("{");
    assert.equal((await other.answer()).code, "MALFORMED_REQUEST");
  });

  it("is not refused for it in a trusted range, whose bodies are read", async () => {
    const sender = new Sender("10.77.0.1");
    sender.begin(SIGN_IN, 1, "{");
    assert.equal((await sender.answer()).code, "MALFORMED_REQUEST");
  });
});

describe("an address that has used up its attempts", () => {
  for (const { path, action } of PLACES) {
    it(`is refused at ${path} before it has sent a body`, async () => {
      const ip = `198.51.100.${100 + PLACES.findIndex((place) => place.path === path)}`;
      for (let count = 0; count < LIMIT; count += 1) {
        const sender = new Sender(ip);
        sender.begin(SIGN_IN, 1, "{");
        assert.equal((await sender.answer()).code, "MALFORMED_REQUEST");
      }
      // What could not be understood was an attempt at something, and counts.
      assert.deepEqual([...new Set(refusals().map((event) => event.action))], ["visitors.sign-in"]);
      server.events.length = 0;
      const sender = new Sender(ip);
      sender.begin(path, 1_000_000);
      assert.deepEqual((({ status, code }) => [status, code])(await sender.answer()), [429, "RATE_LIMIT_EXCEEDED"]);
      assert.deepEqual(
        refusals().map((event) => event.action),
        [action],
      );
    });
  }

  it("has had each attempt at a live component counted once", async () => {
    const codes: (string | undefined)[] = [];
    for (let count = 0; count <= LIMIT; count += 1) {
      const sender = new Sender("198.51.100.120");
      const body = call();
      sender.begin(LIVE, body.length, body);
      codes.push((await sender.answer()).code);
    }
    assert.deepEqual(new Set(codes.slice(0, LIMIT)), new Set(["CSRF_TOKEN_INVALID"]));
    assert.equal(codes[LIMIT], "RATE_LIMIT_EXCEEDED");
    // Those whose body was read are known by their names.
    const names = refusals().map(({ action }) => action);
    assert.deepEqual(new Set(names.slice(0, LIMIT)), new Set(["counter.add"]));
    assert.equal(names[LIMIT], "live.request");
  });
});

describe("what is wrong with a body that was admitted", () => {
  const token = "x-csrf-token: t";
  const cases = [
    { path: SIGN_IN, body: "{", code: "MALFORMED_REQUEST", action: "visitors.sign-in" },
    { path: WEBHOOK, body: "{", code: "MALFORMED_REQUEST", action: "payment.note" },
    { path: LIVE, body: "{", code: "MALFORMED_REQUEST", action: "live.request" },
    { path: LIVE, body: call("missing"), code: "SESSION_EXPIRED", action: "gate.unknown" },
    { path: SIGN_IN, body: '{"idempotency_key":"a"}', code: "MALFORMED_REQUEST", action: "visitors.sign-in" },
    { path: LIVE, body: call(), code: "MALFORMED_REQUEST", action: "counter.add" },
  ];
  for (const [index, { path, body, code, action }] of cases.entries()) {
    it(`leaves one event that names ${action} (${index + 1})`, async () => {
      const sender = new Sender(`198.51.100.${150 + index}`);
      const contradiction = index >= 4 ? ["idempotency-key: b", "x-idempotency-key: c", token] : [token];
      sender.begin(path, body.length, body, contradiction);
      const answer = await sender.answer();
      assert.equal(answer.code, code);
      assert.deepEqual(
        refusals().map((event) => [event.action, event.problem, event.requestId]),
        [[action, code, answer.requestId]],
      );
    });
  }

  it("does not keep the place among the attempts under way", async () => {
    const { clock } = server;
    for (let count = 0; count < 110; count += 1) {
      if (count % LIMIT === 0) await clock.advance(61_000);
      const sender = new Sender("198.51.100.180");
      sender.begin(LIVE, 1, "{");
      assert.equal((await sender.answer()).code, "MALFORMED_REQUEST", `attempt ${count + 1}`);
    }
  });
});
