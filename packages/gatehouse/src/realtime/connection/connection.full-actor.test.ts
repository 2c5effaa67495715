/**
 * Whoever fills an actor with connections takes its place from all others, and its owner's memory and time. A bound that
 * is looked at before, and counted after, is passed by those who come at once; one that keeps whom it has refused is off.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRealtimeKit } from "../../testing/realtime-kit.ts";

const subscribe = { subscribe: { channel: "room:a" } };

describe("a full actor", () => {
  it("takes exactly as many connections as it may, whoever comes at once, and others when some have gone", async () => {
    await using kit = await createRealtimeKit({ capacity: 3 });
    const lines = await Promise.all(Array.from({ length: 10 }, (_, index) => kit.connect(`user${index}`)));
    const answers = await Promise.all(lines.map((line) => kit.ask(line, subscribe)));
    const refused = answers.filter(({ error }) => error !== undefined);
    equal(refused.length, 7);
    deepEqual(
      [...new Set(refused.map(({ error }) => [error?.code, error?.temporary, error?.retry_after].join()))],
      ["111,true,5"],
    );
    equal(kit.connections.stats().subscriptions, 3);
    ok(kit.gate.events.some(({ name, target }) => name === "excess_concurrency" && target === "room:a"));
    ok((await kit.ask(lines[0] ?? kit.open(), { subscribe: { channel: "room:b" } }))["subscribe"], "another is free");
    const inside = lines.filter((_, index) => answers[index]?.error === undefined);
    const outside = lines.filter((_, index) => answers[index]?.error !== undefined);
    inside[0]?.hangUp();
    await kit.ask(inside[1] ?? kit.open(), { unsubscribe: { channel: "room:a" } });
    await kit.settle();
    const again: number[] = [];
    for (const line of outside) again.push((await kit.ask(line, subscribe)).error?.code ?? 0);
    deepEqual(
      again.filter((code) => code === 0),
      [0, 0],
    );
  });

  it("counts a connection once, and nobody who may not hear it", async () => {
    await using kit = await createRealtimeKit({ capacity: 1 });
    kit.rooms.closed.add("a");
    const stranger = await kit.connect("eve");
    equal((await kit.ask(stranger, subscribe)).error?.code, 103);
    kit.rooms.closed.delete("a");
    const line = await kit.connect("ann");
    for (const channel of ["room:a", "room:a:staff"])
      ok((await kit.ask(line, { subscribe: { channel } }))["subscribe"]);
    await kit.ask(line, { unsubscribe: { channel: "room:a" } });
    equal((await kit.ask(stranger, subscribe)).error?.code, 111);
    await kit.ask(line, { unsubscribe: { channel: "room:a:staff" } });
    ok((await kit.ask(stranger, subscribe))["subscribe"]);
  });

  it("keeps the places of those who stay, and gives those of a connection back that ended while it came", async () => {
    await using kit = await createRealtimeKit({ capacity: 1 });
    const gone = await kit.connect("eve");
    kit.rooms.beforeAnswer = () => gone.hangUp();
    gone.say({ id: 1, ...subscribe });
    await kit.settle();
    kit.rooms.beforeAnswer = () => undefined;
    const line = await kit.connect("ann");
    ok((await kit.ask(line, subscribe))["subscribe"]);
    await kit.pass(line, 300_000);
    equal((await kit.ask(await kit.connect("bob"), subscribe)).error?.code, 111);
  });

  it("gives the places of those who were lost without a word to others, once these ask for them", async () => {
    await using kit = await createRealtimeKit({ capacity: 2 });
    const [lost, staying, waiting] = [await kit.connect("ann"), await kit.connect("bob"), await kit.connect("eve")];
    for (const line of [lost, staying]) ok((await kit.ask(line, subscribe))["subscribe"]);
    equal((await kit.ask(waiting, subscribe)).error?.code, 111);
    await kit.settle();
    staying.say("{}");
    await kit.pass(waiting, 9_000);
    equal(lost.code, 3012);
    equal(staying.ended, undefined);
    ok((await kit.ask(waiting, subscribe))["subscribe"]);
  });

  it("asks who is still there no more often than they have to answer, whoever wants a place", async () => {
    await using kit = await createRealtimeKit({ capacity: 1 });
    const [inside, eve] = [await kit.connect("ann"), await kit.connect("eve")];
    await kit.ask(inside, subscribe);
    inside.take();
    for (let tries = 0; tries < 10; tries += 1) {
      equal((await kit.ask(eve, subscribe)).error?.code, 111);
      inside.say("{}");
    }
    equal(inside.take().filter((told) => Object.keys(told).length === 0).length, 1);
  });
});
