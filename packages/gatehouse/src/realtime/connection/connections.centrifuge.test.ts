/** The client of the protocol that others wrote, unchanged, over lines in memory. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { Centrifuge, type PublicationContext, type SubscribedContext, type UnsubscribedContext } from "centrifuge";
import { testUser } from "../../testing/gate-kit.ts";
import { createRealtimeKit, type RealtimeKit } from "../../testing/realtime-kit.ts";
import { memorySockets, type MemorySockets } from "../../testing/realtime-socket.ts";

interface Client extends Disposable {
  readonly centrifuge: Centrifuge;
  readonly sockets: MemorySockets;
}

function clientOf(kit: RealtimeKit, options: object = {}, user?: string): Client {
  const sockets = memorySockets(kit, user === undefined ? {} : { session: kit.gate.signIn(user) });
  const quick = { minReconnectDelay: 1, maxReconnectDelay: 20 };
  const centrifuge = new Centrifuge("ws://memory", { websocket: sockets.WebSocket, ...quick, ...options });
  return { centrifuge, sockets, [Symbol.dispose]: () => centrifuge.disconnect() };
}

function next<Context>(target: { once: (event: never, listener: never) => unknown }, event: string): Promise<Context> {
  // The events of the client are known by their names alone here.
  return new Promise((resolve) => void target.once(event as never, resolve as never));
}

describe("the client centrifuge", () => {
  it("connects, subscribes, hears, calls, publishes, reads and sees who is there", async () => {
    await using kit = await createRealtimeKit();
    using client = clientOf(kit, {}, "ann");
    const { centrifuge } = client;
    const connected = next<{ client: string; transport: string }>(centrifuge, "connected");
    const subscription = centrifuge.newSubscription("room:a", { joinLeave: true });
    const heard: unknown[] = [];
    subscription.on("publication", ({ data, offset }) => void heard.push([offset, data]));
    const joined = next<{ info: { user: string } }>(subscription, "join");
    subscription.subscribe();
    centrifuge.connect();
    equal((await connected).transport, "websocket");
    await subscription.ready();
    equal((await joined).info.user, "ann");
    deepEqual(await centrifuge.rpc("room.say", { key: ["a"], input: { text: "hi" } }), { data: { heard: true } });
    await subscription.publish({ any: "thing" });
    await kit.settle();
    deepEqual(heard, [
      [1, { text: "hi" }],
      [2, { any: "thing" }],
    ]);
    const { publications, offset } = await subscription.history({ limit: 10 });
    deepEqual(
      [offset, publications.map(({ data }: PublicationContext): unknown => data)],
      [2, [{ text: "hi" }, { any: "thing" }]],
    );
    deepEqual(
      Object.values((await subscription.presence()).clients).map(({ user }) => user),
      ["ann"],
    );
    deepEqual(await subscription.presenceStats(), { numClients: 1, numUsers: 1 });
    const error = await centrifuge.rpc("room.fly", { key: ["a"] }).catch((refused: unknown) => refused);
    equal((error as { code: number }).code, 104);
    subscription.unsubscribe();
    await kit.settle();
    equal(kit.connections.stats().subscriptions, 0);
  });

  it("comes back after a drop and is told what it missed, once and in order", async () => {
    await using kit = await createRealtimeKit();
    using client = clientOf(kit, {}, "ann");
    const subscription = client.centrifuge.newSubscription("room:a");
    const heard: unknown[] = [];
    subscription.on("publication", ({ offset }) => void heard.push(offset));
    subscription.subscribe();
    client.centrifuge.connect();
    await subscription.ready();
    for (let drop = 0; drop < 5; drop += 1) {
      kit.rooms.publish("room:a", drop);
      await kit.settle();
      const again = next<SubscribedContext>(subscription, "subscribed");
      client.sockets.lines.at(-1)?.hangUp();
      kit.rooms.publish("room:a", drop);
      const { wasRecovering, recovered } = await again;
      deepEqual([wasRecovering, recovered], [true, true]);
    }
    await kit.settle();
    deepEqual(heard, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it("loads the state anew where what it missed is not to be had", async () => {
    await using kit = await createRealtimeKit();
    using client = clientOf(kit, {}, "ann");
    let loads = 0;
    const getState = (): Promise<{ offset: number; epoch: string }> => {
      loads += 1;
      return Promise.resolve({ offset: 0, epoch: kit.rooms.epoch });
    };
    const subscription = client.centrifuge.newSubscription("room:a", {
      getState,
      minResubscribeDelay: 1,
      maxResubscribeDelay: 5,
    });
    subscription.subscribe();
    client.centrifuge.connect();
    await subscription.ready();
    const again = next<SubscribedContext>(subscription, "subscribed");
    kit.rooms.restart("epoch2");
    client.sockets.lines.at(-1)?.hangUp();
    equal((await again).recovered, true);
    equal(loads, 2);
  });

  it("answers signs of life, and brings new tokens in time", async () => {
    await using kit = await createRealtimeKit();
    const start = kit.gate.clock.now();
    let issued = 0;
    const getToken = (): Promise<string> => {
      issued += 1;
      kit.tokens.set(`token${issued}`, { principal: testUser("ann"), expiresAt: start + 2_300 * issued });
      return Promise.resolve(`token${issued}`);
    };
    using client = clientOf(kit, { getToken });
    client.centrifuge.connect();
    await client.centrifuge.ready();
    await kit.pass(client.sockets.lines[0] ?? kit.open(), 0);
    // The client's clock runs by itself; the server's follows when the token has been replaced.
    while (issued < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await kit.settle();
    await kit.gate.clock.advance(2_400);
    deepEqual(await client.centrifuge.rpc("room.state", { key: ["a"] }), { data: { said: 0, channel: "default" } });
    equal(client.sockets.lines.length, 1);
  });

  it("comes back with a new token where the old one has expired meanwhile", async () => {
    await using kit = await createRealtimeKit();
    kit.tokens.set("good", { principal: testUser("ann") });
    using client = clientOf(kit, { token: "gone", getToken: () => Promise.resolve("good") });
    const connected = next(client.centrifuge, "connected");
    client.centrifuge.connect();
    await connected;
    equal(client.sockets.lines.length, 2);
  });

  it("stays away where it is told to, and comes back where it is not", async () => {
    await using kit = await createRealtimeKit();
    using client = clientOf(kit, {}, "ann");
    client.centrifuge.connect();
    await client.centrifuge.ready();
    const back = next(client.centrifuge, "connected");
    kit.connections.disconnect({ tenant: "acme" }, { code: 3001, reason: "shutdown" });
    await back;
    const gone = next<{ code: number; reason: string }>(client.centrifuge, "disconnected");
    kit.connections.disconnect({ tenant: "acme" });
    deepEqual({ ...(await gone) }, { code: 3503, reason: "forced" });
    using stranger = clientOf(kit);
    const refused = next<{ code: number }>(stranger.centrifuge, "disconnected");
    stranger.centrifuge.connect();
    equal((await refused).code, 101);
  });

  it("ends subscriptions that it may not have, and those that the server ends", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.closed.add("vault");
    using client = clientOf(kit, {}, "ann");
    client.centrifuge.connect();
    const vault = client.centrifuge.newSubscription("room:vault");
    const denied = next<UnsubscribedContext>(vault, "unsubscribed");
    vault.subscribe();
    equal((await denied).code, 103);
    const open = client.centrifuge.newSubscription("room:a");
    open.subscribe();
    await open.ready();
    const ended = next<UnsubscribedContext>(open, "unsubscribed");
    kit.connections.unsubscribe({ tenant: "acme" }, "room:a");
    equal((await ended).code, 2000);
    const again = next<SubscribedContext>(open, "subscribed");
    open.subscribe();
    await again;
    const resubscribed = next<SubscribedContext>(open, "subscribed");
    kit.rooms.restart("epoch2");
    kit.rooms.publish("room:a", 1);
    await resubscribed;
    ok(client.sockets.lines.length === 1);
  });
});
