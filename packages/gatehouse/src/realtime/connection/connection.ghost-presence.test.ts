/**
 * A session that is deleted when a message cannot be sent, without anybody being told, stays among the members of its
 * rooms for ever (defect 8 of the source project). Here every way to end leads through one place.
 */
import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit, type RealtimeKit } from "../../testing/realtime-kit.ts";
import type { MemoryLine } from "../../testing/realtime-line.ts";

const KEY = { tenant: "acme", channel: "room:a" };

const ENDS: Readonly<Record<string, (kit: RealtimeKit, line: MemoryLine) => unknown>> = {
  "the client goes": (_, line) => line.hangUp(),
  "its reader is too slow": ({ rooms }, line) => {
    line.stall();
    for (let index = 0; index < 30; index += 1) rooms.publish("room:a", "x".repeat(50_000));
  },
  "it sends garbage": (_, line) => line.say("garbage"),
  "it does not answer": ({ gate }) => gate.clock.advance(40_000),
  "an operator ends it": ({ connections }) => connections.disconnect({ tenant: "acme" }),
  "something was lost": ({ hub }) => hub.lose(KEY),
  "the server stops": async ({ connections, gate }) => {
    const drained = connections.drain();
    await gate.clock.advance(11_000);
    await drained;
  },
};

describe("members of a room", () => {
  for (const [name, end] of Object.entries(ENDS)) {
    it(`are gone, and gone once, where ${name}`, async () => {
      await using kit = await createRealtimeKit();
      const line = await kit.connect("ann");
      await kit.ask(line, { subscribe: { channel: "room:a" } });
      equal((await kit.presence.members(KEY)).length, 1);
      const left: string[] = [];
      const watcher = {
        ...{ connection: "watcher", principal: "watcher", lost: () => undefined },
        hear: ({ kind }: { readonly kind: string }) => void left.push(kind),
      };
      await kit.hub.subscribe(KEY, watcher);
      await end(kit, line);
      await kit.settle();
      deepEqual(await kit.presence.members(KEY), []);
      deepEqual(
        left.filter((kind) => kind === "leave"),
        ["leave"],
      );
      equal(kit.hub.count(KEY), 1);
      deepEqual(kit.released, [line]);
    });
  }

  it("are none of those who went while it was found out whether they may come", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    const { promise, resolve } = Promise.withResolvers<void>();
    kit.rooms.beforeAnswer = () => promise;
    line.say({ id: 1, subscribe: { channel: "room:a" } });
    await kit.settle();
    equal(kit.hub.count(KEY), 1);
    line.hangUp();
    await kit.settle();
    resolve();
    await kit.settle();
    equal(kit.hub.count(KEY), 0);
    deepEqual(await kit.presence.members(KEY), []);
  });
});
