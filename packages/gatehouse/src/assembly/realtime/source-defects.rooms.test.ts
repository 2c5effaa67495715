/**
 * Defects of the project whose words `defineRoom` takes over, as found by reading it: each is tried at a whole server over
 * real sockets. These are about what becomes of messages and of those who are in a room.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Centrifuge, type PublicationContext } from "centrifuge";
import { z } from "zod";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { actor } from "../../realtime/actor/actor.ts";
import { defineRoom } from "../../realtime/room/room.ts";
import { eventually, frame, upgrade } from "../../testing/line-client.ts";
import { startRealtimeSite } from "../../testing/realtime-site.ts";
import { RoomConnection } from "../../testing/room-connection.ts";

const CHAT = { type: "chat", key: ["lobby"] };
const anyData = z.record(z.string(), z.unknown());

/** A room that tells others whatever it is told. */
const echo = actor("chat", {
  key: ["name"],
  state: z.object({}),
  initial: () => ({}),
  channels: {
    default: { canSubscribe: () => true, presence: true, history: true },
    staff: { canSubscribe: ({ principal }) => principal.id !== "eve" },
  },
  events: { said: { schema: anyData }, told: { schema: anyData } },
  retention: { seconds: 1 },
  commands: {
    say: {
      input: anyData,
      policy: "public",
      handler: ({ emit, input }) => {
        emit("said", input);
      },
    },
    tell: {
      input: z.object({ to: z.union([z.string(), z.object({ user: z.string() }), z.object({ channel: z.string() })]) }),
      policy: "public",
      handler: ({ emit, input }) => {
        if (typeof input.to === "string") emit.to(input.to).emit("told", {});
        else if ("user" in input.to) emit.toUser(input.to.user, "told", {});
        else emit.toChannel(input.to.channel, "told", {});
      },
    },
    wait: {
      input: z.object({ milliseconds: z.number() }),
      policy: async ({ input }) => delay(input.milliseconds, true),
      handler: ({ now }) => ({ now }),
    },
  },
});

async function enter(origin: string, user: string, ...channels: readonly string[]): Promise<RoomConnection> {
  const connection = await RoomConnection.connect(origin, `user-${user}`);
  for (const channel of channels) equal((await connection.ask({ subscribe: { channel } })).error, undefined);
  return connection;
}

/* 3. There what a client says is spread over what others receive, so that `type` in it makes another event of it. */
describe("data that would rename its event (defect 3)", () => {
  it("stays below `data`, whatever its members are called", async () => {
    await using site = await startRealtimeSite({ actors: [echo] });
    using ada = await enter(site.origin, "ada", "chat:lobby");
    using eve = await enter(site.origin, "eve");
    const data = { type: "kicked", event: "kicked", channel: "chat:lobby:staff", push: { disconnect: { code: 3503 } } };
    equal((await eve.call(CHAT, "say", data)).error, undefined);
    await ada.until(() => ada.published("chat:lobby").length === 1);
    deepEqual(ada.published("chat:lobby"), [{ event: "said", data }]);
    equal(ada.code, undefined);
  });
});

/* 4. There `emit.to(x)` guesses whether x is a channel or somebody: whoever is called like a channel gets what is for it. */
describe("somebody who is called like a channel (defect 4)", () => {
  it("gets what is said to them and nothing else, and neither does the channel; a guess is refused", async () => {
    await using site = await startRealtimeSite({ actors: [echo] });
    using namesake = await enter(site.origin, "staff", "chat:lobby");
    using ada = await enter(site.origin, "ada", "chat:lobby", "chat:lobby:staff");
    using host = await enter(site.origin, "host");
    const tell = (to: unknown) => host.call(CHAT, "tell", { to });
    await tell({ user: "staff" });
    await namesake.until(() => namesake.published("chat:lobby").length === 1);
    await tell({ channel: "staff" });
    await ada.until(() => ada.published("chat:lobby:staff").length === 1);
    equal((await tell("nobody-and-no-channel")).error?.code, 100);
    // A text is a channel; where it is whoever speaks as well, nobody guesses.
    equal((await namesake.call(CHAT, "tell", { to: "staff" })).error?.code, 100);
    for (const connection of [ada, namesake]) await connection.ask({ ping: {} });
    deepEqual([namesake.published("chat:lobby").length, ada.published("chat:lobby").length], [1, 0]);
    equal(ada.published("chat:lobby:staff").length, 1);
  });
});

const thrown: string[] = [];

/** A room in the words of that project. */
function createRoom() {
  const room = defineRoom({
    name: "chat",
    key: ["name"],
    state: z.object({ present: z.array(z.string()), said: z.number() }),
    initial: () => ({ present: [], said: 0 }),
    admit: ({ principal }) => principal.type === "user",
    messages: { say: { input: z.object({ text: z.string() }) }, fail: { input: z.object({}) } },
    events: { said: { schema: z.object({ text: z.string(), present: z.array(z.string()) }) } },
    onConnect: ({ state, meta }) => void state.present.push(meta.userId),
    onDisconnect: ({ state, meta }) => {
      state.present = state.present.filter((one) => one !== meta.userId);
    },
    onError: (error) => void thrown.push(String(error)),
  });
  room.on("say", ({ state, emit }, { text }) => {
    state.said += 1;
    emit.emit("said", { text, present: state.present });
    return { said: state.said, present: state.present };
  });
  room.on("fail", () => {
    throw new TypeError("at once");
  });
  return room;
}

/* 5. There handlers of every message run after the named ones and stop nothing: the limit that its guide puts there is none. */
describe("a limit in a handler of every message (defect 5)", () => {
  it("stops a message before the handlers of its name", async () => {
    const room = createRoom();
    let left = 2;
    room.on("*", ({ frame: { type } }) => {
      if (type !== "say") return undefined;
      left -= 1;
      return left < 0 ? deny(problems.RATE_LIMIT_EXCEEDED, { retryAfter: 7 }) : undefined;
    });
    await using site = await startRealtimeSite({ actors: [room] });
    using ada = await enter(site.origin, "ada", "chat:lobby");
    const answers = [];
    for (const text of ["1", "2", "3"]) answers.push((await ada.call(CHAT, "say", { text })).error?.code);
    deepEqual(answers, [undefined, undefined, 111]);
    equal(ada.published("chat:lobby").length, 2);
  });
});

/* 7. There channels that a connection has joined later are not kept with it, and are gone when the room has slept once. */
describe("channels that were joined, after a restart (defect 7)", () => {
  it("are heard again with everything that was missed, and the state is what it was", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-defects-"));
    const [rooms, options] = [[createRoom()], { minReconnectDelay: 50, maxReconnectDelay: 200 }];
    const first = await startRealtimeSite({ actors: rooms, settings: { dataDirectory: directory } });
    const { port } = new URL(first.origin);
    const client = new Centrifuge(`${first.origin.replace("http", "ws")}/connection/websocket`, {
      token: "user-ada",
      ...options,
    });
    client.connect();
    const heard: string[] = [];
    for (const channel of ["chat:one", "chat:two"]) {
      const subscription = client.newSubscription(channel, { recoverable: true, positioned: true });
      subscription.on("publication", ({ data }: PublicationContext) => heard.push(`${channel} ${data.data.text}`));
      subscription.subscribe();
      await subscription.ready(10_000);
    }
    const say = (name: string, text: string) => client.rpc("chat.say", { key: [name], input: { text } });
    for (const name of ["one", "two"]) await say(name, "before");
    await first[Symbol.asyncDispose]();
    await using second = await startRealtimeSite({
      ...{ actors: rooms, settings: { dataDirectory: directory, server: { port: Number(port) } } },
    });
    using bob = await RoomConnection.connect(second.origin, "user-bob");
    await bob.call({ type: "chat", key: ["two"] }, "say", { text: "meanwhile" });
    await client.ready(10_000);
    deepEqual((await say("one", "after")).data.said, 2);
    await eventually(() => heard.length === 4);
    deepEqual(heard.toSorted(), ["chat:one after", "chat:one before", "chat:two before", "chat:two meanwhile"]);
    client.disconnect();
    rmSync(directory, { recursive: true, force: true });
  });
});

/* 8. There a connection that cannot be written to is dropped without its hook: it is present for ever. */
describe("a connection that broke off (defect 8)", () => {
  it("leaves the room, for its hook and for the list of those who are present", async () => {
    await using site = await startRealtimeSite({ actors: [createRoom()] });
    const { host, port } = new URL(site.origin);
    const broken = await upgrade(Number(port), { headers: { host } });
    broken.socket.write(
      frame('{"id":1,"connect":{"token":"user-eve"}}\n{"id":2,"subscribe":{"channel":"chat:lobby"}}'),
    );
    await eventually(() => broken.received().includes('"id":2'));
    using ada = await enter(site.origin, "ada", "chat:lobby");
    const present = async (): Promise<unknown> => {
      const { rpc } = await ada.call(CHAT, "say", { text: "who is there?" });
      return (rpc as { data: { present: unknown } }).data.present;
    };
    deepEqual(await present(), ["eve", "ada"]);
    broken.socket.resetAndDestroy();
    for (const end = performance.now() + 10_000; ; await delay(200)) {
      const left = await present();
      const stats = await ada.ask({ presence_stats: { channel: "chat:lobby" } });
      const clients = (stats["presence_stats"] as { num_clients: number }).num_clients;
      if (JSON.stringify(left) === '["ada"]' && clients === 1) break;
      ok(performance.now() < end, `still there: ${JSON.stringify(left)}, ${clients}`);
    }
  });
});

/* 8, at a deploy: connections that the server itself closes leave as well, or each deploy adds its ghosts. */
describe("connections of a server that stops (defect 8)", () => {
  it("have left the rooms by then", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatehouse-defects-"));
    const room = createRoom();
    const first = await startRealtimeSite({ actors: [room], settings: { dataDirectory: directory } });
    const names = Array.from({ length: 20 }, (_, index) => `room${index}`);
    const eve = await enter(first.origin, "eve", ...names.map((name) => `chat:${name}`));
    await first[Symbol.asyncDispose]();
    equal(await eve.closed, 3001);
    await using second = await startRealtimeSite({ actors: [room], settings: { dataDirectory: directory } });
    using ada = await enter(second.origin, "ada", ...names.map((name) => `chat:${name}`));
    const present: unknown[] = [];
    for (const name of names) {
      const { rpc } = await ada.call({ type: "chat", key: [name] }, "say", { text: "who is there?" });
      present.push((rpc as { data: { present: unknown } }).data.present);
    }
    deepEqual(
      present,
      names.map(() => ["ada"]),
    );
    rmSync(directory, { recursive: true, force: true });
  });
});

/* 9. There what a handler throws at once is swallowed, and rebuilding the room wipes the handlers that were added later. */
describe("a handler that throws at once (defect 9)", () => {
  it("reaches onError, its client gets a code and nothing of it, and the other handlers stay", async () => {
    thrown.length = 0;
    await using site = await startRealtimeSite({ actors: [createRoom()] });
    using ada = await enter(site.origin, "ada", "chat:lobby");
    const { error } = await ada.call(CHAT, "fail", {});
    equal(error?.code, 100);
    ok(!JSON.stringify(error).includes("at once") && !JSON.stringify(error).includes(".ts"));
    deepEqual(thrown, ["TypeError: at once"]);
    equal((await ada.call(CHAT, "say", { text: "x" })).error, undefined);
    equal(ada.code, undefined);
  });
});

/* 11. There handlers of one connection run at once: a later message overtakes an earlier one that takes longer. */
describe("messages of one connection (defect 11)", () => {
  it("are carried out one after the other, whichever actor they are for and however long they take", async () => {
    await using site = await startRealtimeSite({ actors: [echo] });
    using ada = await enter(site.origin, "ada");
    const times = [200, 50, 100, 1];
    ada.say(
      ...times.map((milliseconds, index) => ({
        id: 100 + index,
        rpc: { method: "chat.wait", data: { key: [`room${index}`], input: { milliseconds } } },
      })),
    );
    await ada.replyTo(103);
    deepEqual(
      ada.told.flatMap(({ id, error }) => ((id ?? 0) < 100 ? [] : [[id, error]])),
      times.map((_, index) => [100 + index, undefined]),
    );
  });
});

/* 15. There the guide gives what is stored an expiry that the storage does not know: it is kept for ever. */
describe("what is kept for a time only (defect 15)", () => {
  it("is gone after it, and who asks for it is told so", async () => {
    await using site = await startRealtimeSite({ actors: [echo] });
    using ada = await enter(site.origin, "ada", "chat:lobby");
    for (const text of ["1", "2"]) await ada.call(CHAT, "say", { text });
    const history = async () => {
      const { publications, epoch } = (await ada.ask({ history: { channel: "chat:lobby", limit: 10 } }))["history"] as {
        publications: unknown[];
        epoch: string;
      };
      return { count: publications.length, epoch };
    };
    const { count, epoch } = await history();
    equal(count, 2);
    await delay(1_100);
    const { store } = site.server.gatehouse.services;
    await store.write((transaction) => site.realtime.prune(transaction, 1_000));
    equal((await history()).count, 0);
    await ada.ask({ unsubscribe: { channel: "chat:lobby" } });
    const again = await ada.ask({ subscribe: { channel: "chat:lobby", recover: true, offset: 1, epoch } });
    const { recovered, publications } = again["subscribe"] as Record<string, unknown>;
    deepEqual([recovered ?? false, publications], [false, undefined]);
  });
});
