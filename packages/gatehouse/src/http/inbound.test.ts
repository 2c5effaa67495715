import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createTrustedProxies } from "../guards/address.ts";
import { createIds } from "../kernel/ids.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { isDenial } from "../kernel/outcome.ts";
import { createDeterministicRandom } from "../testing/deterministic-random.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createInboundParser, type Connection, type Inbound, type InboundParts } from "./inbound.ts";
import { createSessionCookies } from "./session-cookie.ts";

const DIRECT: Connection = { address: "203.0.113.9", encrypted: true };
const PROXY: Connection = { address: "10.0.0.2", encrypted: false };

function setUp(options: Partial<InboundParts> = {}) {
  const clock = createFakeClock();
  const random = createDeterministicRandom();
  const keyRing = createKeyRing(generateKeyMaterial(random, clock));
  const cookies = createSessionCookies({ keyRing, random, clock, absolute: 3_600_000 });
  const proxies = createTrustedProxies(["10.0.0.0/8"]);
  const parser = createInboundParser({
    clock,
    random,
    ids: createIds(clock, random),
    cookies,
    proxies,
    origins: [],
    ...options,
  });
  const parse = (init: RequestInit & { url?: string } = {}, connection = DIRECT): Inbound =>
    parser.parse(new Request(init.url ?? "https://app.example/path?x=1", init), connection);
  return { parse, cookies };
}

function codeOf(inbound: Inbound): string | undefined {
  return inbound.refusal?.problem.code;
}

async function bodyCode(inbound: Inbound): Promise<string> {
  const body = await inbound.body();
  return isDenial(body) ? body.problem.code : body.kind;
}

function post(body: NonNullable<RequestInit["body"]>, type?: string): RequestInit {
  return { method: "POST", body, headers: type === undefined ? {} : { "content-type": type } };
}

describe("createInboundParser", () => {
  it("parses a request once", async () => {
    const { parse, cookies } = setUp();
    const session = cookies.issue(false);
    const inbound = parse({
      ...post('{"a":1}', "application/json"),
      headers: { "content-type": "application/json", cookie: `__Host-gatehouse=${session}; b=2` },
    });
    assert.equal(inbound.refusal, undefined);
    assert.equal(inbound.session, session);
    assert.equal(inbound.cookies.get("b"), "2");
    assert.deepEqual(inbound.peer, { ip: "203.0.113.9", tls: true });
    assert.equal(inbound.target, "https://app.example");
    assert.deepEqual(inbound.query(), { x: "1" });
    assert.deepEqual(await inbound.body(), { kind: "json", value: { a: 1 } });
    assert.equal(inbound.body(), inbound.body());
    assert.equal(inbound.nonce, inbound.nonce);
    assert.match(inbound.nonce, /^[A-Za-z0-9+/]{24}$/);
  });

  // Anyone can claim to be anyone in X-Forwarded-For. Only what a known proxy has appended counts, read
  // from the right.
  it("believes forwarding headers of trusted proxies only", () => {
    const { parse } = setUp();
    const headers = { "x-forwarded-for": "1.2.3.4, 198.51.100.7", "x-forwarded-proto": "https" };
    assert.equal(parse({ headers }).peer.ip, "203.0.113.9");
    assert.deepEqual(parse({ headers, url: "http://app.example/" }, PROXY).peer, { ip: "198.51.100.7", tls: true });
    assert.equal(parse({ headers, url: "http://app.example/" }, PROXY).target, "https://app.example");
  });

  it("takes request identifiers from trusted proxies only", () => {
    const { parse } = setUp();
    const headers = { "x-request-id": "0123456789abcdef0123456789abcdef" };
    assert.notEqual(parse({ headers }).requestId, headers["x-request-id"]);
    assert.equal(parse({ headers }, PROXY).requestId, headers["x-request-id"]);
    assert.notEqual(parse({ headers: { "x-request-id": "a\tb" } }, PROXY).requestId, "a\tb");
  });

  // A page on the attacker's domain that resolves to this machine (DNS rebinding) reaches a local server
  // with a foreign host name; links built from it would lead victims astray.
  it("refuses hosts it does not answer for", () => {
    const { parse } = setUp({ origins: ["https://app.example", "http://localhost:8080"] });
    assert.equal(codeOf(parse({ url: "https://app.example/" })), undefined);
    assert.equal(parse({ url: "http://app.example/" }).target, "https://app.example");
    assert.equal(parse({ url: "http://localhost:8080/" }).target, "http://localhost:8080");
    for (const url of ["https://evil.example/", "http://localhost:9090/", "https://app.example.evil.example/"]) {
      assert.equal(codeOf(parse({ url })), "MISDIRECTED_REQUEST", url);
    }
  });

  // Request smuggling lives off two readers that see different ends of a request, or different hosts.
  it("refuses duplicate and conflicting headers", () => {
    const { parse } = setUp();
    const refused: [string, string][][] = [
      [
        ["host", "app.example"],
        ["host", "evil.example"],
      ],
      [["host", "evil.example"]],
      [
        ["content-length", "1"],
        ["content-length", "2"],
      ],
      [["content-length", "+1"]],
      [
        ["content-length", "1"],
        ["transfer-encoding", "chunked"],
      ],
      [["transfer-encoding", "gzip, chunked"]],
      [["transfer-encoding", "identity"]],
      [
        ["content-type", "application/json"],
        ["content-type", "text/plain"],
      ],
      [
        ["origin", "https://a.example"],
        ["origin", "https://app.example"],
      ],
      [
        ["sec-fetch-site", "same-origin"],
        ["sec-fetch-site", "cross-site"],
      ],
      [
        ["x-csrf-token", "a"],
        ["x-csrf-token", "b"],
      ],
    ];
    for (const headers of refused) {
      assert.equal(codeOf(parse({ method: "POST", headers })), "MALFORMED_REQUEST", JSON.stringify(headers));
    }
    assert.equal(codeOf(parse({ headers: { host: "app.example:443" } })), undefined);
    assert.equal(codeOf(parse({ headers: { host: "APP.example" } })), undefined);
    assert.equal(codeOf(parse({ headers: { "content-length": "5" } })), "MALFORMED_REQUEST");
  });

  // Two session cookies mean that one was planted; which of them counts must not depend on their order.
  it("refuses two session cookies", () => {
    const { parse, cookies } = setUp();
    const cookie = `__Host-gatehouse=${cookies.issue(false)}; __Host-gatehouse=${cookies.issue(false)}`;
    assert.equal(codeOf(parse({ headers: { cookie } })), "MALFORMED_REQUEST");
  });

  it("has a cookie of its own for plain http to this machine, where told so", () => {
    const { parse, cookies } = setUp({ plainLoopback: true });
    const session = cookies.issue(false);
    const headers = { cookie: `gatehouse-loopback-8080=${session}` };
    const plain = { address: "127.0.0.1", encrypted: false };
    assert.equal(parse({ headers, url: "http://localhost:8080/" }, plain).session, session);
    assert.equal(parse({ headers, url: "http://192.168.1.5:8080/" }, plain).session, undefined);
    assert.equal(parse({ headers }).session, undefined);
    assert.equal(setUp().parse({ headers, url: "http://localhost:8080/" }, plain).session, undefined);
  });

  it("has one for every port there, because cookies ignore ports", () => {
    const { parse, cookies } = setUp({ plainLoopback: true });
    const [mine, theirs] = [cookies.issue(false), cookies.issue(false)];
    const headers = { cookie: `gatehouse-loopback-8080=${theirs}; gatehouse-loopback-9090=${mine}` };
    const plain = { address: "127.0.0.1", encrypted: false };
    assert.equal(parse({ headers, url: "http://localhost:9090/" }, plain).session, mine);
    assert.equal(parse({ headers, url: "http://localhost:8080/" }, plain).session, theirs);
    assert.equal(parse({ headers, url: "http://localhost/" }, plain).sessionCookieName, "gatehouse-loopback-80");
  });

  it("ignores forged session cookies", () => {
    const { parse, cookies } = setUp();
    const forged = cookies.issue(true).replace(/^..../, "AAAA");
    assert.equal(parse({ headers: { cookie: `__Host-gatehouse=${forged}` } }).session, undefined);
    assert.equal(parse({ headers: { cookie: `gatehouse=${cookies.issue(false)}` } }).session, undefined);
  });

  it("refuses methods it does not know", () => {
    const { parse } = setUp();
    assert.equal(codeOf(parse({ method: "PROPFIND" })), "METHOD_NOT_ALLOWED");
    assert.equal(codeOf(parse({ method: "POST", headers: { "x-http-method-override": "DELETE" } })), undefined);
    assert.equal(parse({ method: "POST", headers: { "x-http-method-override": "GET" } }).method, "POST");
  });

  it("understands bodies by their one declared type", async () => {
    const { parse } = setUp();
    assert.equal(await bodyCode(parse({ method: "POST" })), "none");
    assert.equal(await bodyCode(parse(post("a=1", "application/x-www-form-urlencoded"))), "form");
    const form = new FormData();
    form.append("a", "1");
    assert.equal(await bodyCode(parse(post(form))), "form");
    assert.equal(await bodyCode(parse(post("{}", "text/plain"))), "UNSUPPORTED_MEDIA_TYPE");
    assert.equal(await bodyCode(parse(post(new TextEncoder().encode("{}")))), "UNSUPPORTED_MEDIA_TYPE");
    assert.equal(await bodyCode(parse(post("{}", "application/json; charset=utf-16"))), "UNSUPPORTED_MEDIA_TYPE");
    assert.equal(await bodyCode(parse(post("{", "application/json"))), "MALFORMED_REQUEST");
    assert.equal(await bodyCode(parse(post("", "application/json"))), "MALFORMED_REQUEST");
    assert.equal(
      await bodyCode(parse(post(new Uint8Array([0x22, 0xff, 0x22]), "application/json"))),
      "MALFORMED_REQUEST",
    );
    assert.equal(await bodyCode(parse(post("[[[[".repeat(20), "application/json"))), "PAYLOAD_TOO_LARGE");
  });

  // A few kilobytes of gzip become gigabytes in memory.
  it("refuses compressed bodies", async () => {
    const { parse } = setUp();
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    assert.equal(await bodyCode(parse({ method: "POST", body: "x", headers })), "UNSUPPORTED_MEDIA_TYPE");
  });

  it("stops reading a stream at the limit", async () => {
    const { parse } = setUp({ limits: { bytes: 1_000 } });
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(400));
      },
    });
    // `duplex` is required for streams and missing from the type.
    const init = { ...post(body, "application/json"), duplex: "half" } as RequestInit;
    assert.equal(await bodyCode(parse(init)), "PAYLOAD_TOO_LARGE");
    assert.ok(pulled < 8);
    const headers = { "content-type": "application/json", "content-length": "1001" };
    assert.equal(await bodyCode(parse({ method: "POST", body: "x", headers })), "PAYLOAD_TOO_LARGE");
  });

  it("answers a broken stream with a denial", async () => {
    const { parse } = setUp();
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    const init = { ...post(body, "application/json"), duplex: "half" } as RequestInit;
    assert.equal(await bodyCode(parse(init)), "REQUEST_TIMEOUT");
  });

  it("never throws, whatever the headers", async () => {
    const { parse } = setUp({ origins: ["https://app.example"] });
    const name = fc.constantFrom(
      "host",
      "cookie",
      "content-type",
      "content-length",
      "authorization",
      "accept",
      "origin",
      "x-forwarded-for",
      "x-request-id",
      "transfer-encoding",
      "content-encoding",
    );
    const value = fc.string({ unit: fc.constantFrom(..."az09,;=\"' \t-/_.%*é"), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, value), { maxLength: 6 }),
        fc.uint8Array({ maxLength: 60 }),
        async (headers, bytes) => {
          const inbound = parse({ method: "POST", headers, body: new Uint8Array(bytes) }, PROXY);
          assert.ok(inbound.refusal === undefined || inbound.refusal.problem.status < 500);
          const body = await inbound.body();
          assert.ok(!isDenial(body) || body.problem.status < 500);
          void inbound.query();
          void inbound.accepts;
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
