import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createRealtimeKit, type RealtimeKit } from "../../testing/realtime-kit.ts";
import type { MemoryLine, Told } from "../../testing/realtime-line.ts";

interface Subscribed {
  readonly recovered?: boolean;
  readonly was_recovering?: boolean;
  readonly offset: number;
  readonly epoch: string;
  readonly publications?: readonly { readonly offset: number; readonly data: unknown }[];
}

function subscribed(told: Told): Subscribed {
  // The reply to a subscription that succeeded.
  return told["subscribe"] as Subscribed;
}

/** Offsets in the order in which a client gets to know them: with the reply first, then as they come. */
function heard(line: MemoryLine): number[] {
  return line.told.flatMap((told) => {
    const replayed = subscribed(told)?.publications?.map(({ offset }) => offset) ?? [];
    const pushed = told.push?.["pub"]?.["offset"];
    return typeof pushed === "number" ? [...replayed, pushed] : replayed;
  });
}

const recover = (offset: number, more: object = {}): object => ({
  subscribe: { channel: "room:a", recover: true, offset, epoch: "epoch1", ...more },
});

function publish(kit: RealtimeKit, count: number): void {
  for (let index = 1; index <= count; index += 1) kit.rooms.publish("room:a", index);
}

async function published(kit: RealtimeKit, count: number): Promise<void> {
  publish(kit, count);
  await kit.settle();
}

describe("a client that comes back", () => {
  it("is told everything it missed, and that this is everything", async () => {
    await using kit = await createRealtimeKit();
    await published(kit, 5);
    const line = await kit.connect("ann");
    const { recovered, was_recovering, offset, publications } = subscribed(await kit.ask(line, recover(2)));
    deepEqual([recovered, was_recovering, offset], [true, true, 2]);
    deepEqual(
      publications?.map(({ data }) => data),
      [3, 4, 5],
    );
    kit.rooms.publish("room:a", 6);
    await kit.settle();
    deepEqual(heard(line), [3, 4, 5, 6]);
    equal(kit.connections.stats().recoveries.get("recovered"), 1);
  });

  it("is told of what was published while it was found out what it missed once, and in order", async () => {
    await using kit = await createRealtimeKit();
    await published(kit, 3);
    const line = await kit.connect("ann");
    kit.rooms.beforeAnswer = () => void [4, 5].forEach((value) => kit.rooms.publish("room:a", value));
    await kit.ask(line, recover(1));
    kit.rooms.publish("room:a", 6);
    await kit.settle();
    deepEqual(heard(line), [2, 3, 4, 5, 6]);
  });

  it("is never told a part: where its position is of another run, it is told that it is not to be had", async () => {
    await using kit = await createRealtimeKit();
    await published(kit, 5);
    kit.rooms.restart("epoch2");
    await published(kit, 2);
    const line = await kit.connect("ann");
    const { recovered, was_recovering, offset, epoch, publications } = subscribed(await kit.ask(line, recover(1)));
    deepEqual([recovered, was_recovering, offset, epoch, publications], [false, true, 2, "epoch2", undefined]);
    const strict = await kit.connect("bob");
    equal((await kit.ask(strict, recover(1, { flag: 2 }))).error?.code, 112);
    equal(kit.hub.count({ tenant: "acme", channel: "room:a" }), 1);
    equal(kit.connections.stats().recoveries.get("unrecoverable"), 2);
  });

  it("is told that it is not to be had where it would be more than may wait for a reader", async () => {
    await using kit = await createRealtimeKit();
    for (let index = 0; index < 25; index += 1) kit.rooms.publish("room:a", "x".repeat(50_000));
    const line = await kit.connect("ann");
    const { recovered, publications, offset } = subscribed(await kit.ask(line, recover(0)));
    deepEqual([recovered, publications, offset], [false, undefined, 25]);
    equal(subscribed(await kit.ask(await kit.connect("bob"), recover(6))).recovered, true);
    equal(kit.connections.stats().recoveries.get("too_large"), 1);
    ok(kit.connections.stats().replayedBytes > 900_000);
    equal(line.ended, undefined);
  });

  it("is asked again whether it may hear the channel", async () => {
    await using kit = await createRealtimeKit();
    await published(kit, 2);
    kit.rooms.closed.add("a");
    equal((await kit.ask(await kit.connect("ann"), recover(0))).error?.code, 103);
  });

  it("is not told what was for others, neither before nor after", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.publish("room:a", "for bob", ["bob"]);
    kit.rooms.publish("room:a", "for all");
    const ann = await kit.connect("ann");
    await kit.ask(ann, recover(0));
    kit.rooms.publish("room:a", "for bob", ["bob"]);
    kit.rooms.publish("room:a", "for ann", ["ann"]);
    await kit.settle();
    deepEqual(heard(ann), [2, 4]);
  });
});

describe("the order of a channel", () => {
  it("is kept and nothing is told twice, whatever is published when and told when", async () => {
    const few = fc.nat(4);
    const when = fc.record({
      before: few,
      since: few,
      early: few,
      earlier: few,
      meanwhile: few,
      late: few,
      after: few,
    });
    await fc.assert(
      fc.asyncProperty(when, async ({ before, since, early, earlier, meanwhile, late, after }) => {
        await using kit = await createRealtimeKit();
        await published(kit, before);
        const line = await kit.connect("ann");
        const told: (() => void)[] = [];
        const tellAll = kit.hub.publish.bind(kit.hub);
        const tell = (count: number): void => told.splice(0, count).forEach((one) => one());
        // What is committed is told somewhat later: before or after it has been answered where the stream is.
        kit.hub.publish = (pushed) => void told.push(() => tellAll(pushed));
        publish(kit, early);
        kit.rooms.beforeAnswer = () => {
          tell(earlier);
          publish(kit, meanwhile);
          tell(earlier + meanwhile);
          publish(kit, late);
        };
        const from = Math.min(since, before);
        await kit.ask(line, recover(from));
        tell(told.length);
        kit.hub.publish = tellAll;
        await published(kit, after);
        const last = before + early + meanwhile + late + after;
        deepEqual(
          heard(line),
          Array.from({ length: last - from }, (_, index) => from + index + 1),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("begins anew with the stream: the client is told to subscribe again", async () => {
    await using kit = await createRealtimeKit();
    await published(kit, 2);
    const line = await kit.connect("ann");
    await kit.ask(line, { subscribe: { channel: "room:a" } });
    kit.rooms.restart("epoch2");
    await published(kit, 1);
    const { push } = line.told.at(-1) ?? {};
    deepEqual(push, { channel: "room:a", unsubscribe: { code: 2500, reason: "insufficient state" } });
    equal(kit.hub.count({ tenant: "acme", channel: "room:a" }), 0);
  });

  it("of a stream without a name yet begins with its first publication", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.subscribed = { epoch: "", offset: 0 };
    const line = await kit.connect("ann");
    await kit.ask(line, { subscribe: { channel: "room:a" } });
    await published(kit, 2);
    deepEqual(heard(line), [1, 2]);
  });

  it("that was lost ends the connection, which comes back for what it missed", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    await kit.ask(line, { subscribe: { channel: "room:a" } });
    kit.hub.lose({ tenant: "acme", channel: "room:a" });
    equal(line.code, 3010);
  });

  it("lets nobody wait with more than may wait for a reader while it is found out where the stream is", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    kit.rooms.beforeAnswer = () => {
      for (let index = 0; index < 30; index += 1) kit.rooms.publish("room:a", "x".repeat(50_000));
    };
    line.say({ id: 1, subscribe: { channel: "room:a" } });
    await kit.settle();
    equal(line.code, 3010);
  });
});

describe("a subscription", () => {
  it("is one a channel", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    await kit.ask(line, { subscribe: { channel: "room:a" } });
    equal((await kit.ask(line, { subscribe: { channel: "room:a" } })).error?.code, 105);
    kit.rooms.publish("room:a", 1);
    await kit.settle();
    deepEqual(heard(line), [1]);
  });

  it("is ended by the server, and where it is about to begin, once its client knows of it", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    await kit.ask(line, { subscribe: { channel: "room:a" } });
    equal(kit.connections.unsubscribe({ tenant: "acme" }, "room:a"), 1);
    equal(kit.connections.unsubscribe({ tenant: "acme" }, "room:a"), 0);
    const unsubscribe = { push: { channel: "room:a", unsubscribe: { code: 2000, reason: "server unsubscribe" } } };
    await kit.settle();
    deepEqual(line.told.at(-1), unsubscribe);
    kit.rooms.beforeAnswer = () => void kit.connections.unsubscribe({ tenant: "acme" }, "room:a");
    line.take();
    line.say({ id: 1, subscribe: { channel: "room:a" } });
    await kit.settle();
    const [reply, push] = line.take();
    equal(reply?.id, 1);
    deepEqual(push, unsubscribe);
    equal(kit.connections.stats().subscriptions, 0);
  });

  it("is ended for all who hear the channel by what is told on it", async () => {
    await using kit = await createRealtimeKit();
    const lines = [await kit.connect("ann"), await kit.connect("bob")];
    for (const line of lines) await kit.ask(line, { subscribe: { channel: "room:a" } });
    const message = '{"push":{"channel":"room:a","unsubscribe":{"code":2000,"reason":"closed"}}}';
    kit.hub.publish({ tenant: "acme", channel: "room:a", kind: "unsubscribe", message });
    await kit.settle();
    for (const line of lines) deepEqual(line.told.filter(({ push }) => push?.["unsubscribe"]).length, 1);
    equal(kit.hub.count({ tenant: "acme", channel: "room:a" }), 0);
  });

  it("that lasts for a time only is asked for again, or ends", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.subscribed = { expiresAt: kit.gate.clock.now() + 60_000 };
    const line = await kit.connect("ann");
    const reply = await kit.ask(line, { subscribe: { channel: "room:a", token: "t" } });
    const { expires, ttl } = reply["subscribe"] as Record<string, unknown>;
    deepEqual([expires, ttl], [true, 60]);
    await kit.pass(line, 60_000);
    kit.rooms.subscribed = { expiresAt: kit.gate.clock.now() + 30_000 };
    const { sub_refresh } = await kit.ask(line, { sub_refresh: { channel: "room:a", token: "t" } });
    deepEqual(sub_refresh, { expires: true, ttl: 30 });
    await kit.pass(line, 50_000);
    equal(kit.connections.stats().subscriptions, 1);
    await kit.pass(line, 6_000);
    equal(kit.connections.stats().subscriptions, 0);
    deepEqual(line.told.find(({ push }) => push?.["unsubscribe"])?.push, {
      ...{ channel: "room:a", unsubscribe: { code: 2501, reason: "subscription expired" } },
    });
  });
});
