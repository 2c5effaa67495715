import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { serve } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { WebSocket } from "ws";
import { createExpressAdapter } from "../../http/adapters/express.ts";
import { createFastifyAdapter } from "../../http/adapters/fastify.ts";
import { createHonoAdapter } from "../../http/adapters/hono.ts";
import { createNodeAdapter } from "../../http/adapters/node.ts";
import { BootRefusedError } from "../../kernel/gate.ts";
import { frame, eventually, upgrade } from "../../testing/line-client.ts";
import { openLineKit, type LineKit } from "../../testing/line-kit.ts";
import type { Encryption } from "../lines/encryption.ts";
import { attachRealtime } from "./attach.ts";

const CONNECT = JSON.stringify({ id: 1, connect: {} });

/** A framework's own server with lines: a page of its own, and what is asked for below `/connection`. */
type Application = (kit: LineKit) => Promise<Server>;

const frameworks: Readonly<Record<string, Application>> = {
  async express(kit) {
    const app = express();
    const guarded = createExpressAdapter(kit.setup.edge);
    app.get("/own", (_request, response) => void response.send("own"));
    app.use(guarded.handler(kit.setup.edge.handler(kit.lines.routes())));
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  },
  async fastify(kit) {
    const app = fastify({ forceCloseConnections: true });
    const guarded = createFastifyAdapter(kit.setup.edge);
    app.get("/own", async () => "own");
    await app.register(async (scope) => {
      guarded.leaveBodies(scope);
      scope.all("/*", guarded.handler(kit.setup.edge.handler(kit.lines.routes())));
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server;
  },
  async hono(kit) {
    const app = new Hono();
    app.get("/own", (context) => context.text("own"));
    app.all("*", createHonoAdapter(kit.setup.edge).handler(kit.setup.edge.handler(kit.lines.routes())));
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
    await once(server, "listening");
    // Without other options it is one of HTTP/1.1.
    return server as Server;
  },
  async "node:http"(kit) {
    const lines = createNodeAdapter(kit.setup.edge).handler(kit.setup.edge.handler(kit.lines.routes()));
    const server = createServer((request, response) => {
      if (request.url === "/own") response.end("own");
      else void lines(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  },
};

function portOf(server: Server): number {
  // A server that listens on a port has an address object.
  return (server.address() as AddressInfo).port;
}

describe("attachRealtime", () => {
  for (const [name, start] of Object.entries(frameworks)) {
    it(`opens every kind of line in ${name}, and leaves the rest of the application alone`, async () => {
      await using kit = await openLineKit();
      const server = await start(kit);
      using _attached = attachRealtime(server, kit.lines);
      const port = portOf(server);
      const url = `http://127.0.0.1:${port}`;
      const json = { "content-type": "application/json" };
      const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`, "centrifuge-json");
      await once(socket, "open");
      socket.send(CONNECT);
      assert.match(String((await once(socket, "message"))[0]), /"connect"/);
      const stream = await fetch(`${url}/connection/http_stream`, { method: "POST", headers: json, body: CONNECT });
      const body = JSON.stringify({
        session: kit.connections[1]?.session,
        node: "node-1",
        data: '{"id":2,"rpc":{"data":7}}',
      });
      assert.equal((await fetch(`${url}/emulation`, { method: "POST", headers: json, body })).status, 204);
      const events = await fetch(`${url}/connection/sse?${new URLSearchParams({ cf_connect: CONNECT })}`);
      for (const { transport } of kit.connections) transport.close(3001, "shutdown");
      assert.match(await stream.text(), /"connect".*\n.*"data":7.*\n.*"code":3001/);
      assert.match(await events.text(), /data: .*"connect"/);
      assert.equal((await once(socket, "close"))[0], 3001);
      await using foreign = await upgrade(port, { headers: { origin: "https://evil.example" } });
      await using elsewhere = await upgrade(port, { path: "/elsewhere" });
      assert.deepEqual([foreign.status, elsewhere.status], [403, 404]);
      assert.equal((await fetch(`${url}/connection/websocket`)).status, 426);
      assert.equal(await (await fetch(`${url}/own`)).text(), "own");
      await using plain = await upgrade(port, { path: "/own", headers: { upgrade: "h2c", connection: "upgrade" } });
      assert.equal(plain.status, 200, "an offer of another protocol is passed over");
      server.closeAllConnections();
      server.close();
    });
  }

  it("leaves upgrades to other paths to other listeners, and all of them once it is disposed of", async () => {
    await using kit = await openLineKit();
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const seen: string[] = [];
    server.on("upgrade", (message: IncomingMessage, socket) => {
      if (message.url === "/connection/websocket" && seen.length === 0) return;
      seen.push(message.url ?? "");
      socket.end("HTTP/1.1 299 Other\r\ncontent-length: 0\r\n\r\n");
    });
    const attached = attachRealtime(server, kit.lines);
    await using own = await upgrade(portOf(server));
    await using other = await upgrade(portOf(server), { path: "/other" });
    attached[Symbol.dispose]();
    await using later = await upgrade(portOf(server));
    assert.deepEqual([own.status, other.status, later.status], [101, 299, 299]);
    own.socket.write(frame(CONNECT));
    await eventually(() => own.received().includes('"connect"'), "what is open stays");
    own.socket.destroy();
    server.closeAllConnections();
    server.close();
  });

  it("refuses in production to offer connections that nobody encrypts", async () => {
    const published = { required: true, origins: ["https://app.example"], trustsProxy: true };
    const cases: readonly (readonly [Encryption, RegExp | undefined])[] = [
      [published, undefined],
      [{ ...published, trustsProxy: false }, /trustedProxies/],
      [{ ...published, origins: [] }, /publicUrl/],
      [{ ...published, origins: ["https://app.example", "http://app.example"] }, /publicUrl/],
      [{ required: false, origins: [], trustsProxy: false }, undefined],
    ];
    for (const [encryption, refusal] of cases) {
      await using kit = await openLineKit();
      const lines = Object.assign(Object.create(kit.lines) as LineKit["lines"], { encryption });
      const attach = (server: Server): void => attachRealtime(server, lines)[Symbol.dispose]();
      if (refusal === undefined) attach(createServer());
      else {
        assert.throws(
          () => attach(createServer()),
          (error) => error instanceof BootRefusedError && refusal.test(error.message),
        );
      }
      attach(createTlsServer());
    }
  });
});
