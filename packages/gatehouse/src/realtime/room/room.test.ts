import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { deny, type Outcome } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { testUser } from "../../testing/gate-kit.ts";
import type { ConnectionMeta } from "./room-context.ts";
import { defineRoom } from "./room.ts";
import { roomStub } from "./room-stub.ts";

const chat = ["chat", "lobby"];
const said: unknown[] = [];

function createChat() {
  const errors: unknown[] = [];
  const room = defineRoom({
    name: "chat",
    key: ["room"],
    state: z.object({ count: z.number(), present: z.array(z.string()) }),
    initial: () => ({ count: 0, present: [] }),
    admit: ({ principal }) => principal.type === "user" && principal.id !== "mallory",
    extractMeta: ({ principal, userId, clientId, channels }) => ({
      ...{ userId, clientId, channels },
      admin: principal.grants.has("admin"),
    }),
    messages: {
      "chat.message": { input: z.object({ text: z.string() }) },
      "chat.private": { input: z.object({ to: z.string(), text: z.string() }) },
      clear: { input: z.object({}), policy: ({ principal }) => principal.grants.has("admin") },
      other: { input: z.object({ n: z.number() }) },
      broken: { input: z.object({ how: z.enum(["now", "later", "denied"]) }) },
    },
    events: {
      "chat.message": { schema: z.object({ from: z.string(), text: z.string() }) },
      "chat.private": { schema: z.object({ from: z.string(), text: z.string() }) },
    },
    channels: { staff: { canSubscribe: ({ principal }) => principal.grants.has("admin") } },
    onConnect: ({ state, meta, ws }) => void state.present.push(`${meta.userId} ${ws.id} ${meta.channels.join()}`),
    onDisconnect: ({ state, meta }) => {
      state.present = state.present.filter((one) => !one.startsWith(`${meta.userId} `));
    },
    onMessage: ({ frame }) => ({ unhandled: frame.type }),
    onError: (error, { meta }) => {
      errors.push([error instanceof Error ? error.message : error, meta.userId]);
      return error instanceof RangeError ? deny(problems.STATE_CONFLICT) : undefined;
    },
  });
  room.on("chat.message", ({ emit, state, meta }, { text }) => {
    state.count += 1;
    emit.emit("chat.message", { from: meta.userId, text });
    return { count: state.count };
  });
  room.on("chat.private", ({ actor, meta }, { to, text }) => {
    actor.sendToUser(to, { event: "chat.private", data: { from: meta.userId, text } });
  });
  room.on("clear", ({ actor }) => void (actor.getStorage().count = 0));
  room.on("broken", async (_context, { how }) => {
    if (how === "now") throw new TypeError("now");
    await Promise.resolve();
    throw how === "later" ? new TypeError("later") : new RangeError("denied");
  });
  return { room, errors };
}

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

describe("defineRoom", () => {
  it("handles messages by the functions that were added, in durable turns", async () => {
    const { room } = createChat();
    await using kit = await openActorKit({ definitions: [room] });
    const say = (text: string, as = "ada") => kit.command(chat, "chat.message", { input: { text }, as });
    const reply = await say("hello");
    assert.deepEqual(reply.ok && reply.value, { count: 1 });
    assert.deepEqual(JSON.parse(kit.pushed[0]?.message ?? "").push.pub, {
      data: { event: "chat.message", data: { from: "ada", text: "hello" } },
      offset: 1,
    });
    await kit.command(chat, "chat.private", { input: { to: "bob", text: "psst" } });
    assert.deepEqual(kit.pushed[1]?.audience, { principals: ["bob"] });
    assert.deepEqual(await kit.state(chat), { count: 1, present: [] });
    const other = await kit.command(chat, "other", { input: { n: 1 } });
    assert.deepEqual(other.ok && other.value, { unhandled: "other" });
  });

  it("lets nobody in whom it does not admit, and asks the rules of messages and channels besides", async () => {
    const { room } = createChat();
    await using kit = await openActorKit({ definitions: [room] });
    const mallory = testUser("mallory", ["admin"]);
    const admin = testUser("root", ["admin"]);
    assert.equal(
      code(await kit.command(chat, "chat.message", { as: mallory, input: { text: "x" } })),
      "PERMISSION_DENIED",
    );
    assert.equal(code(await kit.read(chat, "subscribe", { as: mallory })), "PERMISSION_DENIED");
    assert.equal(
      code(await kit.read(chat, "subscribe", { as: mallory, input: { channel: "staff" } })),
      "PERMISSION_DENIED",
    );
    assert.equal(code(await kit.read(chat, "subscribe", { input: { channel: "staff" } })), "PERMISSION_DENIED");
    assert.equal(code(await kit.read(chat, "subscribe", { as: admin, input: { channel: "staff" } })), "");
    assert.equal(code(await kit.command(chat, "clear")), "PERMISSION_DENIED");
    assert.equal(code(await kit.command(chat, "clear", { as: admin })), "");
    assert.equal(code(await kit.command(chat, "unknown")), "ACTION_NOT_FOUND");
  });

  // The project this facade follows runs its wildcard handlers after the named ones, so that the limits its documentation
  // puts there limit nothing.
  it("runs handlers of every message first, and lets them stop it", async () => {
    const { room } = createChat();
    const seen: string[] = [];
    const limit = ({ frame, meta }: { frame: { type: string }; meta: ConnectionMeta }) => {
      seen.push(frame.type);
      if (meta.userId === "spammer") return deny(problems.RATE_LIMIT_EXCEEDED, { retryAfter: 5 });
      return meta.userId === "muted" ? false : undefined;
    };
    room.on("*", limit);
    await using kit = await openActorKit({ definitions: [room] });
    const say = (as: string) => kit.command(chat, "chat.message", { input: { text: "x" }, as });
    assert.equal(code(await say("spammer")), "RATE_LIMIT_EXCEEDED");
    assert.equal(code(await say("muted")), "PERMISSION_DENIED");
    assert.equal(code(await say("ada")), "");
    assert.equal(kit.pushed.length, 1);
    assert.deepEqual(seen, ["chat.message", "chat.message", "chat.message"]);
    room.off("*", limit);
    assert.equal(code(await say("spammer")), "");
    room.off("chat.message");
    const reply = await say("ada");
    assert.deepEqual(reply.ok && reply.value, { unhandled: "chat.message" });
  });

  // There, what a handler throws at once is swallowed and never reaches `onError`, and clients wait for ever.
  it("tells onError of whatever handlers throw, and clients a code", async () => {
    const { room, errors } = createChat();
    await using kit = await openActorKit({ definitions: [room] });
    const fail = (how: string) => kit.command(chat, "broken", { input: { how } });
    assert.equal(code(await fail("now")), "INTERNAL_ERROR");
    assert.equal(code(await fail("later")), "INTERNAL_ERROR");
    assert.equal(code(await fail("denied")), "STATE_CONFLICT");
    assert.deepEqual(errors, [
      ["now", "ada"],
      ["later", "ada"],
      ["denied", "ada"],
    ]);
    assert.deepEqual(kit.kit.reported.map(String), ["TypeError: now", "TypeError: later"]);
  });

  it("is told who comes and goes", async () => {
    const { room } = createChat();
    await using kit = await openActorKit({ definitions: [room] });
    const address = { tenant: "acme", type: "chat", key: ["lobby"] };
    const tell = (command: string) => {
      const input = { channel: "default", connection: "c1" };
      return kit.actors.perform(address, kit.actors.attemptOf(address, { command, principal: testUser("ada"), input }));
    };
    assert.equal(code(await tell("joined")), "");
    assert.deepEqual(await kit.state(chat), { count: 0, present: ["ada c1 default"] });
    assert.equal(code(await tell("left")), "");
    assert.deepEqual(await kit.state(chat), { count: 0, present: [] });
  });

  it("is reached from the server's own code by a stub", async () => {
    const { room } = createChat();
    await using kit = await openActorKit({ definitions: [room] });
    const members = [
      { client: "c1", user: "ada" },
      { client: "c2", user: "ada" },
      { client: "c3", user: "bob" },
    ];
    // Who is where is the business of other parts; a stub only asks.
    const presence = {
      members: (key: unknown) => {
        said.push(key);
        return Promise.resolve(members);
      },
      stats: () => Promise.resolve({ clients: 3, users: 2 }),
    };
    const stub = roomStub(
      { actors: kit.actors, desk: kit.actors, presence },
      { tenant: "acme", type: "chat", key: ["lobby"] },
    );
    const message = { event: "chat.message", data: { from: "us", text: "closing" } };
    for (const outcome of [await stub.emitToChannel("staff", message), await stub.emitToUser("bob", message)]) {
      assert.equal(code(outcome), "");
    }
    assert.equal(code(await stub.emitToChannel("nowhere", message)), "INTERNAL_ERROR");
    assert.deepEqual(
      kit.pushed.map(({ channel, audience }) => [channel, audience?.principals]),
      [
        ["chat:lobby:staff", undefined],
        ["chat:lobby", ["bob"]],
      ],
    );
    assert.equal(await stub.getSessionCount(), 3);
    assert.deepEqual(await stub.getConnectedUserIds("staff"), ["ada", "bob"]);
    assert.equal((await stub.getUserSessions("ada")).length, 2);
    assert.deepEqual(said, [
      { tenant: "acme", channel: "chat:lobby:staff" },
      { tenant: "acme", channel: "chat:lobby" },
    ]);
    assert.equal(code(await stub.kick("bob")), "");
    assert.equal(code(await stub.close()), "");
    assert.equal(await kit.record(chat), undefined);
  });
});
