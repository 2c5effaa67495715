/**
 * A client sends its first commands together with its credentials. Where they are dropped until the server has decided who
 * it is, they are lost without a word (defect 10 of the source project); where they are carried out, nobody has decided.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

const say = (id: number, text: string): object => ({
  id,
  rpc: { method: "room.say", data: { key: ["a"], input: { text } } },
});

describe("commands before it is known who is there", () => {
  it("wait, in their order, and are carried out once that is known", async () => {
    await using kit = await createRealtimeKit();
    const line = kit.open({ session: kit.gate.signIn("ann") });
    line.say({ id: 1, connect: {} }, { id: 2, subscribe: { channel: "room:a" } }, say(3, "first"));
    line.say(say(4, "second"));
    await kit.settle();
    deepEqual(
      line.told.filter(({ id }) => id !== undefined).map(({ id }) => id),
      [1, 2, 3, 4],
    );
    deepEqual(kit.rooms.said, ["first", "second"]);
  });

  it("are not carried out where nobody is let in", async () => {
    await using kit = await createRealtimeKit();
    const line = kit.open();
    line.say({ id: 1, connect: {} }, say(2, "uninvited"));
    await kit.settle();
    deepEqual(
      line.told.map(({ id, error }) => [id, error?.code]),
      [[1, 101]],
    );
    deepEqual(kit.rooms.said, []);
    equal(line.code, 3500);
  });

  it("may not come before the connection says who it is", async () => {
    await using kit = await createRealtimeKit();
    for (const first of [say(1, "x"), { id: 1, ping: {} }, "{}", "garbage", { id: 1, fly: {} }]) {
      const line = kit.open({ session: kit.gate.signIn("ann") });
      line.say(first);
      await kit.settle();
      deepEqual(line.told, []);
      equal(line.code, 3501);
    }
    deepEqual(kit.rooms.said, []);
  });

  it("take no more than was granted to whoever is not known yet", async () => {
    await using kit = await createRealtimeKit();
    const large = kit.open();
    large.say({ id: 1, connect: { token: "t".repeat(8_000), data: "d".repeat(9_000) } });
    equal(large.code, 3501);
    const talkative = kit.open({ session: kit.gate.signIn("ann") });
    const { data } = { data: "d".repeat(5_000) };
    equal((await kit.ask(talkative, { connect: { data } })).error?.code, 107);
    const many = kit.open({ session: kit.gate.signIn("ann") });
    many.say({ id: 1, connect: {} });
    for (let index = 0; index < 20 && many.ended === undefined; index += 1)
      many.say(...Array.from({ length: 100 }, () => "{}"));
    equal(many.code, 3501);
    await kit.settle();
    equal(kit.released.length, 3);
  });

  it("have ten seconds", async () => {
    await using kit = await createRealtimeKit();
    const line = kit.open();
    await kit.gate.clock.advance(9_800);
    equal(line.ended, undefined);
    await kit.gate.clock.advance(400);
    equal(line.code, 3502);
    ok(kit.gate.events.some(({ name }) => name === "connection_stale"));
    equal(kit.gate.clock.waiting, 0);
  });
});
