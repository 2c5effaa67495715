// One machine opens connection after connection, sends one request on each and keeps them all open, which costs it
// nothing. It must not hold every connection of the server: others still get theirs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { developmentCertificate, listen, type Listening, type ListenOptions } from "gatehouse/http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "gatehouse/kernel";

const REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LIMITS = { connections: 40, connectionsPerAddress: 10 };
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Refusing extends Listening {
  readonly refused: string[];
}

async function open(more: Partial<ListenOptions> = {}): Promise<Refusing> {
  const refused: string[] = [];
  const listening = await listen({
    handler: () => Promise.resolve(new Response("hello")),
    port: 0,
    limits: LIMITS,
    refused: ({ address }, { problem }) => refused.push(`${address} ${problem.code}`),
    ...more,
  });
  return Object.assign(listening, { refused });
}

/** What a connection from an address is answered; nothing where it is dropped. It stays open. */
async function knock({ port }: Listening, localAddress: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  sockets.push(socket);
  socket.on("error", () => undefined);
  socket.write(REQUEST);
  const answer = await Promise.race([once(socket, "data").catch(() => []), once(socket, "close").then(() => [])]);
  return String(answer[0] ?? "").split("\r\n", 1)[0] ?? "";
}

async function knockAll(server: Listening, localAddress: string): Promise<string[]> {
  return Promise.all(Array.from({ length: 40 }, () => knock(server, localAddress)));
}

describe("an address that keeps every connection it can get", () => {
  it("gets a share of them, and others still get theirs", async () => {
    await using server = await open();
    const answers = await knockAll(server, "127.0.4.1");
    assert.equal(answers.filter((line) => line === "HTTP/1.1 200 OK").length, 10);
    assert.deepEqual(new Set(server.refused), new Set(["127.0.4.1 TOO_MANY_CONCURRENT"]));
    assert.equal(server.refused.length, 30);
    assert.equal(await knock(server, "127.0.4.2"), "HTTP/1.1 200 OK");
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(await knock(server, "127.0.4.1"), "HTTP/1.1 200 OK");
  });

  it("is not held to it where it is a trusted proxy, through which everybody comes", async () => {
    await using server = await open({ trusts: (address) => address === "127.0.4.3" });
    const answers = await knockAll(server, "127.0.4.3");
    assert.deepEqual(new Set(answers), new Set(["HTTP/1.1 200 OK"]));
    // Nobody at all gets more than there are; that is recorded as well.
    assert.equal(await knock(server, "127.0.4.4"), "");
    assert.deepEqual(server.refused, ["127.0.4.4 TOO_MANY_CONCURRENT"]);
  });

  it("gets no further over TLS", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-connections-"));
    try {
      const tls = await developmentCertificate({ directory, clock: systemClock });
      await using server = await open({ tls });
      for (let count = 0; count < 20; count += 1) {
        const socket = connect({ port: server.port, host: "127.0.0.1", localAddress: "127.0.4.5" });
        socket.on("error", () => undefined);
        sockets.push(socket);
        await once(socket, "connect");
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.deepEqual(server.refused, Array(10).fill("127.0.4.5 TOO_MANY_CONCURRENT"));
      for (const socket of sockets.splice(0)) socket.destroy();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
