/**
 * A client that reads nothing makes a server keep what it does not read, until the server has no memory left for
 * anybody. What may be lost is dropped first; then the client goes, and comes back for what it missed.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

const KIB = 1_024;

describe("a slow reader", () => {
  it("gets volatile news no more from 256 KiB on, and of each name the latest once it has caught up", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    await kit.ask(line, { subscribe: { channel: "room:a" } });
    line.take();
    line.stall();
    const pad = "x".repeat(10 * KIB);
    for (let index = 0; index < 40; index += 1) {
      kit.rooms.whisper("room:a", pad);
      kit.rooms.whisper("room:a", { cursor: index, pad }, "cursor of ann");
      await kit.settle();
    }
    ok(line.buffered <= 256 * KIB);
    kit.rooms.publish("room:a", "durable");
    await kit.settle();
    line.read();
    const before = line.take();
    deepEqual(before.at(-1)?.push?.["pub"]?.["data"], "durable");
    await kit.gate.clock.advance(500);
    deepEqual(
      line.take().map(({ push }) => push?.["pub"]?.["data"]),
      [{ cursor: 39, pad }],
    );
    ok(kit.connections.stats().dropped > 10);
    equal(line.ended, undefined);
  });

  it("is closed beyond 1 MiB, and keeps neither memory nor the others waiting", async () => {
    await using kit = await createRealtimeKit();
    const slow = await kit.connect("ann");
    const quick = await kit.connect("bob");
    for (const line of [slow, quick]) await kit.ask(line, { subscribe: { channel: "room:a" } });
    slow.stall();
    let published = 0;
    for (; slow.ended === undefined && published < 100; published += 1) {
      kit.rooms.publish("room:a", "x".repeat(50 * KIB));
      await kit.settle();
      ok(slow.buffered <= 1_024 * KIB);
    }
    equal(slow.code, 3008);
    equal(quick.told.filter(({ push }) => push?.["pub"] !== undefined).length, published);
    const stats = kit.connections.stats();
    equal(stats.closed.get(3008), 1);
    equal(stats.queueBytes, 0);
    ok(kit.gate.events.some(({ name }) => name === "connection_slow"));
  });

  it("is counted by what waits in this process as well as by what waits in the network", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    await kit.ask(line, { subscribe: { channel: "room:a" } });
    // In one turn nothing is handed over to the network.
    for (let index = 0; index < 30; index += 1) kit.rooms.publish("room:a", "x".repeat(50 * KIB));
    equal(line.code, 3008);
  });

  it("is first in the list of operators", async () => {
    await using kit = await createRealtimeKit();
    const slow = await kit.connect("ann");
    await kit.connect("bob");
    await kit.ask(slow, { subscribe: { channel: "room:a" } });
    slow.stall();
    kit.rooms.publish("room:a", "x".repeat(50 * KIB));
    await kit.settle();
    const [first, second] = kit.connections.list(2);
    equal(first?.principal?.id, "ann");
    deepEqual(first?.channels, ["room:a"]);
    ok(Number(first?.queued) > 50 * KIB);
    equal(second?.queued, 0);
    equal(kit.connections.list(1).length, 1);
  });

  it("shares the bytes of what it is told with all who are told the same", async () => {
    await using kit = await createRealtimeKit();
    const lines = [await kit.connect("ann"), await kit.connect("bob"), await kit.connect("eve")];
    for (const line of lines) await kit.ask(line, { subscribe: { channel: "room:a" } });
    kit.rooms.publish("room:a", 1);
    await kit.settle();
    equal(new Set(lines.map(({ messages }) => messages.at(-1))).size, 1);
    kit.rooms.publish("room:a", 2);
    kit.rooms.publish("room:a", 3);
    await kit.settle();
    equal(new Set(lines.map(({ messages }) => messages.at(-1))).size, 1, "two messages are one write of shared bytes");
    deepEqual(
      lines[0]?.told.slice(-2).map(({ push }) => push?.["pub"]?.["data"]),
      [2, 3],
    );
  });

  it("is nobody who asked for more than a connection can be sent: that is a fault, and closes nothing again and again", async () => {
    await using kit = await createRealtimeKit({ settings: { queueHard: 10_000 } });
    const line = await kit.connect("ann");
    kit.rooms.answer = "x".repeat(10_001);
    const { error } = await kit.ask(line, { rpc: { method: "room.answer", data: { key: ["a"] } } });
    equal(error?.code, 100);
    deepEqual(kit.gate.reported.map(String), ["RangeError: A reply has more bytes than may wait for a client."]);
    equal(line.ended, undefined);
    deepEqual((await kit.ask(line, { ping: {} }))["ping"], {});
  });
});
