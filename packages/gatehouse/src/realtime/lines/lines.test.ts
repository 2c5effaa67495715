import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Centrifuge, type DisconnectedContext } from "centrifuge";
import { WebSocket } from "ws";
import { closeCode, eventually, frame, upgrade } from "../../testing/line-client.ts";
import { GOOD_TOKEN, openLineKit } from "../../testing/line-kit.ts";

const CONNECT = JSON.stringify({ id: 1, connect: {} });
const json = { "content-type": "application/json" };

describe("lines", () => {
  it("carry the protocol's client over WebSocket and HTTP streaming", async () => {
    await using kit = await openLineKit();
    const transports = [
      { transport: "websocket", endpoint: `${kit.url.replace("http", "ws")}/connection/websocket` },
      { transport: "http_stream", endpoint: `${kit.url}/connection/http_stream` },
    ] as const;
    for (const [index, chosen] of transports.entries()) {
      const client = new Centrifuge([chosen], { emulationEndpoint: `${kit.url}/emulation`, websocket: WebSocket });
      client.connect();
      await client.ready(5000);
      assert.deepEqual((await client.rpc("echo", { hello: "there" })).data, { hello: "there" });
      assert.equal(kit.connections[index]?.transport.kind, chosen.transport);
      const left = Promise.withResolvers<DisconnectedContext>();
      client.once("disconnected", left.resolve);
      kit.connections[index]?.transport.close(3503, "forced");
      const { code, reason } = await left.promise;
      assert.deepEqual([code, reason], [3503, "forced"], chosen.transport);
    }
    await eventually(() => kit.lines.size === 0);
    assert.deepEqual(
      kit.connections.map(({ closedTimes }) => closedTimes),
      [1, 1],
    );
  });

  it("speak server-sent events, whatever is in a message", async () => {
    await using kit = await openLineKit();
    const query = new URLSearchParams({ cf_connect: CONNECT });
    const stream = await fetch(`${kit.url}/connection/sse?${query}`);
    assert.equal(stream.headers.get("content-type"), "text/event-stream");
    assert.equal(stream.headers.get("cache-control"), "no-store, no-transform");
    const session = kit.connections[0]?.session;
    const said = await fetch(`${kit.url}/emulation`, {
      method: "POST",
      headers: json,
      body: JSON.stringify({ session, node: "node-1", data: `{"id":2,"rpc":{"data":{"text":"a\\nb\\rc"}}}` }),
    });
    assert.equal(said.status, 204);
    kit.connections[0]?.transport.send(Buffer.from('{"one":1}\n{"two":2}'));
    kit.connections[0]?.transport.close(3001, "shutdown");
    const text = await stream.text();
    assert.match(text, /^: open\n\ndata: \{"id":1,"connect":\{.*\}\}\n\n/);
    assert.match(text, /\n\ndata: \{"id":2,"rpc":\{"data":\{"text":"a\\nb\\rc"\}\}\}\n\n/);
    assert.match(text, /\n\ndata: \{"one":1\}\ndata: \{"two":2\}\n\n/);
    assert.match(text, /data: \{"push":\{"disconnect":\{"code":3001,"reason":"shutdown"\}\}\}\n\n$/);
  });

  it("end when their reader goes away, and give their place back", async () => {
    await using kit = await openLineKit({ lines: { options: { perAddress: 2 } } });
    for (let round = 0; round < 3; round += 1) {
      const leaving = new AbortController();
      const query = new URLSearchParams({ cf_connect: CONNECT });
      const stream = await fetch(`${kit.url}/connection/sse?${query}`, { signal: leaving.signal });
      const socket = await upgrade(kit.port);
      assert.deepEqual([stream.status, socket.status], [200, 101]);
      leaving.abort();
      socket.socket.destroy();
      await eventually(() => kit.lines.size === 0, "nothing is open");
    }
  });

  it("say to everybody else that an address speaks WebSocket only, and that others do not exist", async () => {
    await using kit = await openLineKit();
    const plain = await fetch(`${kit.url}/connection/websocket`);
    assert.equal(plain.status, 426);
    assert.equal(plain.headers.get("upgrade"), "websocket");
    for (const path of ["/", "/ws", "/connection/websocket/", "/connection/websockets", "/connection/sse"]) {
      await using answer = await upgrade(kit.port, { path });
      assert.equal(answer.status, 404, path);
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
    }
    const wrong = [
      [{ upgrade: "h2c" }, 426],
      [{ "sec-websocket-version": "8" }, 426],
      [{ "sec-websocket-key": "short" }, 400],
      [{ "sec-websocket-key": undefined }, 400],
      [{ "sec-websocket-protocol": "a,,b" }, 400],
      [{ "sec-websocket-protocol": "ticket.a, ticket.b" }, 400],
    ] as const;
    for (const [headers, status] of wrong) {
      await using answer = await upgrade(kit.port, { headers });
      assert.equal(answer.status, status, JSON.stringify(headers));
    }
    await using posted = await upgrade(kit.port, { method: "POST", headers: { "content-length": "0" } });
    assert.equal(posted.status, 405);
    assert.equal(kit.connections.length, 0);
  });

  it("answer requests that offer another protocol besides, as servers without lines do", async () => {
    await using kit = await openLineKit();
    await using page = await upgrade(kit.port, {
      path: "/testing/page",
      headers: { upgrade: "h2c", connection: "upgrade" },
    });
    assert.equal(page.status, 200);
  });

  it("choose the protocol's subprotocol, and none that is not known", async () => {
    await using kit = await openLineKit();
    await using chosen = await upgrade(kit.port, { headers: { "sec-websocket-protocol": "other, centrifuge-json" } });
    assert.equal(chosen.headers.get("sec-websocket-protocol"), "centrifuge-json");
    await using none = await upgrade(kit.port, { headers: { "sec-websocket-protocol": "other" } });
    assert.deepEqual([none.status, none.headers.get("sec-websocket-protocol")], [101, undefined]);
  });

  it("open no more when the server stops, and are cut in the end", async () => {
    await using kit = await openLineKit();
    await using open = await upgrade(kit.port);
    kit.lines.drain();
    await using late = await upgrade(kit.port);
    assert.deepEqual([late.status, late.headers.get("retry-after")], [503, "1"]);
    for (const [path, method] of [
      ["/connection/http_stream", "POST"],
      ["/connection/ticket", "POST"],
      ["/connection/sse?cf_connect=%7B%7D", "GET"],
    ]) {
      assert.equal((await fetch(kit.url + path, { method: method ?? "GET", headers: json })).status, 503, path);
    }
    open.socket.write(frame(CONNECT));
    await eventually(() => open.received().includes('"connect"'), "lines that are open go on");
    await kit.listening.close({ grace: 50 });
    await eventually(() => open.socket.destroyed || open.socket.readableEnded, "the line is cut");
  });

  it("tell connections who has opened them", async () => {
    await using kit = await openLineKit();
    const anna = await kit.signIn("anna");
    await using _cookie = await upgrade(kit.port, { headers: { cookie: anna.cookie, origin: kit.url } });
    await using _token = await upgrade(kit.port, { headers: { authorization: `Bearer ${GOOD_TOKEN}` } });
    await using _none = await upgrade(kit.port);
    const told = kit.connections.map(({ admitted: { principal, credentials, provenance, tenant } }) => [
      tenant,
      principal?.id,
      credentials.map(({ kind }) => kind),
      provenance.kind,
    ]);
    assert.deepEqual(told, [
      ["default", "anna", ["session"], "browser"],
      ["default", "anna", ["bearer"], "token"],
      ["default", "-", [], "token"],
    ]);
  });

  it("hold back what a peer sends while they are paused", async () => {
    await using kit = await openLineKit();
    await using socket = await upgrade(kit.port);
    const [connection] = kit.connections;
    connection?.transport.pause();
    socket.socket.write(frame(CONNECT));
    const stream = await fetch(`${kit.url}/connection/http_stream`, { method: "POST", headers: json, body: CONNECT });
    const streaming = kit.connections[1];
    streaming?.transport.pause();
    const body = JSON.stringify({ session: streaming?.session, node: "node-1", data: '{"id":2,"rpc":{"data":1}}' });
    const said = fetch(`${kit.url}/emulation`, { method: "POST", headers: json, body });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual([connection?.heard, streaming?.heard], [[], [CONNECT]]);
    connection?.transport.resume();
    streaming?.transport.resume();
    assert.equal((await said).status, 204);
    await eventually(() => connection?.heard.length === 1 && streaming?.heard.length === 2);
    await stream.body?.cancel();
  });

  it("cut a peer that does not answer when it is closed", { timeout: 20_000 }, async () => {
    await using kit = await openLineKit();
    await using socket = await upgrade(kit.port);
    kit.connections[0]?.transport.close(3503, "é".repeat(100));
    await eventually(() => kit.connections[0]?.closedTimes === 1, "it is cut");
    assert.equal(closeCode(socket.received()), 3503);
  });
});
