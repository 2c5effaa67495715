import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { systemClock } from "../kernel/clock.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { StoreHealth } from "../kernel/ports/store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { developmentCertificate } from "./development-certificate.ts";
import { readBody } from "./body.ts";
import { isDenial } from "../kernel/outcome.ts";
import type { EdgeHandler } from "./edge.ts";
import { ListenError } from "./listen-error.ts";
import { listen, type ListenOptions, type Listening } from "./server.ts";

const hello: EdgeHandler = async () => new Response("hello");

async function open(options: Partial<ListenOptions> = {}): Promise<Listening & { refused: string[] }> {
  const refused: string[] = [];
  const noteRefusal = (_connection: unknown, denial: Denial): void => void refused.push(denial.problem.code);
  const listening = await listen({ handler: hello, port: 0, refused: noteRefusal, ...options });
  return Object.assign(listening, { refused });
}

/** Sends bytes on a fresh connection and collects everything until it is closed, or for `patience` ms. */
async function exchange(port: number, text: string, patience = 3_000): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  return collect(socket, patience);
}

async function collect(socket: Socket, patience: number): Promise<string> {
  let received = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => (received += chunk));
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await Promise.race([closed, wait(patience, undefined, { ref: false })]);
  socket.destroy();
  return received;
}

describe("listen", () => {
  it("serves", async () => {
    await using server = await open();
    assert.equal(await (await fetch(server.url)).text(), "hello");
  });

  it("says what to do when the port is taken", async () => {
    await using server = await open();
    await assert.rejects(open({ port: server.port }), (error: unknown) => {
      assert.ok(error instanceof ListenError);
      assert.equal(error.code, "EADDRINUSE");
      assert.match(error.message, /used by another program.*server\.port.*GATEHOUSE_SERVER_PORT/);
      assert.doesNotMatch(error.message, /--port/, "nobody need have used a command line");
      return true;
    });
    await assert.rejects(open({ host: "203.0.113.1" }), /not an address of this machine/);
  });

  // Garbage on the wire must be answered in the same language as everything else, never crash the server,
  // and be seen in the audit log.
  it("answers what is not HTTP with a problem", async () => {
    await using server = await open();
    for (const text of [
      "GARBAGE\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
    ]) {
      const answer = await exchange(server.port, text);
      assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/, JSON.stringify(text));
      assert.match(answer, /application\/problem\+json/);
      assert.match(answer, /"code":"MALFORMED_REQUEST"/);
    }
    assert.equal(server.refused.length, 7);
    assert.equal(await (await fetch(server.url)).text(), "hello");
  });

  it("answers missing and malformed hosts and targets with 400", async () => {
    await using server = await open();
    const heads = [
      "GET / HTTP/1.1\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n",
      "GET /\\x HTTP/1.1\r\nHost: a b\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: a\r\n",
    ];
    for (const head of heads) {
      const answer = await exchange(server.port, `${head}Connection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*MALFORMED_REQUEST/, JSON.stringify(head));
    }
    // Whoever tries them out is seen.
    assert.deepEqual(server.refused, Array(heads.length).fill("MALFORMED_REQUEST"));
  });

  it("answers oversized headers with 431", async () => {
    await using server = await open({ limits: { headerBytes: 4_096 } });
    const answer = await exchange(server.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(5_000)}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 431 [\s\S]*HEADERS_TOO_LARGE/);
    assert.deepEqual(server.refused, ["HEADERS_TOO_LARGE"]);
  });

  it("answers unknown expectations with 417", async () => {
    await using server = await open();
    const answer = await exchange(
      server.port,
      "GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nConnection: close\r\n\r\n",
    );
    assert.match(answer, /^HTTP\/1\.1 417 [\s\S]*EXPECTATION_FAILED/);
  });

  // A client that sends one byte now and then keeps a connection open for ever (Slowloris), with headers or
  // with a body. Both have a deadline of their own, whatever trickles in.
  it("cuts off slow headers and slow bodies", async () => {
    const handler: EdgeHandler = async (request) => {
      const body = await readBody(request, 1_000);
      return new Response(isDenial(body) ? body.problem.code : "read");
    };
    await using server = await open({ handler, limits: { headersTimeout: 400, requestTimeout: 800 } });
    const slowHeaders = connect(server.port, "127.0.0.1");
    slowHeaders.write("GET / HTTP/1.1\r\nHost: a\r\n");
    const trickle = setInterval(() => slowHeaders.write("X: y\r\n"), 100);
    const slowBody = connect(server.port, "127.0.0.1");
    slowBody.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n");
    const drip = setInterval(() => slowBody.write("x"), 100);
    const [headers, body] = await Promise.all([collect(slowHeaders, 5_000), collect(slowBody, 5_000)]);
    clearInterval(trickle);
    clearInterval(drip);
    assert.match(headers, /^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    assert.match(body, /^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
  });

  // A sender that is still busy must be able to read why it was refused; resetting the connection under it
  // shows proxies a broken server instead.
  it("lets the answer to an oversized body arrive", async () => {
    const handler: EdgeHandler = async (request) => {
      const body = await readBody(request, 1_000);
      return isDenial(body) ? new Response("too large", { status: 413 }) : new Response("read");
    };
    await using server = await open({ handler });
    for (const framing of ["declared", "chunked"]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let count = 0; count < 300; count += 1) controller.enqueue(new Uint8Array(10_000));
          controller.close();
        },
      });
      const init = framing === "chunked" ? { body, duplex: "half" } : { body: new Uint8Array(3_000_000) };
      // `duplex` is missing from the type.
      const response = await fetch(server.url, { method: "POST", ...init } as RequestInit);
      assert.equal(response.status, 413, framing);
      assert.equal(await response.text(), "too large");
    }
    const began = performance.now();
    const endless = connect(server.port, "127.0.0.1");
    endless.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const flood = setInterval(() => endless.write(`2000\r\n${"x".repeat(0x2000)}\r\n`), 5);
    const answer = await collect(endless, 5_000);
    clearInterval(flood);
    assert.match(answer, /^HTTP\/1\.1 413 /);
    assert.ok(performance.now() - began < 3_000);
  });

  it("drops connections beyond the cap and recovers", async () => {
    await using server = await open({ limits: { connections: 2 } });
    const held = [connect(server.port, "127.0.0.1"), connect(server.port, "127.0.0.1")];
    await wait(100);
    assert.equal(await exchange(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 500), "");
    for (const socket of held) socket.destroy();
    await wait(100);
    assert.match(await exchange(server.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), /hello/);
  });

  it("finishes what is under way before it closes, and cuts what takes too long", async () => {
    const { promise: release, resolve } = Promise.withResolvers<void>();
    const handler: EdgeHandler = async ({ url }) => {
      await (url.endsWith("/stuck") ? new Promise(() => undefined) : release);
      return new Response("done");
    };
    const server = await open({ handler });
    const fine = fetch(`${server.url}/fine`);
    const stuck = fetch(`${server.url}/stuck`).then(
      () => "answered",
      () => "cut",
    );
    await wait(100);
    const closing = server.close({ grace: 600 });
    setTimeout(resolve, 200);
    const response = await fine;
    assert.equal(await response.text(), "done");
    assert.equal(response.headers.get("connection"), "close");
    await assert.rejects(fetch(server.url));
    await closing;
    assert.equal(await stuck, "cut");
  });

  it("closes connections on which nothing was asked at once", async () => {
    const server = await open();
    const socket = connect(server.port, "127.0.0.1");
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    // An answer comes only after the connection before it was accepted.
    await (await fetch(server.url)).text();
    const before = performance.now();
    await server.close({ grace: 20_000 });
    await closed;
    assert.ok(performance.now() - before < 10_000);
  });

  it("closes idle connections at once", async () => {
    const server = await open();
    await (await fetch(server.url)).text();
    const before = performance.now();
    await server.close();
    assert.ok(performance.now() - before < 1_000);
  });
});

describe("health", () => {
  const store = (state: StoreHealth["state"]): StoreHealth => ({
    name: "main",
    engine: "sqlite",
    state,
    latency: 1,
    detail: "",
  });

  it("tells life from readiness", async () => {
    let state: StoreHealth["state"] = "down";
    const clock = createFakeClock();
    await using server = await open({ health: { check: async () => [store(state)], clock } });
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    const unready = await fetch(`${server.url}/readyz`);
    assert.equal(unready.status, 503);
    assert.deepEqual(await unready.json(), { status: "unavailable", stores: [{ name: "main", state: "down" }] });
    state = "up";
    await clock.advance(1_001);
    assert.equal((await fetch(`${server.url}/readyz?x`)).status, 200);
  });

  it("does not wait for a store that hangs", async () => {
    await using server = await open({
      health: { check: () => new Promise(() => undefined), clock: systemClock, timeBox: 50 },
    });
    assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
  });
});

describe("developmentCertificate", () => {
  it("is made once, renewed in time, private, and good for TLS", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-tls-"));
    try {
      const clock = createFakeClock(systemClock.now());
      const tls = await developmentCertificate({ directory, clock });
      assert.deepEqual(await developmentCertificate({ directory, clock }), tls);
      assert.equal((await stat(join(directory, "development-key.pem"))).mode & 0o777, 0o600);
      await using server = await open({
        tls,
        handler: async (_request, { encrypted }) => new Response(String(encrypted)),
      });
      assert.match(server.url, /^https:/);
      assert.equal(await getHttps(server.port, tls.certificate), "true");
      const named = await developmentCertificate({ directory, clock, names: ["gatehouse.test"] });
      assert.notEqual(named.certificate, tls.certificate);
      await clock.advance(84 * 86_400_000);
      assert.notEqual((await developmentCertificate({ directory, clock })).certificate, named.certificate);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

function getHttps(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ host: "localhost", port, ca }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text));
    });
    request.on("error", reject);
    request.end();
  });
}
