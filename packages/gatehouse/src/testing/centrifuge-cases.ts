/**
 * What the protocol's own client has to be able to do at a server, in Node and in a page alike. Each case tells what it has
 * observed as plain data, since a page has no assertions.
 */
import { Centrifuge, UnauthorizedError, type Options, type PublicationContext, type Subscription } from "centrifuge";

/** The ways to carry a connection. */
export const TRANSPORTS = ["websocket", "http_stream", "sse"] as const;

/** What happens at the server by itself. */
export interface ServerSide {
  unsubscribe(user: string, channel: string): Promise<void>;
  disconnect(user: string, code?: number): Promise<void>;
  /** A bearer token of somebody that is good for so many milliseconds. */
  token(user: string, lifetime: number): Promise<string>;
}

/** Where a case runs. */
export interface CaseWorld {
  readonly origin: string;
  readonly transport: (typeof TRANSPORTS)[number];
  readonly server: ServerSide;
  /** Where there is none of the platform's own. */
  readonly eventSource?: unknown;
}

/** Something the client does, and what comes of it. */
export interface CentrifugeCase {
  readonly name: string;
  readonly run: (world: CaseWorld) => Promise<unknown>;
  readonly observed: unknown;
}

const PATIENCE = 20_000;

function open({ origin, transport, eventSource }: CaseWorld, options: Partial<Options>): Centrifuge & Disposable {
  const base = transport === "websocket" ? origin.replace("http", "ws") : origin;
  const client = new Centrifuge([{ transport, endpoint: `${base}/connection/${transport}` }], {
    emulationEndpoint: `${origin}/emulation`,
    minReconnectDelay: 20,
    maxReconnectDelay: 200,
    ...(eventSource === undefined ? {} : { eventsource: eventSource }),
    ...options,
  });
  client.connect();
  return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() });
}

function openAs(world: CaseWorld, user: string): Centrifuge & Disposable {
  return open(world, { token: `user-${user}` });
}

/** The next of an event. */
function next<Context>(register: (heard: (context: Context) => void) => void): Promise<Context> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("It never came.")), PATIENCE);
    register((context) => {
      clearTimeout(timer);
      resolve(context);
    });
  });
}

function disconnectedWith(client: Centrifuge): Promise<number> {
  return next<{ code: number }>((heard) => client.once("disconnected", heard)).then(({ code }) => code);
}

function unsubscribedWith(subscription: Subscription): Promise<number> {
  return next<{ code: number }>((heard) => subscription.once("unsubscribed", heard)).then(({ code }) => code);
}

async function until(isSo: () => boolean): Promise<void> {
  for (const limit = performance.now() + PATIENCE; !isSo(); await pause(10)) {
    if (performance.now() > limit) throw new Error(`It never became so: ${isSo.toString()}`);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The number that something was refused with. */
async function refusal(attempt: Promise<unknown>): Promise<number | "none"> {
  return attempt.then(
    () => "none",
    ({ code }: { code: number }) => code,
  );
}

async function hear(client: Centrifuge, channel: string): Promise<{ subscription: Subscription; heard: unknown[] }> {
  const subscription = client.newSubscription(channel, { joinLeave: true, recoverable: true, positioned: true });
  const heard: unknown[] = [];
  subscription.on("publication", ({ data, offset }: PublicationContext) => {
    // What the events of the room carry.
    const { text } = (data as { readonly data: { readonly text: string } }).data;
    heard.push([offset, text]);
  });
  subscription.subscribe();
  await subscription.ready(PATIENCE);
  return { subscription, heard };
}

function say(client: Centrifuge, name: string, text: string): Promise<unknown> {
  return client.rpc("room.say", { key: [name], input: { text } }).then(({ data }): unknown => data);
}

/** The cases. They run one after the other at one server. */
export const CASES: readonly CentrifugeCase[] = [
  {
    name: "connects, subscribes, publishes, calls, reads history and presence",
    run: async (world) => {
      using ada = openAs(world, "ada");
      using bob = openAs(world, "bob");
      const { subscription, heard } = await hear(ada, "room:one");
      const joined: string[] = [];
      const left: string[] = [];
      // Of itself it hears, or not yet.
      subscription.on("join", ({ info }) => info.user !== "ada" && joined.push(info.user));
      subscription.on("leave", ({ info }) => left.push(info.user));
      const other = await hear(bob, "room:one");
      await until(() => joined.includes("bob"));
      await other.subscription.publish({ text: "published" });
      const reply = await say(bob, "one", "called");
      await until(() => heard.length === 2);
      const { publications } = await subscription.history({ limit: 10 });
      const { clients } = await subscription.presence();
      const { numClients, numUsers } = await subscription.presenceStats();
      const members = Object.values(clients).map(({ user, connInfo }) => `${user} ${JSON.stringify(connInfo)}`);
      other.subscription.unsubscribe();
      await until(() => left.includes("bob"));
      const read = publications.map(({ offset }) => offset);
      return { heard, reply, read, members: members.sort(), numClients, numUsers, joined, left };
    },
    observed: {
      heard: [
        [1, "published"],
        [2, "called"],
      ],
      reply: { number: 2 },
      read: [1, 2],
      members: ['ada {"name":"ADA"}', 'bob {"name":"BOB"}'],
      ...{ numClients: 2, numUsers: 2, joined: ["bob"], left: ["bob"] },
    },
  },
  {
    name: "is refused what it may not do, by number",
    run: async (world) => {
      using ada = openAs(world, "ada");
      await ada.ready(PATIENCE);
      const staff = ada.newSubscription("room:one:staff");
      const unsubscribed = unsubscribedWith(staff);
      staff.subscribe();
      const call = (method: string, input: object): Promise<unknown> =>
        refusal(ada.rpc(`room.${method}`, { key: ["one"], input }));
      const calls = [await call("note", { note: "x" }), await call("nothing", {}), await call("say", { text: 7 })];
      using nobody = openAs(world, "NOBODY");
      return { calls, unsubscribed: await unsubscribed, disconnected: await disconnectedWith(nobody) };
    },
    // A client that cannot have another token says 1 by itself: the refused one could be an expired one.
    observed: { calls: [103, 104, 107], unsubscribed: 103, disconnected: 1 },
  },
  {
    name: "recovers what it missed, in order and once",
    run: async (world) => {
      using ada = openAs(world, "ada");
      using bob = openAs(world, "bob");
      const { heard, subscription } = await hear(ada, "room:lost");
      await say(bob, "lost", "1");
      await until(() => heard.length === 1);
      const again = next<{ recovered: boolean; wasRecovering: boolean }>((tell) =>
        subscription.once("subscribed", tell),
      );
      ada.disconnect();
      for (const text of ["2", "3", "4"]) await say(bob, "lost", text);
      ada.connect();
      const { recovered, wasRecovering } = await again;
      await say(bob, "lost", "5");
      await until(() => heard.length === 5);
      return { heard, recovered, wasRecovering };
    },
    observed: {
      heard: [1, 2, 3, 4, 5].map((offset) => [offset, String(offset)]),
      recovered: true,
      wasRecovering: true,
    },
  },
  {
    name: "comes back by itself where the server asks for it, and misses nothing meanwhile",
    run: async (world) => {
      using ada = openAs(world, "ada");
      using bob = openAs(world, "bob");
      const { heard } = await hear(ada, "room:cut");
      const codes: number[] = [];
      ada.on("connecting", ({ code }) => codes.push(code));
      for (let cut = 0; cut < 3; cut += 1) {
        const back = next((tell) => ada.once("connected", tell));
        await world.server.disconnect("ada", 3001);
        await say(bob, "cut", String(cut));
        await back;
      }
      await until(() => heard.length === 3);
      return { heard, codes };
    },
    observed: {
      heard: [
        [1, "0"],
        [2, "1"],
        [3, "2"],
      ],
      codes: [3001, 3001, 3001],
    },
  },
  {
    name: "hears why the server ends a subscription or the connection, and ends both itself",
    run: async (world) => {
      using ada = openAs(world, "ada");
      const ended = await hear(ada, "room:ending");
      const byServer = unsubscribedWith(ended.subscription);
      await world.server.unsubscribe("ada", "room:ending");
      const unsubscribed = await byServer;
      const left = await hear(ada, "room:left");
      const byClient = unsubscribedWith(left.subscription);
      left.subscription.unsubscribe();
      const leaving = await byClient;
      const disconnected = disconnectedWith(ada);
      await world.server.disconnect("ada");
      const forced = await disconnected;
      using bob = openAs(world, "bob");
      await bob.ready(PATIENCE);
      const own = disconnectedWith(bob);
      bob.disconnect();
      return { unsubscribed, leaving, forced, own: await own };
    },
    observed: { unsubscribed: 2000, leaving: 0, forced: 3503, own: 0 },
  },
  {
    name: "brings a new token before the old one expires, and the connection stays",
    run: async (world) => {
      let issued = 0;
      const getToken = async (): Promise<string> => {
        const token = await world.server.token("ada", issued === 0 ? 4_000 : 60_000);
        issued += 1;
        return token;
      };
      let connections = 0;
      using ada = open(world, { getToken });
      ada.on("connected", () => (connections += 1));
      await ada.ready(PATIENCE);
      const { heard } = await hear(ada, "room:token");
      await pause(5_000);
      const reply = await say(ada, "token", "still here");
      await until(() => heard.length === 1);
      return { issued, connections, reply, heard };
    },
    observed: { issued: 2, connections: 1, reply: { number: 1 }, heard: [[1, "still here"]] },
  },
  {
    name: "comes back with a new token where the old one expired and was not replaced",
    run: async (world) => {
      let isAway = false;
      const getToken = async (): Promise<string> => {
        if (isAway) throw new Error("Nobody gives out tokens now.");
        isAway = true;
        return world.server.token("ada", 1_500);
      };
      using ada = open(world, { getToken });
      const codes: number[] = [];
      ada.on("connecting", ({ code }) => {
        codes.push(code);
        isAway = false;
      });
      await ada.ready(PATIENCE);
      await until(() => codes.length > 0);
      await ada.ready(PATIENCE);
      return { codes, reply: await say(ada, "expired", "back") };
    },
    observed: { codes: [3005], reply: { number: 1 } },
  },
  {
    name: "is let go for good with a token of somebody else, and where no token is to be had any more",
    run: async (world) => {
      const tokens = [await world.server.token("ada", 3_000), await world.server.token("eve", 60_000)];
      using taken = open(world, { getToken: () => Promise.resolve(tokens.shift() ?? "") });
      let given = 0;
      const getToken = (): Promise<string> => {
        given += 1;
        if (given > 1) return Promise.reject(new UnauthorizedError("signed out"));
        return world.server.token("bob", 3_000);
      };
      using signedOut = open(world, { getToken });
      return await Promise.all([disconnectedWith(taken), disconnectedWith(signedOut)]);
    },
    observed: [3500, 1],
  },
];
