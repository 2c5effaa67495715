/**
 * Defects of the client of the project whose words `defineRoom` takes over (number 14 of the list): the typed client is
 * tried against a whole server, over a network that breaks off and falls silent.
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  RealtimeClient,
  RealtimeError,
  type ConnectionState,
  type RealtimeClientOptions,
} from "../../realtime-client.ts";
import { eventually } from "../../testing/line-client.ts";
import { startRealtimeSite, type RealtimeSite, type room } from "../../testing/realtime-site.ts";
import { Way } from "../../testing/way.ts";
import type { ContractOf } from "../actor/contract.ts";

type Room = ContractOf<typeof room>;

let site: RealtimeSite;
before(async () => {
  const limits = { trustedCidrs: ["127.0.0.1/32"] };
  const realtime = { lines: { opening: 10_000, perUser: 100 }, connection: { ping: "2s", pong: "1s" } } as const;
  site = await startRealtimeSite({ settings: { realtime, limits } });
});
after(() => site[Symbol.asyncDispose]());

const QUICK = { minReconnectDelay: 20, maxReconnectDelay: 100 };

function clientOf(way: Pick<Way, "origin">, options: RealtimeClientOptions = {}): RealtimeClient {
  return new RealtimeClient({
    ...{ origin: way.origin, as: () => Promise.resolve("user-ada"), transports: ["websocket"] },
    ...options,
    centrifuge: { ...QUICK, ...options.centrifuge },
  });
}

const states = (told: readonly ConnectionState[]) => told.map(({ state }) => state);

describe("the client's news of its connection (defect 14)", () => {
  // There `onOpen`, `onClose` and `onError` are read before anybody can have set them: they are never called.
  it("come, of the opening, of a failure and of the end", async () => {
    using way = await Way.open(site.origin);
    const told: ConnectionState[] = [];
    const failures: Error[] = [];
    const client = clientOf(way, {
      changed: (state) => void told.push(state),
      failed: (error) => void failures.push(error),
    });
    await client.ready();
    way.cut();
    await eventually(() => failures.length > 0, "failures are told");
    way.isCut = false;
    await eventually(() => told.at(-1)?.state === "connected" && told.length > 2);
    client[Symbol.dispose]();
    deepEqual(states(told), ["connecting", "connected", "connecting", "connected", "disconnected"]);
  });
});

describe("a server that falls silent (defect 14)", () => {
  // There the client closes with 1006, which browsers refuse, and has stopped its timer before: it is stuck for ever.
  it("is given up, and the connection is opened anew and misses nothing", async () => {
    using way = await Way.open(site.origin);
    const told: ConnectionState[] = [];
    using client = clientOf(way, {
      changed: (state) => void told.push(state),
      centrifuge: { maxServerPingDelay: 1_000 },
    });
    const heard: string[] = [];
    using channel = client
      .actor<Room>("room", ["silent"])
      .hear({ event: (_, data) => void heard.push(JSON.stringify(data)) });
    await channel.ready();
    way.silence();
    using bob = clientOf(site, { as: () => Promise.resolve("user-bob") });
    await bob.actor<Room>("room", ["silent"]).send("say", { text: "meanwhile" });
    await eventually(() => told.length >= 4, "it comes back");
    await eventually(() => heard.length === 1);
    deepEqual(heard, ['{"text":"meanwhile","by":"bob"}']);
    equal(way.begun, 2);
  });
});

describe("clients that come back together (defect 14)", () => {
  // There every client waits exactly as long as all others: a server that restarts is knocked down by all of them at once.
  it("do not come at the same moment", async () => {
    const times: number[] = [];
    const ways = await Promise.all(Array.from({ length: 12 }, () => Way.open(site.origin)));
    const clients = ways.map((way) =>
      clientOf(way, {
        changed: ({ state }) => state === "connected" && times.push(performance.now()),
        centrifuge: { minReconnectDelay: 1_000, maxReconnectDelay: 4_000 },
      }),
    );
    await Promise.all(clients.map((client) => client.ready()));
    times.length = 0;
    const start = performance.now();
    site.realtime.connections.disconnect({ tenant: "default" }, { code: 3001, reason: "shutdown" });
    await eventually(() => times.length === clients.length, "all come back");
    const waited = times.map((time) => time - start);
    ok(Math.max(...waited) - Math.min(...waited) > 200, waited.map(Math.round).join());
    for (const client of clients) client[Symbol.dispose]();
    for (const way of ways) way[Symbol.dispose]();
  });
});

describe("a credential that is refused (defect 14)", () => {
  // There a client whose token is refused tries the same one for ever, with every attempt counted as an attack.
  it("ends the attempts of a client that can have no other", async () => {
    using way = await Way.open(site.origin);
    const told: ConnectionState[] = [];
    let asked = 0;
    const as = async (): Promise<string> => {
      asked += 1;
      if (asked > 2) throw new RealtimeError("Signed out.", { code: "SIGNED_OUT", temporary: false });
      return "nonsense";
    };
    using client = clientOf(way, { as, changed: (state) => void told.push(state) });
    await rejects(client.ready());
    await delay(500);
    ok(way.begun <= 3, `${way.begun} attempts`);
    equal(told.at(-1)?.state, "disconnected");
  });

  // There address and token are fixed when the client is made: after an hour every reconnect shows an expired token.
  it("is asked for anew for every connection that needs one", async () => {
    using way = await Way.open(site.origin);
    let issued = 0;
    using client = clientOf(way, {
      as: async () => {
        issued += 1;
        return `user-ada~${Date.now() + (issued === 1 ? 1_000 : 60_000)}`;
      },
    });
    await client.ready();
    way.cut();
    await delay(1_200);
    way.isCut = false;
    deepEqual(await client.actor<Room>("room", ["again"]).send("say", { text: "x" }), { number: 1 });
    ok(issued >= 2);
  });
});

describe("commands without a connection (defect 14)", () => {
  // There they wait in a queue that silently drops the oldest, and are played back however stale they are by then.
  it("are carried out once when it is back in time, and otherwise refused by name and never carried out", async () => {
    using way = await Way.open(site.origin);
    using client = clientOf(way, { patience: 10_000 });
    await client.ready();
    const room = client.actor<Room>("room", ["queue"]);
    await room.send("say", { text: "before" });
    way.cut();
    const texts = Array.from({ length: 20 }, (_, index) => `command${index}`);
    const stale = new AbortController();
    const abandoned = room.send("say", { text: "stale" }, { signal: stale.signal });
    const start = performance.now();
    stale.abort();
    await rejects(abandoned, { name: "AbortError" });
    ok(performance.now() - start < 4_000);
    const sent = Promise.allSettled(texts.map((text) => room.send("say", { text })));
    await delay(300);
    way.isCut = false;
    const outcomes = await sent;
    deepEqual(
      outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : [])),
      [],
    );
    deepEqual(await room.send("say", { text: "after" }), { number: 22 });
  });

  it("are refused with a name when their time is up, and not sent later", async () => {
    using way = await Way.open(site.origin);
    using client = clientOf(way, { patience: 400 });
    await client.ready();
    const room = client.actor<Room>("room", ["late"]);
    way.cut();
    const start = performance.now();
    await rejects(room.send("say", { text: "late" }), { name: "RealtimeError", code: "TIMED_OUT", temporary: true });
    ok(performance.now() - start < 4_000, "and not when the package gives up, which has five seconds of its own");
    way.isCut = false;
    await client.ready();
    deepEqual(await room.send("say", { text: "now" }), { number: 1 });
  });
});
