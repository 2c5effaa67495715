/**
 * Modules push over connections what they allowed once. A client that reads nothing, or that is gone before anything was
 * told, makes a server keep what nobody hears; one whose rights have changed goes on hearing what it may no more.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { defineAction } from "../../kernel/action.ts";
import type { PushFeed, PushLine, PushSource } from "../../kernel/ports/push-source.ts";
import { testUser } from "../../testing/gate-kit.ts";
import { createRealtimeKit, type RealtimeKit } from "../../testing/realtime-kit.ts";

const NEWS: PushSource = { channel: ":news", action: "news.follow" };
const SUBSCRIBE = { subscribe: { channel: NEWS.channel, data: { of: "everything" } } };
const END = { channel: NEWS.channel, unsubscribe: { code: 2000, reason: "server unsubscribe" } };

/** A feed that says nothing by itself. */
class TestFeed implements PushFeed {
  line: PushLine | undefined;
  ends = 0;

  begin(line: PushLine): void {
    this.line = line;
  }

  end(): void {
    this.ends += 1;
  }
}

async function openKit(before: () => Promise<void> = async () => {}): Promise<RealtimeKit & { feeds: TestFeed[] }> {
  const feeds: TestFeed[] = [];
  const follow = defineAction({
    name: NEWS.action,
    entrances: ["realtime"],
    input: z.strictObject({ of: z.literal("everything") }),
    effects: "none",
    authorise: ({ principal }) => principal.id !== "eve",
    run: async () => {
      const feed = new TestFeed();
      feeds.push(feed);
      await before();
      return feed;
    },
  });
  return Object.assign(await createRealtimeKit({ sources: [NEWS], actions: [follow] }), { feeds });
}

describe("a feed of news", () => {
  it("begins behind its reply, and tells in order", async () => {
    await using kit = await openKit();
    const line = await kit.connect("ann");
    equal((await kit.ask(line, SUBSCRIBE)).error, undefined);
    for (const number of [1, 2]) kit.feeds[0]?.line?.tell({ number });
    await kit.settle();
    deepEqual(
      line.take().map(({ push }) => push?.["pub"]?.["data"]),
      [undefined, { number: 1 }, { number: 2 }],
    );
    deepEqual(kit.connections.list(1)[0]?.channels, [NEWS.channel]);
  });

  it("is refused to whom its action refuses it, and asks no further where it is heard already", async () => {
    await using kit = await openKit();
    const eve = await kit.connect("eve");
    equal((await kit.ask(eve, SUBSCRIBE)).error?.code, 103);
    const ann = await kit.connect("ann");
    equal((await kit.ask(ann, { subscribe: { channel: NEWS.channel, data: {} } })).error?.code, 107);
    equal((await kit.ask(ann, SUBSCRIBE)).error, undefined);
    equal((await kit.ask(ann, SUBSCRIBE)).error?.code, 105);
    equal(kit.feeds.length, 1);
  });

  it("is ended with a reader that takes nothing, and kept for nobody", async () => {
    await using kit = await openKit();
    const line = await kit.connect("ann");
    await kit.ask(line, SUBSCRIBE);
    line.stall();
    const [feed] = kit.feeds;
    ok(feed);
    for (let count = 0; line.ended === undefined && count < 200; count += 1) {
      feed.line?.tell({ text: "x".repeat(50 * 1_024) });
      await kit.settle();
      ok(line.buffered <= 1_024 * 1_024);
    }
    equal(line.code, 3008);
    equal(feed.ends, 1);
  });

  it("is ended where its client is gone before it was told of it", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await using kit = await openKit(() => promise);
    const line = await kit.connect("ann");
    line.say({ id: 7, ...SUBSCRIBE });
    await kit.settle();
    line.hangUp();
    await kit.settle();
    resolve();
    await kit.settle();
    equal(kit.feeds[0]?.ends, 1);
    equal(kit.feeds[0]?.line, undefined);
  });

  it("is ended when what its client may do has changed, also while it was being asked for", async () => {
    const second = Promise.withResolvers<void>();
    let asked = 0;
    await using kit = await openKit(async () => {
      asked += 1;
      if (asked === 2) await second.promise;
    });
    const changed = async (grant: string): Promise<void> => {
      kit.tokens.set("token", { principal: testUser("ann", [grant]) });
      await kit.connections.refresh({ tenant: "acme" });
    };
    await changed("none");
    const line = kit.open();
    await kit.ask(line, { connect: { token: "token" } });
    await kit.ask(line, SUBSCRIBE);
    line.take();
    await changed("first");
    await kit.settle();
    equal(kit.feeds[0]?.ends, 1);
    deepEqual(line.take().at(-1)?.push, END);
    line.say({ id: 8, ...SUBSCRIBE });
    await kit.settle();
    await changed("second");
    second.resolve();
    await kit.settle();
    equal(kit.feeds[1]?.ends, 1);
    equal(kit.feeds[1]?.line, undefined);
    const [reply, end] = line.take();
    equal(reply?.id, 8);
    deepEqual(end?.push, END);
  });

  it("tells its client of its own end, once, and may be asked for again", async () => {
    await using kit = await openKit();
    const line = await kit.connect("ann");
    await kit.ask(line, SUBSCRIBE);
    kit.feeds[0]?.line?.ended();
    kit.feeds[0]?.line?.ended();
    kit.feeds[0]?.line?.tell({ number: 1 });
    await kit.settle();
    deepEqual(
      line.take().flatMap(({ push }) => push ?? []),
      [END],
    );
    equal((await kit.ask(line, SUBSCRIBE)).error, undefined);
    await kit.ask(line, { unsubscribe: { channel: NEWS.channel } });
    equal(kit.feeds[1]?.ends, 1);
  });
});
