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
});
