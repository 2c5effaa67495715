import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { RealtimeClient } from "../../realtime-client.ts";
import type { ContractOf } from "../../realtime/actor/contract.ts";
import type { SecurityEvent } from "../../kernel/event.ts";
import { startRealtimeSite, type RealtimeSite, type room } from "../../testing/realtime-site.ts";

type Room = ContractOf<typeof room>;

let site: RealtimeSite;
before(async () => {
  site = await startRealtimeSite({ settings: { realtime: { lines: { opening: 10_000 } } } });
});
after(() => site[Symbol.asyncDispose]());

async function arrive(user: string): Promise<RealtimeClient> {
  const as = async (): Promise<string> => `user-${user}`;
  const client = new RealtimeClient({ origin: site.origin, as, transports: ["websocket"] });
  await client.ready();
  return client;
}

interface Answer extends Readonly<Record<string, unknown>> {
  readonly code?: string;
  readonly detail?: string | undefined;
}

async function operate(action: string, input: unknown, tenant?: string): Promise<Answer> {
  const outcome = await site.server.gatehouse.operate(action, input, tenant);
  return outcome.ok ? Object(outcome.value) : { code: outcome.problem.code, detail: outcome.detail };
}

async function trail(name: string): Promise<readonly SecurityEvent[]> {
  const { events } = await operate("audit.list", { name, limit: 100 });
  // What the action answers.
  return events as readonly SecurityEvent[];
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const limit = performance.now() + 10_000; !(await isSo()); await delay(10)) {
    assert.ok(performance.now() < limit, "it never became so");
  }
}

describe("operators of realtime", () => {
  it("kick somebody out of one channel and leave the others", async () => {
    using ada = await arrive("staff-ada");
    const reasons: string[] = [];
    const lobby = ada.actor<Room>("room", ["lobby"]);
    const unsubscribed = ({ code }: { readonly code: number }): void => void reasons.push(`default ${code}`);
    using open = lobby.hear({ unsubscribed });
    using staff = lobby.hear({ unsubscribed: ({ code }) => void reasons.push(`staff ${code}`) }, { channel: "staff" });
    await Promise.all([open.ready(), staff.ready()]);
    const principal = { type: "user", id: "staff-ada" };
    const kicked = await operate("realtime.kick", { principal, channel: "room:lobby:staff" });
    assert.deepEqual(kicked, { connections: 1, silent: [] });
    await until(() => reasons.length > 0);
    assert.deepEqual(reasons, ["staff 2000"]);
    const [event] = await trail("connections_kicked");
    assert.equal(event?.target, "user:staff-ada");
    assert.deepEqual({ ...event?.context }, { channel: "room:lobby:staff", connections: 1 });
    const { code } = await operate("realtime.kick", { principal, channel: "nothing:lobby" });
    assert.equal(code, "NOT_FOUND");
    assert.equal((await operate("realtime.kick", {})).code, "VALIDATION_ERROR");
  });

  it("kick one connection by its name", async () => {
    using _ada = await arrive("kicked");
    const { connections } = await operate("realtime.connections", { principal: { type: "user", id: "kicked" } });
    // What the action answers.
    const [{ client } = { client: "" }] = connections as readonly { readonly client: string }[];
    assert.deepEqual(await operate("realtime.kick", { connection: client }), { connections: 1, silent: [] });
    assert.deepEqual(await operate("realtime.kick", { connection: client }), { connections: 0, silent: [] });
  });

  it("mute somebody: nothing is taken of them, commands and signals alike, and they still hear", async () => {
    using mallory = await arrive("mallory");
    using ada = await arrive("ada");
    const heard: string[] = [];
    const [hers, theirs] = [ada, mallory].map((client) => client.actor<Room>("room", ["quiet"]));
    assert.ok(hers !== undefined && theirs !== undefined);
    using channel = theirs.hear({ event: (_name, data) => void heard.push(JSON.stringify(data)) });
    await channel.ready();
    const principal = { type: "user", id: "mallory" };
    const input = { principal, actor: "room", minutes: 5, reason: "spam" };
    const { mute } = await operate("realtime.mute", input);
    await assert.rejects(theirs.send("say", { text: "buy" }), { code: "ACTOR_MUTED" });
    await assert.rejects(theirs.send("note", { note: "buy" }), { code: "ACTOR_MUTED" });
    await assert.rejects(theirs.send("typing", {}), { code: "ACTOR_MUTED" });
    await hers.send("say", { text: "peace" });
    await until(() => heard.length === 1);
    assert.deepEqual(heard, ['{"text":"peace","by":"ada"}']);
    const [muted] = await trail("principal_muted");
    assert.deepEqual(
      [muted?.target, { ...muted?.context }],
      ["user:mallory", { actor: "room", minutes: 5, reason: "spam" }],
    );
    // Refusals are written a moment after they were answered.
    await until(async () => (await trail("actor_mute_refused")).length === 3);
    const { id } = Object(mute);
    assert.equal((await operate("realtime.unmute", { id }, "elsewhere")).code, "NOT_FOUND");
    await operate("realtime.unmute", { id });
    assert.deepEqual(await theirs.send("say", { text: "sorry" }), { number: 2 });
    assert.equal((await trail("principal_unmuted"))[0]?.target, "user:mallory");
  });

  it("are told what they mistyped, and nothing comes to be", async () => {
    const principal = { type: "user", id: "ada" };
    for (const [actor, code] of [
      ["rom", "NOT_FOUND"],
      ["room:a:b", "VALIDATION_ERROR"],
      ["room:a b", "VALIDATION_ERROR"],
    ]) {
      assert.equal((await operate("realtime.mute", { principal, actor, reason: "x" })).code, code);
    }
    assert.equal((await operate("realtime.close-room", { actor: "room:nowhere" })).code, "NOT_FOUND");
    assert.equal((await operate("realtime.close-room", { actor: "room" })).code, "NOT_FOUND");
    const data = { text: "x", by: "y" };
    assert.equal(
      (await operate("realtime.broadcast", { actor: "room:nowhere", event: "said", data })).code,
      "NOT_FOUND",
    );
    assert.equal((await operate("realtime.close-room", { actor: "room:nowhere" })).code, "NOT_FOUND");
  });

  it("broadcast what the event carries, and nothing else", async () => {
    using ada = await arrive("ada");
    const heard: unknown[] = [];
    using channel = ada.actor<Room>("room", ["hall"]).hear({ event: (_name, data) => void heard.push(data) });
    await channel.ready();
    const actor = "room:hall";
    const unknown = await operate("realtime.broadcast", { actor, event: "shout", data: {} });
    assert.deepEqual(unknown, {
      code: "VALIDATION_ERROR",
      detail: "room has no event shout. It has: said, noted, typing.",
    });
    const other = await operate("realtime.broadcast", { actor, event: "said", data: { text: 7, by: "x" } });
    assert.equal(other.code, "VALIDATION_ERROR");
    assert.match(String(other.detail), /This is not what the event said carries: text: /);
    const data = { text: "Doors close", by: "the house" };
    assert.deepEqual(await operate("realtime.broadcast", { actor, event: "said", data }), { actor, event: "said" });
    await until(() => heard.length === 1);
    assert.deepEqual(heard, [data]);
    const [event] = await trail("room_broadcast");
    assert.deepEqual([event?.target, event?.context["event"]], [actor, "said"]);
  });

  it("close a room: whoever hears it hears why, and its state is gone", async () => {
    using ada = await arrive("ada");
    const reasons: string[] = [];
    const closing = ada.actor<Room>("room", ["closing"]);
    using channel = closing.hear({ unsubscribed: ({ reason }) => void reasons.push(reason) });
    await channel.ready();
    await closing.send("say", { text: "one" });
    assert.deepEqual(await operate("realtime.close-room", { actor: "room:closing" }), { actor: "room:closing" });
    await until(() => reasons.length === 1);
    assert.deepEqual(await closing.send("say", { text: "first again" }), { number: 1 });
    assert.equal((await trail("room_closed"))[0]?.target, "room:closing");
  });

  it("of another tenant see nobody of this one, and change nothing", async () => {
    using _ada = await arrive("tenant-ada");
    const principal = { type: "user", id: "tenant-ada" };
    const seen = await operate("realtime.connections", {}, "elsewhere");
    assert.deepEqual([seen["connections"], seen["heard"]], [[], []]);
    assert.deepEqual(await operate("realtime.kick", { principal }, "elsewhere"), { connections: 0, silent: [] });
    await operate("realtime.mute", { principal, actor: "room", reason: "x" }, "elsewhere");
    assert.deepEqual(await _ada.actor<Room>("room", ["tenant"]).send("say", { text: "hello" }), { number: 1 });
  });
});
