/**
 * A throw that nobody hears of hides a fault and leaves its client waiting; one that is told to the client tells it what
 * is inside (defect 9 of the source project).
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

describe("a throw", () => {
  it("in a handler is reported, answered without what it says, and ends neither connection nor order", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    const { error } = await kit.ask(line, { rpc: { method: "room.break", data: { key: ["a"] } } });
    equal(error?.code, 100);
    equal(error?.temporary, true);
    equal(error?.message.includes("secret"), false);
    deepEqual(kit.gate.reported.map(String), ["Error: secret of the handler"]);
    deepEqual((await kit.ask(line, { ping: {} }))["ping"], {});
  });

  it("in what carries subscriptions and presence is reported and answered as well", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    kit.presence.members = () => Promise.reject(new Error("presence is away"));
    equal((await kit.ask(line, { presence: { channel: "room:a" } })).error?.code, 100);
    kit.hub.subscribe = () => Promise.reject(new Error("bus is away"));
    equal((await kit.ask(line, { subscribe: { channel: "room:a" } })).error?.code, 100);
    equal((await kit.ask(line, { subscribe: { channel: "room:a" } })).error?.code, 100);
    deepEqual(kit.gate.reported.map(String).slice(0, 2), ["Error: presence is away", "Error: bus is away"]);
    ok(kit.connections.stats().subscriptions === 0);
  });

  it("in writing a reply that JSON has no words for ends neither the process nor the connection's order", async () => {
    for (const value of [1n, circular(), { toJSON: () => 1n }]) {
      await using kit = await createRealtimeKit();
      kit.rooms.answer = value;
      const line = await kit.connect("ann");
      const { error } = await kit.ask(line, { rpc: { method: "room.answer", data: { key: ["a"] } } });
      equal(error?.code, 100);
      equal(kit.gate.reported.length, 1);
      deepEqual((await kit.ask(line, { ping: {} }))["ping"], {});
    }
  });

  it("is not needed for a reply that says itself what it is in JSON", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.answer = { at: new Date(0), nothing: undefined };
    const line = await kit.connect("ann");
    const { rpc } = await kit.ask(line, { rpc: { method: "room.answer", data: { key: ["a"] } } });
    deepEqual(rpc, { data: { at: "1970-01-01T00:00:00.000Z" } });
  });
});

function circular(): object {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
}
