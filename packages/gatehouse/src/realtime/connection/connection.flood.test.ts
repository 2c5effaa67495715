/**
 * One client that sends without end takes the time of all others, and one that tries without end guesses in the end. What
 * is too much is refused, what is far too much ends the connection, and the network holds back the rest.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { testUser } from "../../testing/gate-kit.ts";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

const ping = (id: number): object => ({ id, ping: {} });
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a flood", () => {
  it("of commands is refused beyond what may come at once, with the time after which it makes sense", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    line.say(...numbers(60).map(ping));
    await kit.settle();
    const told = line.take();
    equal(told.filter(({ error }) => error === undefined).length, 40);
    const refused = told.filter(({ error }) => error !== undefined);
    deepEqual(
      [...new Set(refused.map(({ error }) => [error?.code, error?.temporary, error?.retry_after].join()))],
      ["111,true,1"],
    );
    await kit.gate.clock.advance(1_000);
    line.say(...numbers(30).map(ping));
    await kit.settle();
    equal(line.take().filter(({ error }) => error === undefined).length, 20);
    equal(line.ended, undefined);
  });

  it("of twenty times what may come ends the connection, which may come back", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    for (let round = 0; round < 60 && line.ended === undefined; round += 1) line.say(...numbers(100).map(ping));
    equal(line.code, 3013);
    ok(kit.gate.events.some(({ name }) => name === "connection_flooded"));
  });

  it("of signs of life that nobody asked for ends the connection as well (defect 12 of the source project)", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    for (let round = 0; round < 60 && line.ended === undefined; round += 1) line.say(...numbers(100).map(() => "{}"));
    equal(line.code, 3013);
    const early = kit.open();
    early.say("{}");
    equal(early.code, 3501);
    deepEqual(early.told, []);
  });

  it("of messages that say nothing ends the connection, also of one that has not said who it is", async () => {
    await using kit = await createRealtimeKit();
    for (const [line, nothing] of [
      [await kit.connect("ann"), ""],
      [await kit.connect("ann"), "\n"],
      [kit.open(), ""],
    ] as const) {
      for (let count = 0; count < 10_000 && line.ended === undefined; count += 1) line.say(nothing);
      equal(line.code, 3013);
    }
  });

  it("of newer tokens is refused beyond a few, before each of them is looked at and all channels asked for again", async () => {
    await using kit = await createRealtimeKit();
    kit.tokens.set("ann", { principal: testUser("ann") });
    const line = kit.open();
    ok((await kit.ask(line, { connect: { token: "ann" } }))["connect"]);
    line.take();
    for (let round = 0; round < 20; round += 1)
      line.say(...numbers(100).map((id) => ({ id, refresh: { token: "ann" } })));
    await kit.settle();
    const told = line.take();
    ok(told.filter(({ error }) => error === undefined).length < 10);
    ok(told.some(({ error }) => error?.code === 111 && error.temporary === true));
    await kit.gate.clock.advance(1_000);
    ok((await kit.ask(line, { refresh: { token: "ann" } }))["refresh"]);
    equal(line.ended, undefined);
  });

  it("of errors ends the connection, which stays away", async () => {
    await using kit = await createRealtimeKit({ settings: { commands: 1_000, commandBurst: 1_000 } });
    const line = await kit.connect("ann");
    line.say(...numbers(100).map((id) => ({ id, fly: {} })));
    await kit.settle();
    equal(line.ended, undefined);
    line.say({ send: { data: "unheard" } });
    equal(line.code, 3509);
    ok(kit.gate.events.some(({ name }) => name === "connection_flooded"));
  });

  it("of errors is forgotten after a minute", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    for (let minute = 0; minute < 3; minute += 1) {
      line.say(...numbers(95).map((id) => ({ id, fly: {} })));
      await kit.pass(line, 60_000);
    }
    equal(line.ended, undefined);
  });

  it("of bytes is held back by the network, and read on later", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    const heavy = (id: number): object => ({ id, publish: { channel: "room:a", data: "x".repeat(60_000) } });
    line.say(heavy(1));
    line.say(heavy(2));
    equal(line.isPaused, false);
    line.say(heavy(3));
    equal(line.isPaused, true);
    line.say(heavy(4));
    await kit.settle();
    deepEqual(
      line.take().map(({ id }) => id),
      [1, 2, 3],
    );
    await kit.gate.clock.advance(1_000);
    await kit.settle();
    deepEqual(
      line.take().map(({ id }) => id),
      [4],
    );
    equal(line.ended, undefined);
  });

  it("of bytes over a line that cannot be held back ends the connection", async () => {
    await using kit = await createRealtimeKit({ settings: { commands: 10_000, commandBurst: 10_000 } });
    const line = await kit.connect("ann");
    line.pause = () => undefined;
    for (let id = 1; id < 60 && line.ended === undefined; id += 1)
      line.say({ id, publish: { channel: "room:a", data: "x".repeat(60_000) } });
    equal(line.code, 3013);
  });

  it("does not read the silence of a line that is held back as the death of its client", async () => {
    await using kit = await createRealtimeKit({ settings: { bytes: 1_000, ping: 5_000, pong: 2_000 } });
    const line = await kit.connect("ann");
    line.say({ id: 1, publish: { channel: "room:a", data: "x".repeat(17_000) } });
    equal(line.isPaused, true);
    for (let second = 0; second < 30 && line.isPaused; second += 1) await kit.gate.clock.advance(1_000);
    equal(line.isPaused, false);
    equal(line.ended, undefined);
    // What answers has been on its way for a second.
    await kit.gate.clock.advance(1_000);
    line.say("{}");
    await kit.pass(line, 30_000);
    equal(line.ended, undefined);
  });

  it("of large frames, deep frames or many commands in one ends the connection", async () => {
    await using kit = await createRealtimeKit();
    for (const frame of [
      JSON.stringify({ id: 1, publish: { channel: "room:a", data: "x".repeat(65_536) } }),
      `{"id":1,"publish":{"channel":"room:a","data":${"[".repeat(100)}${"]".repeat(100)}}}`,
      "{}\n".repeat(200),
      `${"\n".repeat(200)}{"id":1,"ping":{}}`,
    ]) {
      const line = await kit.connect("ann");
      line.say(frame);
      await kit.settle();
      equal(line.code, 3501);
    }
    equal(kit.gate.events.filter(({ name }) => name === "connection_protocol_fail").length, 4);
  });

  it("of channels is refused beyond a hundred, and ends the connection of whoever insists", async () => {
    await using kit = await createRealtimeKit({ settings: { channels: 100 } });
    const line = await kit.connect("ann");
    const subscribe = (id: number): object => ({ id, subscribe: { channel: `room:r${id}` } });
    line.say(...numbers(100).map(subscribe));
    await kit.gate.clock.advance(2_000);
    const told = line.take().filter(({ id }) => id !== undefined);
    equal(
      told.filter(({ error }) => error === undefined).length,
      100,
      "all channels of a client that comes back at once",
    );
    line.say(...numbers(21).map((id) => subscribe(100 + id)));
    await kit.settle();
    deepEqual(
      [
        ...new Set(
          line
            .take()
            .filter(({ id }) => id !== undefined)
            .map(({ error }) => error?.code),
        ),
      ],
      [106],
    );
    equal(line.code, 3505);
  });
});
