/**
 * Whoever was let in once stays in for as long as the connection lasts, where nobody looks again: after the session was
 * ended, the token expired or the right was withdrawn.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { testUser } from "../../testing/gate-kit.ts";
import { createRealtimeKit, type RealtimeKit } from "../../testing/realtime-kit.ts";
import type { MemoryLine } from "../../testing/realtime-line.ts";

async function byToken(kit: RealtimeKit, token: string): Promise<MemoryLine> {
  const line = kit.open();
  await kit.ask(line, { connect: { token } });
  return line;
}

describe("a session that has ended", () => {
  it("ends its connection at the next beat", async () => {
    await using kit = await createRealtimeKit();
    const session = kit.gate.signIn("ann");
    const line = await kit.connect("ann", { session });
    await kit.pass(line, 60_000);
    equal(line.ended, undefined);
    kit.gate.signOut(session);
    await kit.pass(line, 26_000);
    equal(line.code, 3500);
    ok(kit.gate.events.some(({ name, actor }) => name === "connection_ended" && actor.id === "ann"));
  });

  it("ends its connection at once where that is told, and no other", async () => {
    await using kit = await createRealtimeKit();
    const session = kit.gate.signIn("ann");
    const lines = [
      await kit.connect("ann", { session }),
      await kit.connect("ann", { session }),
      await kit.connect("ann"),
    ];
    kit.gate.signOut(session);
    await kit.connections.refresh({ session: session.principal.session ?? "" });
    deepEqual(
      lines.map(({ code }) => code),
      [3500, 3500, undefined],
    );
  });

  it("ends a connection that is being let in meanwhile", async () => {
    await using kit = await createRealtimeKit();
    const session = kit.gate.signIn("ann");
    const attempt = kit.gate.gate.attempt.bind(kit.gate.gate);
    kit.gate.gate.attempt = async (made, receive) => {
      const outcome = await attempt(made, receive);
      // The gate has found the session; then it ends, and nobody knows yet whom the connection belongs to.
      if (made.action === "realtime.connect") {
        kit.gate.signOut(session);
        await kit.connections.refresh({ session: session.principal.session ?? "" });
      }
      return outcome;
    };
    const line = kit.open({ session });
    line.say({ id: 1, connect: {} });
    await kit.settle();
    equal(
      line.told.some(({ connect }) => connect !== undefined),
      false,
    );
    equal(line.code, 3500);
  });

  it("is not kept alive by a connection on which nobody does anything", async () => {
    await using kit = await createRealtimeKit();
    const passive: unknown[] = [];
    const attempt = kit.gate.gate.attempt.bind(kit.gate.gate);
    kit.gate.gate.attempt = (made, receive) => {
      if (made.action === "realtime.renew") passive.push(made.passive);
      return attempt(made, receive);
    };
    const line = await kit.connect("ann");
    await kit.pass(line, 26_000);
    await kit.ask(line, { rpc: { method: "room.say", data: { key: ["a"], input: { text: "x" } } } });
    await kit.pass(line, 50_000);
    deepEqual(passive.slice(0, 3), [true, undefined, true]);
  });
});

describe("a token", () => {
  it("says until when it is good, is replaced in time, and policies run again", async () => {
    await using kit = await createRealtimeKit();
    const now = kit.gate.clock.now();
    kit.rooms.closed.add("vault");
    kit.tokens.set("first", { principal: testUser("ann", ["vault"]), expiresAt: now + 60_000 });
    kit.tokens.set("second", { principal: testUser("ann", []), expiresAt: now + 600_000 });
    const line = kit.open();
    const { connect } = await kit.ask(line, { connect: { token: "first" } });
    const { expires, ttl } = connect as Record<string, unknown>;
    deepEqual([expires, ttl], [true, 54]);
    for (const channel of ["room:vault", "room:a"]) ok((await kit.ask(line, { subscribe: { channel } }))["subscribe"]);
    await kit.pass(line, 54_000);
    const { refresh } = await kit.ask(line, { refresh: { token: "second" } });
    equal((refresh as Record<string, unknown>)["ttl"], 536);
    await kit.settle();
    const ended = line.told.filter(({ push }) => push?.["unsubscribe"] !== undefined);
    deepEqual(
      ended.map(({ push }) => push),
      [{ channel: "room:vault", unsubscribe: { code: 2001, reason: "permission denied" } }],
    );
    await kit.pass(line, 60_000);
    equal(line.ended, undefined);
    deepEqual((await kit.ask(line, { rpc: { method: "room.state", data: { key: ["a"] } } }))["rpc"], {
      data: { said: 0, channel: "default" },
    });
  });

  it("that has expired lets nothing be done until it is replaced, and then ends the connection, which may come back", async () => {
    await using kit = await createRealtimeKit();
    const expiresAt = kit.gate.clock.now() + 60_000;
    kit.tokens.set("first", { principal: testUser("ann"), expiresAt });
    const line = await byToken(kit, "first");
    await kit.pass(line, 61_000);
    equal(line.ended, undefined);
    equal((await kit.ask(line, { subscribe: { channel: "room:a" } })).error?.code, 109);
    equal((await kit.ask(line, { refresh: { token: "first" } })).error?.code, 109);
    kit.tokens.set("second", { principal: testUser("ann"), expiresAt: expiresAt + 60_000 });
    ok((await kit.ask(line, { refresh: { token: "second" } }))["refresh"]);
    ok((await kit.ask(line, { subscribe: { channel: "room:a" } }))["subscribe"]);
    await kit.pass(line, 59_000 + 24_000);
    equal(line.ended, undefined);
    await kit.pass(line, 3_000);
    equal(line.code, 3005);
  });

  it("of somebody else does not take over a connection", async () => {
    await using kit = await createRealtimeKit();
    kit.tokens.set("ann", { principal: testUser("ann") });
    kit.tokens.set("eve", { principal: testUser("eve") });
    const line = await byToken(kit, "ann");
    line.say({ id: 1, refresh: { token: "eve" } });
    await kit.settle();
    equal(line.code, 3500);
  });

  it("does not wait for a command that takes long", async () => {
    await using kit = await createRealtimeKit();
    kit.tokens.set("ann", { principal: testUser("ann") });
    const line = await byToken(kit, "ann");
    const { promise, resolve } = Promise.withResolvers<void>();
    kit.rooms.waiting = promise;
    line.say({ id: 1, rpc: { method: "room.wait", data: { key: ["a"] } } });
    ok((await kit.ask(line, { refresh: { token: "ann" } }))["refresh"]);
    resolve();
    await kit.settle();
  });

  it("that is forged is refused for good, one that is too old asks for another", async () => {
    await using kit = await createRealtimeKit();
    const claims = (exp: number): string => `h.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.s`;
    const seconds = kit.gate.clock.now() / 1_000;
    for (const [token, error, code] of [
      [claims(seconds + 60), 101, 3500],
      [claims(seconds - 60), 109, 3005],
    ] as const) {
      const line = kit.open();
      equal((await kit.ask(line, { connect: { token } })).error?.code, error);
      equal(line.code, code);
    }
  });

  it("beside a session of somebody else lets nobody in", async () => {
    await using kit = await createRealtimeKit();
    kit.tokens.set("eve", { principal: testUser("eve") });
    const line = kit.open({ session: kit.gate.signIn("ann") });
    equal((await kit.ask(line, { connect: { token: "eve" } })).error?.code, 109);
    ok(line.ended);
  });
});

describe("a right that was withdrawn", () => {
  it("ends subscriptions at the next look, and leaves the others", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.closed.add("vault");
    kit.tokens.set("ann", { principal: testUser("ann", ["vault"]) });
    const line = await byToken(kit, "ann");
    for (const channel of ["room:vault", "room:a"]) await kit.ask(line, { subscribe: { channel } });
    kit.tokens.set("ann", { principal: testUser("ann") });
    await kit.pass(line, 26_000);
    await kit.settle();
    deepEqual(kit.connections.list(1)[0]?.channels, ["room:a"]);
    equal((await kit.ask(line, { subscribe: { channel: "room:vault" } })).error?.code, 103);
  });

  it("with an invitation ends what its guests hear, at once where that is told and else at the next look", async () => {
    for (const told of [true, false]) {
      await using kit = await createRealtimeKit();
      // The grant stays in the session of a guest; what it is worth is known elsewhere.
      kit.tokens.set("guest", { principal: testUser("guest", ["join-token:one"]) });
      const guest = await byToken(kit, "guest");
      const host = await kit.connect("host");
      for (const line of [guest, host]) await kit.ask(line, { subscribe: { channel: "room:party" } });
      kit.rooms.closed.add("party");
      if (told) await kit.connections.refresh({ invited: true });
      else await kit.pass(guest, 26_000);
      await kit.settle();
      const ended = guest.told.filter(({ push }) => push?.["unsubscribe"] !== undefined);
      deepEqual(
        ended.map(({ push }) => push),
        [{ channel: "room:party", unsubscribe: { code: 2001, reason: "permission denied" } }],
      );
      equal(host.told.filter(({ push }) => push?.["unsubscribe"] !== undefined).length, 0);
    }
  });

  it("is not kept by whoever nobody can ask about: the client subscribes again, and is asked then", async () => {
    await using kit = await createRealtimeKit();
    kit.rooms.closed.add("vault");
    kit.tokens.set("ann", { principal: testUser("ann", ["vault"]) });
    const line = await byToken(kit, "ann");
    await kit.ask(line, { subscribe: { channel: "room:vault" } });
    kit.tokens.set("ann", { principal: testUser("ann") });
    const { gate } = kit.gate;
    const { attempt } = gate;
    gate.attempt = (tried, ...more) =>
      tried.action === "room.subscribe" ? Promise.resolve(deny(problems.STORE_UNAVAILABLE)) : attempt(tried, ...more);
    await kit.connections.refresh({ tenant: "acme" });
    await kit.settle();
    gate.attempt = attempt;
    const ended = line.told.flatMap(({ push }) => push?.["unsubscribe"] ?? []);
    deepEqual(ended, [{ code: 2500, reason: "insufficient state" }]);
    kit.rooms.publish("room:vault", "for those who may");
    await kit.settle();
    ok(!JSON.stringify(line.told).includes("for those who may"));
    equal((await kit.ask(line, { subscribe: { channel: "room:vault" } })).error?.code, 103);
  });

  it("leaves a connection alone that was banned from nothing, and closes one that is banned", async () => {
    await using kit = await createRealtimeKit();
    const ann = await kit.connect("ann");
    const bob = await kit.connect("bob");
    const subject = { kind: "user", value: "acme/ann" } as const;
    await kit.gate.bans.add({ subject, reason: "test", duration: 60_000, violations: 0 });
    await kit.connections.refresh({ tenant: "acme" });
    deepEqual([ann.code, bob.code], [3503, undefined]);
  });
});

describe("who cannot be looked at", () => {
  it("stays for a few beats, and not for ever", async () => {
    await using kit = await createRealtimeKit();
    const line = await kit.connect("ann");
    kit.gate.gate.attempt = () => Promise.resolve(deny(problems.STORE_UNAVAILABLE));
    await kit.pass(line, 45_000);
    equal(line.ended, undefined);
    await kit.pass(line, 60_000);
    equal(line.code, 3004);
  });
});
