/**
 * Handlers that run side by side let a client's second command overtake its first: whoever withdraws and then spends
 * spends first (defect 11 of the source project).
 */
import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

describe("commands of one connection", () => {
  it("are carried out one after the other, however long one takes", async () => {
    await using kit = await createRealtimeKit();
    const { promise, resolve } = Promise.withResolvers<void>();
    kit.rooms.waiting = promise;
    const line = await kit.connect("ann");
    const input = { text: "after" };
    line.say(
      { id: 1, rpc: { method: "room.wait", data: { key: ["a"] } } },
      { id: 2, rpc: { method: "room.say", data: { key: ["a"], input } } },
    );
    line.say({ id: 3, ping: {} });
    await kit.settle();
    deepEqual(line.told.slice(1), []);
    const other = await kit.connect("bob");
    await kit.ask(other, { rpc: { method: "room.say", data: { key: ["a"], input: { text: "of another" } } } });
    resolve();
    await kit.settle();
    deepEqual(kit.rooms.said, ["of another", "waited", "after"]);
    deepEqual(
      line.told.slice(1).map(({ id }) => id),
      [1, 2, 3],
    );
  });
});
