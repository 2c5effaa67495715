import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createMemoryBus } from "../../store/memory/memory-bus.ts";
import { createTestKeyRing } from "../../testing/cluster-kit.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createUnreliableBus } from "../../testing/unreliable-bus.ts";
import { PartAssembler } from "./message-parts.ts";
import { SignedBus, type NodeMessage, type Refusal } from "./signed-bus.ts";
import { signMessage } from "./signed-message.ts";

interface Pair {
  readonly sender: SignedBus;
  readonly receiver: SignedBus;
  readonly heard: NodeMessage[];
  readonly refusals: Refusal[];
  /** Every text that has gone over the bus, with its topic. */
  readonly wire: (readonly [topic: string, text: string])[];
  /** Puts a text on the bus, as anybody who knows its password can. */
  inject(topic: string, text: string): Promise<void>;
}

const TOPIC = "node.two";

async function openPair(clock = createFakeClock()): Promise<Pair> {
  const wire: (readonly [string, string])[] = [];
  const plain = createMemoryBus();
  const bus = createUnreliableBus(plain, (topic, text) => {
    wire.push([topic, text]);
    return "deliver";
  });
  const keyRing = createTestKeyRing();
  const refusals: Refusal[] = [];
  const common = { bus, keyRing, now: () => clock.now(), refused: (refusal: Refusal) => void refusals.push(refusal) };
  const sender = new SignedBus({ ...common, node: "one" });
  const receiver = new SignedBus({ ...common, node: "two" });
  const heard: NodeMessage[] = [];
  await receiver.subscribe(TOPIC, (message) => heard.push(message));
  return { sender, receiver, heard, refusals, wire, inject: (topic, text) => plain.publish(topic, text) };
}

describe("SignedBus", () => {
  it("brings what other nodes send, in order, and not what this node sends itself", async () => {
    const { sender, receiver, heard, refusals } = await openPair();
    for (const body of ["a", "", "ü€😀 . . .", '{"json":1}']) await sender.publish(TOPIC, body);
    await receiver.publish(TOPIC, "own");
    assert.deepEqual(
      heard.map(({ from, body }) => [from, body]),
      [
        ["one", "a"],
        ["one", ""],
        ["one", "ü€😀 . . ."],
        ["one", '{"json":1}'],
      ],
    );
    assert.deepEqual(refusals, []);
  });

  it("carries texts of up to 1 MiB in parts that every bus carries, and refuses longer ones", async () => {
    const { sender, heard, wire } = await openPair();
    const texts = ["😀".repeat(256 * 1024), "x".repeat(1024 * 1024), "ü".repeat(100_000)];
    for (const text of texts) await sender.publish(TOPIC, text);
    assert.ok(heard.every(({ body }, index) => body === texts[index]) && heard.length === texts.length);
    for (const [, text] of wire) assert.ok(Buffer.byteLength(text) <= 64 * 1024);
    await assert.rejects(sender.publish(TOPIC, "x".repeat(1024 * 1024 + 1)), RangeError);
    await assert.rejects(sender.publish(TOPIC, "ü".repeat(600_000)), RangeError);
  });

  it("puts parts together in whatever order they come", async () => {
    const { sender, receiver, wire, inject } = await openPair();
    const body = Array.from({ length: 40_000 }, (_, index) => index).join(" ");
    await sender.publish("parts", body);
    assert.ok(wire.length > 2);
    const heard: NodeMessage[] = [];
    await receiver.subscribe("parts", (message) => heard.push(message));
    for (const [topic, text] of wire.toReversed()) await inject(topic, text);
    assert.deepEqual(heard, [{ from: "one", body }]);
  });
});

// Whoever has the password of Valkey can publish on every topic, and so could have commands performed in anybody's name,
// or answer in the place of a worker. Nothing may be taken that was not signed with a key of the installation.
describe("forged messages between nodes", () => {
  it("are refused, whatever is changed of a real one", async () => {
    const { sender, heard, refusals, wire, inject } = await openPair();
    await sender.publish(TOPIC, "real");
    const [, text = ""] = wire[0] ?? [];
    const changes = [
      text.replace("real", "fake"),
      text.replace(".one.", ".six."),
      text.replace(/\.one\.1\./, ".one.2."),
      text.replace(/^[0-9a-f]{8}/, "00000000"),
      `${text} `,
      text.slice(0, -1),
      text.replace(
        /\.([A-Za-z0-9_-]{43})\./,
        (_, mac: string) => `.${mac.slice(0, -1)}${mac.endsWith("A") ? "E" : "A"}.`,
      ),
      text.replace(".0.1.", ".1.2."),
      "",
      "null",
      JSON.stringify({ kind: "ask" }),
    ];
    for (const change of changes) {
      assert.notEqual(change, text);
      await inject(TOPIC, change);
    }
    assert.deepEqual(
      heard.map(({ body }) => body),
      ["real"],
    );
    assert.equal(refusals.length, changes.length);
    assert.ok(refusals.every((refusal) => refusal === "forged" || refusal === "malformed"));
  });

  it("are refused when they are signed with the keys of another installation", async () => {
    const { heard, refusals, inject } = await openPair();
    const other = createTestKeyRing();
    const message = { from: "one", number: 1, at: createFakeClock().now(), index: 0, count: 1, payload: "x" };
    await inject(TOPIC, signMessage(other, TOPIC, message));
    assert.deepEqual([heard, refusals], [[], ["forged"]]);
  });

  it("are refused when they were signed for another topic", async () => {
    const { sender, heard, refusals, wire, inject } = await openPair();
    await sender.publish("node.three", "for somebody else");
    await inject(TOPIC, wire[0]?.[1] ?? "");
    assert.deepEqual([heard, refusals], [[], ["forged"]]);
  });
});

// Whoever can read along could send a message a second time, and so have a command performed again long after its key is
// forgotten, or show everybody an old announcement. A message is taken once, and only while it is fresh.
describe("replayed messages between nodes", () => {
  it("are refused", async () => {
    const { sender, heard, refusals, wire, inject } = await openPair();
    for (const body of ["first", "second", "third"]) await sender.publish(TOPIC, body);
    for (const [topic, text] of [...wire]) await inject(topic, text);
    assert.equal(heard.length, 3);
    assert.deepEqual(refusals, ["replayed", "replayed", "replayed"]);
  });

  it("are refused when they are old, by a node that has never heard of their sender", async () => {
    const clock = createFakeClock();
    const { sender, receiver, refusals, wire, inject } = await openPair(clock);
    await sender.publish("later", "old");
    const heard: NodeMessage[] = [];
    await receiver.subscribe("later", (message) => heard.push(message));
    await clock.advance(31_000);
    for (const [topic, text] of [...wire]) await inject(topic, text);
    assert.deepEqual([heard, refusals], [[], ["stale"]]);
    await sender.publish("later", "new");
    assert.deepEqual(heard, [{ from: "one", body: "new" }]);
  });
});

// Parts that never become whole would be kept for ever; whoever can make a node send many of them, or loses some on
// purpose, would fill the memory of the others.
describe("unfinished messages between nodes", () => {
  it("are given up, the oldest first", () => {
    const assembler = new PartAssembler();
    const payload = "x".repeat(60_000);
    for (let number = 1; number <= 10_000; number += 2) {
      assert.equal(assembler.add("topic", { from: "one", number, at: 0, index: 0, count: 2, payload }), undefined);
    }
    assert.ok(assembler.unfinished <= 256, String(assembler.unfinished));
    const last = { from: "one", number: 10_000, at: 0, index: 1, count: 2, payload };
    assert.equal(assembler.add("topic", last), payload + payload);
    const first = { from: "one", number: 2, at: 0, index: 1, count: 2, payload };
    assert.equal(assembler.add("topic", first), undefined);
    const absurd = { from: "one", number: 3, at: 0, index: 5, count: 900, payload };
    assert.equal(assembler.add("topic", absurd), undefined);
  });
});
