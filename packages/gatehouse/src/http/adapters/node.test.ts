import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { once } from "node:events";
import { connect, type AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { z } from "zod";
import { defineAction } from "../../kernel/action.ts";
import { openEdgeSetup } from "../../testing/edge-setup.ts";
import { createExpressAdapter, keepRawBody, type ExpressRequest } from "./express.ts";
import { BodyConsumedError } from "./node-bridge.ts";
import { createNodeAdapter, type NodeListener } from "./node.ts";

const look = defineAction({
  name: "counter.look",
  entrances: ["http"],
  effects: "none",
  authorise: "public",
  input: z.object({ a: z.number() }),
  run: async ({ input }) => input,
});

async function serve(listener: NodeListener): Promise<AsyncDisposable & { url: string; errors: unknown[] }> {
  const errors: unknown[] = [];
  const server: Server = createServer((message, response) => {
    listener(message, response).catch((error: unknown) => {
      errors.push(error);
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on a port has an address object.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, errors, [Symbol.asyncDispose]: close };
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const post = {
  method: "POST",
  body: '{"a":1}',
  headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
};

describe("createNodeAdapter", () => {
  it("runs an action", async () => {
    await using setup = await openEdgeSetup({ actions: [look] });
    await using server = await serve(createNodeAdapter(setup.edge).action(look));
    const response = await fetch(server.url, post);
    assert.deepEqual(await response.json(), { a: 1 });
  });

  // A body parser in front of the guards leaves them an empty body; treating that as empty input would run
  // actions on something nobody sent.
  it("says what is wrong when the body has been read before", async () => {
    await using setup = await openEdgeSetup({ actions: [look] });
    const action = createNodeAdapter(setup.edge).action(look);
    await using server = await serve(async (message, response) => {
      await readAll(message);
      return action(message, response);
    });
    assert.equal((await fetch(server.url, post)).status, 500);
    assert.ok(server.errors[0] instanceof BodyConsumedError);
  });

  it("puts headers and a session on pages of the application, and ends malformed requests", async () => {
    await using setup = await openEdgeSetup();
    const adapter = createNodeAdapter(setup.edge);
    await using server = await serve(async (message, response) => {
      if (!(await adapter.protect(message, response))) return;
      response.end(`${adapter.csrfToken(message, response)} ${adapter.inbound(message).nonce}`);
    });
    const page = await fetch(server.url);
    const [token = "", nonce = ""] = (await page.text()).split(" ");
    assert.ok(token.length > 40);
    assert.ok(page.headers.get("content-security-policy")?.includes(`'nonce-${nonce}'`));
    assert.match(page.headers.get("set-cookie") ?? "", /^__Host-gatehouse=/);
    assert.equal((await fetch(`${server.url}/a%2fb`)).status, 400);
    assert.equal((await fetch(`${server.url}/a%00`)).status, 400);
  });

  // Whoever tries out addresses that cannot be read is to be seen in the trail, also inside another framework.
  it("records requests whose address cannot be read", async () => {
    await using setup = await openEdgeSetup({ actions: [look] });
    const adapter = createNodeAdapter(setup.edge);
    const action = adapter.action(look);
    await using server = await serve(async (message, response) => {
      if (message.url === "/page") await adapter.protect(message, response);
      else await action(message, response);
    });
    for (const path of ["/page", "/action"]) {
      setup.events.length = 0;
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a b\r\n\r\n`);
      const [answer] = await once(socket, "data");
      socket.destroy();
      assert.match(String(answer), /^HTTP\/1\.1 400 /, path);
      const [event, ...more] = setup.events;
      assert.deepEqual([event?.problem, event?.source.ip, more.length], ["MALFORMED_REQUEST", "127.0.0.1", 0], path);
    }
  });
});

describe("createExpressAdapter", () => {
  it("uses the copy that a body parser keeps", async () => {
    await using setup = await openEdgeSetup({ actions: [look] });
    const action = createExpressAdapter(setup.edge).action(look);
    const errors: unknown[] = [];
    await using server = await serve(async (message, response) => {
      keepRawBody(message, response, await readAll(message));
      const request: ExpressRequest = Object.assign(message, { originalUrl: message.url ?? "/", params: {} });
      action(request, response, (error) => errors.push(error));
    });
    assert.deepEqual(await (await fetch(server.url, post)).json(), { a: 1 });
    assert.deepEqual(errors, []);
  });
});
