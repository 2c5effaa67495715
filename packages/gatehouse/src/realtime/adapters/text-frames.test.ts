import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { describe, it } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { TextFrames } from "./text-frames.ts";

/** A client of the protocol, and the stream on which a server writes to it. */
async function connect(): Promise<AsyncDisposable & { readonly client: WebSocket; readonly stream: Socket }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  // What it listens at is a port.
  const { port } = server.address() as AddressInfo;
  const opened: Promise<unknown[]> = once(server, "connection");
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const [, { socket: stream }] = (await opened) as [WebSocket, { readonly socket: Socket }];
  return {
    ...{ client, stream },
    async [Symbol.asyncDispose]() {
      client.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

describe("frames of text", () => {
  it("are understood whatever their length", async () => {
    await using connection = await connect();
    const { client, stream } = connection;
    for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
      const text = "ü".repeat(length >> 1) + "x".repeat(length & 1);
      const heard = once(client, "message");
      stream.write(new TextFrames().of(Buffer.from(text)));
      const [data, isBinary]: unknown[] = await heard;
      assert.equal(isBinary, false);
      assert.equal(String(data), text);
    }
  });

  it("are made once for all who are sent the same", () => {
    const frames = new TextFrames();
    const [first, second] = [Buffer.from("one"), Buffer.from("two")];
    const frame = frames.of(first);
    assert.equal(frames.of(first), frame);
    assert.notEqual(frames.of(second), frame);
  });
});
