/**
 * Defects of the project whose words `defineRoom` takes over, as found by reading it: each is tried at a whole server over
 * real sockets. These are about who comes in, and how; the numbers are those of the list.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { actor } from "../../realtime/actor/actor.ts";
import { closeCode, eventually, frame, upgrade } from "../../testing/line-client.ts";
import { SignedInPage, startRealtimeSite } from "../../testing/realtime-site.ts";
import { RoomConnection, upgradeStatus } from "../../testing/room-connection.ts";

/** All that is tried comes from here, and would be banned soon. */
const PLENTY = { realtime: { lines: { opening: 10_000 } }, limits: { trustedCidrs: ["127.0.0.1/32"] } };
const LOBBY = { type: "room", key: ["lobby"] };

/*
 * 1. There every upgrade is accepted, and who is there is found out afterwards: a bad token gets 101 and a connection before
 * it is closed, and the hook for errors is skipped. Whoever tries tokens has sockets, memory and code of the room meanwhile.
 */
describe("a bad credential with an upgrade (defect 1)", () => {
  it("gets a status and never 101", async () => {
    await using site = await startRealtimeSite({ settings: PLENTY });
    const { origin } = site;
    const cookie = "gatehouse=forged";
    const own = { origin, "sec-fetch-site": "same-origin" };
    const tries = {
      "a token nobody has given": { headers: { authorization: "Bearer nonsense" } },
      "an expired token": { headers: { authorization: `Bearer user-ada~${Date.now() - 1_000}` } },
      "a ticket nobody has given": { headers: { "sec-websocket-protocol": "centrifuge-json, ticket.AAAA" } },
      "a page elsewhere": { headers: { origin: "https://evil.example", cookie } },
    };
    const statuses: number[] = [];
    for (const asked of Object.values(tries)) statuses.push(await upgradeStatus(origin, asked));
    deepEqual(statuses, [401, 401, 401, 403]);
    equal(site.realtime.connections.stats().opened, 0, "no connection was ever made");
    equal(await upgradeStatus(origin, { headers: { ...own, authorization: "Bearer user-ada" } }), 101);
  });

  it("in the first message gets one error and the end, and reaches no actor", async () => {
    await using site = await startRealtimeSite({ settings: PLENTY });
    using connection = await RoomConnection.open(site.origin);
    const rpc = { method: "room.say", data: { key: ["lobby"], input: { text: "let in?" } } };
    connection.say({ id: 1, connect: { token: "nonsense" } }, { id: 2, rpc });
    equal(await connection.closed, 3005);
    deepEqual(
      connection.told.map(({ id, error }) => [id, error?.code]),
      [[1, 109]],
    );
    using ada = await RoomConnection.connect(site.origin, "user-ada");
    deepEqual((await ada.call(LOBBY, "say", { text: "first" }))["rpc"], { data: { number: 1 } });
  });
});

/* 2. There the address says which channels a connection hears, and under whose name: `?channels=staff&userId=root`. */
describe("channels and names in the address (defect 2)", () => {
  it("are not read: a connection hears what it has subscribed to, as whom its credential names", async () => {
    await using site = await startRealtimeSite({ settings: PLENTY });
    using eve = await RoomConnection.open(site.origin, {
      query: "?channels=default,staff,room:lobby:staff&userId=staff-root&clientId=x",
    });
    await eve.ask({ connect: { token: "user-eve", data: { channels: ["room:lobby:staff"], userId: "staff-root" } } });
    using staff = await RoomConnection.connect(site.origin, "user-staff-sue");
    await staff.ask({ subscribe: { channel: "room:lobby:staff" } });
    equal((await eve.ask({ subscribe: { channel: "room:lobby:staff" } })).error?.code, 103);
    await staff.call(LOBBY, "note", { note: "for staff alone" });
    await staff.call(LOBBY, "say", { text: "for all" });
    await staff.until(() => staff.published("room:lobby:staff").length === 1);
    // Everything that eve was told before this answer.
    await eve.ask({ ping: {} });
    deepEqual(
      eve.told.filter(({ push }) => push !== undefined),
      [],
    );
    await eve.ask({ subscribe: { channel: "room:lobby" } });
    const { presence } = (await eve.ask({ presence: { channel: "room:lobby" } }))["presence"] as {
      presence: Record<string, { user: string }>;
    };
    deepEqual(
      Object.values(presence).map(({ user }) => user),
      ["eve"],
    );
  });
});

/*
 * 6. There the bound on connections is looked at before the newcomer counts, allows one too many, lets any number pass that
 * come at once, and keeps the session that it has refused. A room of a thousand is filled by nobodies.
 */
describe("the bound on connections (defect 6)", () => {
  it("of a user is exact for those who come at once, and keeps nothing of those it refuses", async () => {
    await using site = await startRealtimeSite({
      settings: { ...PLENTY, realtime: { lines: { opening: 10_000, perUser: 5 } } },
    });
    const { origin } = site;
    const all = await Promise.all(Array.from({ length: 20 }, () => RoomConnection.connect(origin, "user-ada")));
    const inside = all.filter(({ answer }) => answer.error === undefined);
    equal(inside.length, 5);
    deepEqual([...new Set(all.flatMap(({ answer }) => answer.error?.code ?? []))], [111]);
    await eventually(() => site.realtime.connections.list(100).length === 5, "the refused are gone");
    inside[0]?.[Symbol.dispose]();
    await eventually(() => site.realtime.connections.list(100).length === 4);
    const next = await RoomConnection.connect(origin, "user-ada");
    equal(next.answer.error, undefined);
    for (const connection of [...all, next]) connection[Symbol.dispose]();
  });

  it("of an actor is exact for those who come at once", async () => {
    const tiny = actor("room", {
      ...{ key: ["name"], state: z.object({}), initial: () => ({}), commands: {}, maxConnections: 3 },
      channels: { default: { canSubscribe: () => true, presence: true } },
    });
    await using site = await startRealtimeSite({ actors: [tiny], settings: PLENTY });
    const users = Array.from({ length: 12 }, (_, index) => `user-u${index}`);
    const all = await Promise.all(users.map((user) => RoomConnection.connect(site.origin, user)));
    const answers = await Promise.all(all.map((one) => one.ask({ subscribe: { channel: "room:lobby" } })));
    equal(answers.filter(({ error }) => error === undefined).length, 3);
    deepEqual([...new Set(answers.flatMap(({ error }) => error?.code ?? []))], [111]);
    const inside = all.find((_, index) => answers[index]?.error === undefined);
    deepEqual((await inside?.ask({ presence_stats: { channel: "room:lobby" } }))?.["presence_stats"], {
      num_clients: 3,
      num_users: 3,
    });
    for (const connection of all) connection[Symbol.dispose]();
  });
});

/* 10. There messages that arrive before the hook of a new connection has finished are lost, and nobody is told. */
describe("messages that come before it is known who is there (defect 10)", () => {
  it("wait, and are carried out in their order", async () => {
    await using site = await startRealtimeSite({
      settings: PLENTY,
      realtime: { authorise: async () => delay(300, true) },
    });
    using ada = await RoomConnection.open(site.origin);
    const say = (id: number) => ({
      id,
      rpc: { method: "room.say", data: { key: ["lobby"], input: { text: `${id}` } } },
    });
    ada.say({ id: 1, connect: { token: "user-ada" } }, { id: 2, subscribe: { channel: "room:lobby" } }, say(3));
    ada.say(say(4));
    deepEqual((await ada.replyTo(4))["rpc"], { data: { number: 2 } });
    await ada.until(() => ada.published("room:lobby").length === 2);
    deepEqual(
      ada.told.flatMap(({ id, error }) => (id === undefined ? [] : [[id, error]])),
      [1, 2, 3, 4].map((id) => [id, undefined]),
    );
  });
});

/* 12. There a ping is answered before anybody asks who sends it, and as often as it comes: a free amplifier for strangers. */
describe("signs of life of strangers (defect 12)", () => {
  it("are not answered before it is known who sends them, and a flood of them ends a connection", async () => {
    await using site = await startRealtimeSite({ settings: PLENTY });
    for (const early of ["{}", '{"id":1,"ping":{}}', '{"type":"ping"}']) {
      using stranger = await RoomConnection.open(site.origin);
      stranger.say(early);
      equal(await stranger.closed, 3501);
      deepEqual(stranger.told, []);
    }
    using ada = await RoomConnection.connect(site.origin, "user-ada");
    for (let round = 0; round < 60; round += 1) ada.say(...Array.from({ length: 100 }, () => "{}"));
    equal(await ada.closed, 3013);
    await using raw = await upgrade(Number(new URL(site.origin).port), {
      headers: { host: new URL(site.origin).host },
    });
    raw.socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame("x", { opcode: 9 }))));
    await eventually(() => closeCode(raw.received()) === 3013, "a flood of control frames");
    ok(raw.received().filter((byte) => byte === 0x8a).length <= 20);
  });
});

/* 13. There the log of a developer has whole addresses, with the tokens in them. Whoever reads the log is everybody in it. */
describe("what is logged (defect 13)", () => {
  it("has no token, cookie, ticket, address or message, whatever was shown where and how it went", async () => {
    const written: string[] = [];
    const log = { write: (text: string) => written.push(text) > 0 };
    await using site = await startRealtimeSite({ settings: PLENTY, log });
    const { origin } = site;
    const page = new SignedInPage(origin);
    await page.post("/enter", { name: "ada" });
    const secrets = [
      "secret-in-address",
      "secret-in-header",
      "secret-in-frame",
      "secret-in-ticket",
      "secret-in-message",
    ];
    const [address = "", header = "", token = "", ticket = "", message = ""] = secrets;
    await upgradeStatus(origin, { query: `?token=${address}` });
    await upgradeStatus(origin, { headers: { authorization: `Bearer ${header}` } });
    await upgradeStatus(origin, { headers: { "sec-websocket-protocol": `centrifuge-json, ticket.${ticket}` } });
    using refused = await RoomConnection.connect(origin, token);
    using ticketed = await RoomConnection.connect(origin, `ticket.${ticket}`);
    using ada = await RoomConnection.connect(origin, `user-ada~${Date.now() + 60_000}`);
    await ada.call(LOBBY, "say", { text: message });
    await ada.call(LOBBY, "say", { text: message, [message]: 7 });
    await ada.call(LOBBY, "note", { note: message });
    ada.say(`{"garbage": "${message}`);
    await Promise.all([refused.closed, ticketed.closed, ada.closed]);
    const text = written.join("\n");
    ok(text.includes("room.say"), "something was logged");
    const cookie = page.cookie.split("=")[1] ?? "";
    ok(cookie.length > 20);
    for (const secret of [...secrets, cookie, "user-ada~", "/connection/websocket"]) ok(!text.includes(secret), secret);
  });
});
