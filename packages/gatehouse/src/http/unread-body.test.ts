import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { boundUnreadBody } from "./unread-body.ts";

interface Deaf extends AsyncDisposable {
  /** The server's ends of its connections. */
  readonly accepted: readonly Socket[];
  readonly client: Socket;
  /** Resolves to everything that was received, once the connection is closed. */
  readonly ended: Promise<string>;
  /** Whether the connection was reset. */
  failed(): boolean;
  /** Resolves when so many answers have been received. */
  answers(count: number): Promise<void>;
}

interface DeafOptions {
  /** What is done before the answer. Default: nothing. */
  readonly read?: (message: IncomingMessage) => Promise<void>;
  /** Whether the client goes on sending when the server has said its last. */
  readonly allowHalfOpen?: boolean;
}

/** A server that answers without reading unless told to read, and a connection to it. */
async function openDeaf({ read, allowHalfOpen = false }: DeafOptions = {}): Promise<Deaf> {
  const accepted: Socket[] = [];
  const server: Server = createServer((message, response) => {
    boundUnreadBody(message, response);
    void Promise.resolve(read?.(message)).then(() => response.end("no"));
  });
  server.on("connection", (socket: Socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on a port has an address object.
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen }).setEncoding("utf8");
  let received = "";
  client.on("data", (text: string) => (received += text));
  let failed = false;
  client.on("error", () => (failed = true));
  const ended = new Promise<string>((resolve) => client.once("close", () => resolve(received)));
  return {
    accepted,
    client,
    ended,
    failed: () => failed,
    async answers(count) {
      while (received.split("HTTP/1.1 200").length <= count) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const head = (framing: string, method = "POST"): string => `${method} / HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`;

describe("boundUnreadBody", () => {
  it("keeps the connection of a small body that has arrived, although nobody has read it", async () => {
    await using deaf = await openDeaf({ read: () => wait(100) });
    for (let count = 0; count < 3; count += 1) {
      deaf.client.write(head("Content-Length: 5000") + "x".repeat(5_000));
      await deaf.answers(count + 1);
    }
    assert.equal(deaf.accepted.length, 1);
  });

  // A connection that is said to be kept, and is cut while the next request is on its way, looks to a proxy like a server
  // that loses requests.
  it("says that the connection ends where a small body has not arrived", async () => {
    for (const framing of ["Content-Length: 10", "Transfer-Encoding: chunked"]) {
      await using deaf = await openDeaf();
      deaf.client.write(head(framing));
      assert.match(await deaf.ended, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*no$/i, framing);
    }
  });

  it("closes cleanly after a small body where the sender wants the connection to end", async () => {
    await using deaf = await openDeaf();
    deaf.client.write(head("Content-Length: 60000\r\nConnection: close"));
    await deaf.answers(1);
    deaf.client.write("x".repeat(60_000));
    assert.match(await deaf.ended, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*no$/i);
    assert.equal(deaf.failed(), false);
  });

  for (const method of ["POST", "GET"]) {
    it(`leaves most of a large body of a ${method} where it is, and closes once the answer could be read`, async () => {
      await using deaf = await openDeaf({ allowHalfOpen: true });
      const began = performance.now();
      deaf.client.write(head("Content-Length: 100000000", method));
      const flood = setInterval(() => deaf.client.writable && deaf.client.write(Buffer.alloc(1_000_000)), 5);
      deaf.client.once("close", () => clearInterval(flood));
      // Nobody is to send another request behind a body that is not received.
      assert.match(await deaf.ended, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*no$/i);
      const bytes = deaf.accepted[0]?.bytesRead ?? 0;
      assert.ok(bytes < 400_000, `${bytes} bytes were received`);
      const took = performance.now() - began;
      assert.ok(took > 300 && took < 3_000, `${took} ms`);
    });
  }

  it("keeps the connection of a large body that has been read", async () => {
    const read = async (message: IncomingMessage): Promise<void> => {
      for await (const chunk of message) assert.ok(chunk.length > 0);
    };
    await using deaf = await openDeaf({ read });
    for (const framing of ["Content-Length: 500000", "Transfer-Encoding: chunked"]) {
      deaf.client.write(head(framing));
      const body = "x".repeat(500_000);
      deaf.client.write(framing.startsWith("C") ? body : `${(500_000).toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    }
    await deaf.answers(2);
    assert.equal(deaf.accepted.length, 1);
  });

  it("does not wait for ever for a body that never comes", async () => {
    await using deaf = await openDeaf();
    deaf.client.write(head("Content-Length: 5"));
    assert.match(await deaf.ended, /^HTTP\/1\.1 200 OK/);
  });
});
