import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Centrifuge, type Options, type PublicationContext, type Subscription } from "centrifuge";
import { startRealtimeSite, type RealtimeSite } from "../../testing/realtime-site.ts";

const TRANSPORTS = ["websocket", "http_stream", "sse"] as const;
const EVENT_SOURCE = await import("eventsource").then(({ EventSource }) => EventSource);

const ADA = { tenant: "default", principal: { type: "user", id: "ada", tenant: "default" } } as const;

let site: RealtimeSite;

function open(
  transport: (typeof TRANSPORTS)[number],
  user: string,
  options: Partial<Options> = {},
): Centrifuge & Disposable {
  const http = transport === "websocket" ? site.origin.replace("http", "ws") : site.origin;
  const client = new Centrifuge([{ transport, endpoint: `${http}/connection/${transport}` }], {
    token: `user-${user}`,
    emulationEndpoint: `${site.origin}/emulation`,
    eventsource: EVENT_SOURCE,
    minReconnectDelay: 20,
    maxReconnectDelay: 200,
    ...options,
  });
  client.connect();
  return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() });
}

/** The next of an event. */
function next<Context>(register: (heard: (context: Context) => void) => void, patience = 10_000): Promise<Context> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("It never came.")), patience);
    register((context) => {
      clearTimeout(timer);
      resolve(context);
    });
  });
}

async function hear(client: Centrifuge, channel: string): Promise<{ subscription: Subscription; heard: unknown[] }> {
  const subscription = client.newSubscription(channel, { joinLeave: true, recoverable: true, positioned: true });
  const heard: unknown[] = [];
  subscription.on("publication", ({ data, offset }: PublicationContext) => heard.push([offset, data.data?.text]));
  subscription.subscribe();
  await subscription.ready(10_000);
  return { subscription, heard };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const limit = performance.now() + 10_000; !isSo(); await delay(10)) {
    assert.ok(performance.now() < limit, "it never became so");
  }
}

for (const transport of TRANSPORTS) {
  describe(`the client of the protocol over ${transport}`, () => {
    before(async () => {
      site = await startRealtimeSite({ settings: { realtime: { lines: { opening: 10_000 } } } });
    });
    after(() => site[Symbol.asyncDispose]());

    it("connects, subscribes, publishes, calls, reads history and presence", async () => {
      using ada = open(transport, "ada");
      using bob = open(transport, "bob");
      const { subscription, heard } = await hear(ada, "room:one");
      const joined: string[] = [];
      subscription.on("join", ({ info }) => joined.push(info.user));
      const other = await hear(bob, "room:one");
      await until(() => joined.includes("bob"));
      await other.subscription.publish({ text: "published" });
      assert.deepEqual((await bob.rpc("room.say", { key: ["one"], input: { text: "called" } })).data, { number: 2 });
      await until(() => heard.length === 2);
      assert.deepEqual(heard, [
        [1, "published"],
        [2, "called"],
      ]);
      const history = await subscription.history({ limit: 10 });
      assert.deepEqual(
        history.publications.map(({ offset }) => offset),
        [1, 2],
      );
      const { clients } = await subscription.presence();
      assert.deepEqual(
        Object.values(clients)
          .map(({ user }) => user)
          .toSorted(),
        ["ada", "bob"],
      );
      assert.deepEqual(await subscription.presenceStats(), { numClients: 2, numUsers: 2 });
    });

    it("is refused what it may not do, by number", async () => {
      using ada = open(transport, "ada");
      await ada.ready(10_000);
      await assert.rejects(ada.rpc("room.note", { key: ["one"], input: { note: "x" } }), { code: 103 });
      await assert.rejects(ada.rpc("room.nothing", { key: ["one"], input: {} }), { code: 104 });
      await assert.rejects(ada.rpc("room.say", { key: ["one"], input: { text: 7 } }), { code: 107 });
      const staff = ada.newSubscription("room:one:staff");
      const refused = next<{ code: number }>((tell) => staff.on("unsubscribed", tell));
      staff.subscribe();
      assert.equal((await refused).code, 103);
      using nobody = open(transport, "NOBODY");
      const { code } = await next<{ code: number }>((tell) => nobody.on("disconnected", tell));
      // It cannot have another token, and this one could be an expired one.
      assert.equal(code, 1);
    });

    it("recovers what it missed, in order and once", async () => {
      using ada = open(transport, "ada");
      using bob = open(transport, "bob");
      const { heard, subscription } = await hear(ada, "room:lost");
      await bob.rpc("room.say", { key: ["lost"], input: { text: "1" } });
      await until(() => heard.length === 1);
      const again = next<{ recovered: boolean; wasRecovering: boolean }>((tell) => subscription.on("subscribed", tell));
      ada.disconnect();
      for (const text of ["2", "3", "4"]) await bob.rpc("room.say", { key: ["lost"], input: { text } });
      ada.connect();
      const { recovered, wasRecovering } = await again;
      assert.deepEqual({ recovered, wasRecovering }, { recovered: true, wasRecovering: true });
      await bob.rpc("room.say", { key: ["lost"], input: { text: "5" } });
      await until(() => heard.length === 5);
      assert.deepEqual(
        heard,
        [1, 2, 3, 4, 5].map((offset) => [offset, String(offset)]),
      );
    });

    it("hears why the server ends a subscription or the connection", async () => {
      using ada = open(transport, "ada");
      const { subscription } = await hear(ada, "room:ending");
      const unsubscribed = next<{ code: number }>((tell) => subscription.on("unsubscribed", tell));
      site.realtime.connections.unsubscribe(ADA, "room:ending");
      assert.equal((await unsubscribed).code, 2000);
      const disconnected = next<{ code: number }>((tell) => ada.on("disconnected", tell));
      site.realtime.connections.disconnect(ADA);
      assert.equal((await disconnected).code, 3503);
    });
  });
}
