import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Receiver } from "ws";
import { TextFrames } from "./text-frames.ts";

/** What a client of the protocol reads in a frame. */
async function read(frame: Uint8Array): Promise<string> {
  const receiver = new Receiver({ isServer: false, maxPayload: 2 ** 20 });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  receiver.on("message", (data: Buffer, isBinary: boolean) =>
    isBinary ? reject(new Error("It is binary.")) : resolve(data.toString()),
  );
  receiver.on("error", reject);
  receiver.write(frame);
  return promise;
}

describe("frames of text", () => {
  it("are understood whatever their length", async () => {
    for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 200_000]) {
      const text = "ü".repeat(length >> 1) + "x".repeat(length & 1);
      assert.equal(await read(new TextFrames().of(Buffer.from(text))), text);
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
