import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { describe, it } from "node:test";
import { closeCode, eventually, frame, upgrade, type UpgradeAnswer } from "../../testing/line-client.ts";
import { openLineKit, type LineKit } from "../../testing/line-kit.ts";

const CONNECT = JSON.stringify({ id: 1, connect: {} });

async function closesWith(answer: UpgradeAnswer, code: number, what: string): Promise<void> {
  await eventually(() => closeCode(answer.received()) !== undefined || answer.socket.destroyed, what);
  assert.equal(closeCode(answer.received()), code, what);
}

/** What the kit's process holds besides what it held before. */
function grown(before: NodeJS.MemoryUsage): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external - before.heapUsed - before.external;
}

async function stillServes(kit: LineKit): Promise<void> {
  await using other = await upgrade(kit.port);
  other.socket.write(frame(CONNECT));
  await eventually(() => other.received().includes('"connect"'), "others are served");
}

/*
 * Whoever has a connection can send whatever bytes they like: frames that claim more than they bring, messages in a
 * million pieces, text that is none, a few bytes that inflate to gigabytes. None of it may cost more than it takes to send.
 */
describe("Hostile frames", () => {
  it("are refused by their claimed length, before their bytes are kept", async () => {
    await using kit = await openLineKit();
    for (const claims of [65_537, 0x7fffffff]) {
      await using answer = await upgrade(kit.port);
      answer.socket.write(frame("", { claims }));
      await closesWith(answer, 1009, `a frame of ${claims} bytes`);
    }
    await using largest = await upgrade(kit.port);
    largest.socket.write(frame(JSON.stringify({ id: 2, rpc: { data: "x".repeat(65_000) } })));
    await eventually(() => kit.connections.at(-1)?.heard.length === 1, "what fits is heard");
    assert.deepEqual(
      kit.connections.slice(0, 2).map(({ heard }) => heard),
      [[], []],
    );
    await stillServes(kit);
  });

  it("are refused in a message of many fragments, with or without anything in them", async () => {
    await using kit = await openLineKit();
    for (const payload of ["", "x"]) {
      await using answer = await upgrade(kit.port);
      const before = process.memoryUsage();
      const rest = frame(payload, { opcode: 0, fin: false });
      answer.socket.write(Buffer.concat([frame("{", { fin: false }), ...Array.from({ length: 50_000 }, () => rest)]));
      await closesWith(answer, 1008, "too many fragments");
      assert.ok(grown(before) < 32 * 1024 * 1024);
    }
    const pieces = (count: number): Buffer =>
      Buffer.concat([
        frame("{", { fin: false }),
        ...Array.from({ length: count - 2 }, () => frame(" ", { opcode: 0, fin: false })),
        frame("}", { opcode: 0 }),
      ]);
    await using more = await upgrade(kit.port);
    more.socket.write(pieces(65));
    await closesWith(more, 1008, "more fragments than anybody needs");
    await using few = await upgrade(kit.port);
    few.socket.write(pieces(64));
    await eventually(() => kit.connections.at(-1)?.heard.length === 1, "what honest senders may need");
    await using large = await upgrade(kit.port);
    const half = Buffer.alloc(40_000, "x");
    large.socket.write(Buffer.concat([frame(half, { fin: false }), frame(half, { opcode: 0 })]));
    await closesWith(large, 1009, "fragments that are too large together");
    assert.deepEqual(
      kit.connections.map(({ heard }) => heard.length),
      [0, 0, 0, 1, 0],
    );
  });

  it("cannot be compressed: an offer is not taken, and what is compressed all the same is refused", async () => {
    await using kit = await openLineKit();
    const headers = {
      "sec-websocket-extensions": "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame",
    };
    await using answer = await upgrade(kit.port, { headers });
    assert.deepEqual([answer.status, answer.headers.get("sec-websocket-extensions")], [101, undefined]);
    const bomb = deflateRawSync(Buffer.alloc(16 * 1024 * 1024));
    assert.ok(bomb.length < 65_536);
    answer.socket.write(frame(bomb, { compressed: true }));
    await closesWith(answer, 1002, "a compressed frame");
    const body = bomb.toString("latin1");
    const posted = await fetch(`${kit.url}/connection/http_stream`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": "deflate" },
      body,
    });
    assert.equal(posted.status, 415);
  });

  it("are refused where they are not text, and where their text is not UTF-8", async () => {
    await using kit = await openLineKit();
    const refused = [
      [frame(CONNECT, { opcode: 2 }), 3501],
      [frame(Buffer.from([0xc3, 0x28])), 1007],
      [frame(Buffer.from([0xed, 0xa0, 0x80])), 1007],
      [frame("x", { opcode: 3 }), 1002],
      [frame("x", { opcode: 0 }), 1002],
      [frame(Buffer.alloc(126), { opcode: 9 }), 1002],
      [frame("x", { opcode: 9, fin: false }), 1002],
      [Buffer.from([0x81, 0x01, 0x78]), 1002],
      [Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 1002],
    ] as const;
    for (const [bytes, code] of refused) {
      await using answer = await upgrade(kit.port);
      answer.socket.write(bytes);
      await closesWith(answer, code, `${bytes.subarray(0, 8).toString("hex")}`);
    }
    const invalid = await fetch(`${kit.url}/connection/http_stream`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: Buffer.from([0x22, 0xc3, 0x28, 0x22]),
    });
    assert.equal(invalid.status, 400);
    await stillServes(kit);
    assert.ok(kit.connections.slice(0, -1).every(({ heard }) => heard.length === 0));
  });

  it("end a connection that pings without end, whether it reads the answers or not", async () => {
    await using kit = await openLineKit();
    for (const opcode of [9, 10]) {
      await using answer = await upgrade(kit.port);
      const flood = Buffer.concat(Array.from({ length: 10_000 }, () => frame("x".repeat(100), { opcode })));
      answer.socket.write(flood);
      await closesWith(answer, 3013, `flood of ${opcode}`);
      const pongs = answer.received().filter((byte) => byte === 0x8a).length;
      assert.ok(pongs <= 20, String(pongs));
    }
    await using polite = await upgrade(kit.port);
    polite.socket.write(frame("hello", { opcode: 9 }));
    await eventually(
      () => polite.received().equals(Buffer.from([0x8a, 5, ...Buffer.from("hello")])),
      "a ping is answered",
    );
    await stillServes(kit);
  });

  it("do not end the process when their connection is reset at any moment", async () => {
    await using kit = await openLineKit();
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const answer = await upgrade(kit.port);
        answer.socket.write(frame("x".repeat(index * 100), index % 2 === 0 ? {} : { claims: 60_000 }));
        answer.socket.resetAndDestroy();
      }),
    );
    await eventually(() => kit.lines.size === 0, "all are gone");
    assert.ok(kit.connections.every(({ closedTimes }) => closedTimes === 1));
    await stillServes(kit);
  });
});
