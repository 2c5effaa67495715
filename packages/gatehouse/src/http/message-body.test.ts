import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { readMessage, type BodyReader } from "./message-body.ts";

type Handler = (message: IncomingMessage, response: ServerResponse) => Promise<void>;

/** A bare Node server, whose handler failing fails the test that waits for it. */
async function serving(handler: Handler): Promise<{ server: Server; port: number; handled: Promise<void> }> {
  const { promise: handled, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer((message, response) => void handler(message, response).then(resolve, reject));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has an address object.
  return { server, port: (server.address() as AddressInfo).port, handled };
}

function readerOf(message: IncomingMessage): BodyReader {
  const reader = readMessage(message);
  assert.ok(reader !== undefined);
  return reader;
}

async function hashOf(reader: BodyReader): Promise<string> {
  const hash = createHash("sha256");
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) hash.update(piece.value);
  return hash.digest("hex");
}

describe("the body of a Node request", () => {
  it("is given as it was sent, whether its reader is slow or its sender", async () => {
    for (const slow of ["nobody", "reader", "sender"]) {
      const sent = randomBytes(700_000);
      let got = "";
      const { server, port, handled } = await serving(async (message, response) => {
        if (slow === "reader") await new Promise((resolve) => setTimeout(resolve, 50));
        got = await hashOf(readerOf(message));
        response.end();
      });
      const out = request({ port, method: "POST", headers: { "content-length": sent.length } });
      const answered = once(out, "response");
      for (let at = 0; at < sent.length; at += 70_000) {
        out.write(sent.subarray(at, at + 70_000));
        if (slow === "sender") await new Promise(setImmediate);
      }
      out.end();
      await handled;
      const [response] = await answered;
      response.resume();
      assert.equal(got, createHash("sha256").update(sent).digest("hex"), slow);
      server.close();
    }
  });

  it("is at its end at once where there is none", async () => {
    const { server, port, handled } = await serving(async (message, response) => {
      const reader = readerOf(message);
      assert.deepEqual([await reader.read(), await reader.read()], [{ done: true }, { done: true }]);
      response.end();
    });
    request({ port }).end();
    await handled;
    server.close();
  });

  it("ends with an error where its sender has gone", async () => {
    const { server, port, handled } = await serving(async (message) => {
      const reader = readerOf(message);
      assert.equal((await reader.read()).done, false);
      await assert.rejects(reader.read());
      await assert.rejects(reader.read());
    });
    const out = request({ port, method: "POST", headers: { "content-length": 1000 } });
    out.on("error", () => {});
    out.write("hello", () => setTimeout(() => out.destroy(), 20));
    await handled.catch(() => assert.fail("It was not told."));
    server.close();
  });

  it("waits in the connection for a reader that does not come back", async () => {
    const { promise: written, resolve: wasWritten } = Promise.withResolvers<void>();
    let flowing: boolean | null = true;
    const { server, port, handled } = await serving(async (message) => {
      const reader = readerOf(message);
      await reader.read();
      await written;
      flowing = message.readableFlowing;
      message.destroy();
    });
    const out = request({ port, method: "POST", headers: { "content-length": 1e9 } });
    out.on("error", () => {});
    // Until neither the sockets nor the reader take any more.
    let before = -1;
    while (out.writableLength === 0 || before !== out.writableLength) {
      before = out.writableLength;
      if (out.writableLength < 1_000_000) out.write(Buffer.alloc(1_000_000));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    wasWritten();
    await handled;
    assert.equal(flowing, false);
    server.close();
  });

  it("is left to whoever comes next once it is released", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { server, port } = await serving(async (message, response) => {
      const reader = readerOf(message);
      await reader.read();
      reader.release();
      await assert.rejects(reader.read());
      response.end();
      message.resume();
    });
    for (let count = 0; count < 2; count += 1) {
      const out = request({ port, agent, method: "POST" });
      out.end(Buffer.alloc(500_000));
      const [response] = await once(out, "response");
      response.resume();
      await once(response, "end");
    }
    agent.destroy();
    server.close();
  });

  it("is not taken from whoever reads it already", async () => {
    const { server, port, handled } = await serving(async (message, response) => {
      message.resume();
      assert.equal(readMessage(message), undefined);
      response.end();
    });
    request({ port, method: "POST" }).end("hello");
    await handled;
    server.close();
  });
});
