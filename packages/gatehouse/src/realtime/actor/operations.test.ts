import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import * as z from "zod";
import type { Outcome } from "../../kernel/outcome.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { testUser } from "../../testing/gate-kit.ts";
import { actor } from "./actor.ts";
import { AmbiguousTargetError } from "./emit.ts";
import { isSecret, secret, type Secret } from "./secret.ts";

const fired: string[] = [];
let broken = false;

const party = actor("party", {
  key: ["event"],
  state: z.object({
    present: z.array(z.string()),
    rounds: z.number(),
    pin: z.custom<Secret<string>>(isSecret).optional(),
    nested: z.array(z.object({ key: z.custom<Secret<{ deep: number }>>(isSecret) })).optional(),
  }),
  initial: () => ({ present: [], rounds: 0 }),
  channels: {
    default: { canSubscribe: ({ principal }) => principal.type === "user", joinLeave: true, presence: true },
    lobby: { canSubscribe: () => true },
  },
  events: {
    round: { schema: z.object({ n: z.number() }) },
    wave: {
      schema: z.object({ from: z.string() }),
      channel: "lobby",
      volatile: true,
      coalesce: true,
      tellsSender: true,
    },
  },
  info: ({ principal }) => ({ name: principal.id.toUpperCase() }),
  timers: {
    round: {
      payload: z.object({ n: z.number() }),
      handler: ({ payload, state, emit }) => {
        fired.push(`round ${payload.n}`);
        if (broken) throw new RangeError("broken");
        state.rounds = payload.n;
        emit("round", { n: payload.n });
      },
    },
  },
  joined: ({ state, principal, connection, channel }) =>
    void state.present.push(`${principal.id} ${connection} ${channel}`),
  left: ({ state, principal }) => {
    state.present = state.present.filter((one) => !one.startsWith(principal.id));
  },
  commands: {
    schedule: {
      input: z.object({ in: z.number(), n: z.number() }),
      policy: "public",
      handler: ({ input, timers }) => timers.set("round", { in: input.in }, { n: input.n }),
    },
    cancel: { input: z.object({}), policy: "public", handler: ({ timers }) => timers.clear("round") },
    refuse: {
      input: z.object({}),
      policy: "public",
      handler: ({ timers }) => {
        timers.set("round", { in: 0 }, { n: 99 });
        throw new RangeError("taken back");
      },
    },
    hide: {
      input: z.object({ pin: z.string() }),
      policy: "public",
      handler: ({ state, input }) => {
        state.pin = secret(input.pin);
        state.nested = [{ key: secret({ deep: 7 }) }];
      },
    },
    count: { input: z.object({}), policy: "public", handler: ({ state }) => void (state.rounds += 1) },
    reveal: {
      input: z.object({}),
      policy: "public",
      handler: ({ state }) => [state.pin?.reveal(), state.nested?.[0]?.key.reveal().deep],
    },
    leak: { input: z.object({}), policy: "public", handler: ({ state }) => state.pin },
    to: {
      input: z.object({ target: z.string() }),
      policy: "public",
      handler: ({ input, emit }) => emit.to(input.target).emit("wave", { from: "me" }),
    },
    wrong: {
      input: z.object({}),
      policy: "public",
      // Types refuse it; a program that is not checked can do it all the same.
      handler: ({ emit }) => emit("round", { n: "one" } as unknown as { n: number }),
    },
  },
});

const e1 = ["party", "e1"];

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}
function value(outcome: Outcome): unknown {
  assert.ok(outcome.ok, code(outcome));
  return outcome.value;
}

describe("timers of actors", () => {
  it("run once, when they are due, by the last time they were set to", async () => {
    fired.length = 0;
    await using kit = await openActorKit({ definitions: [party] });
    kit.actors.start();
    await kit.command(e1, "schedule", { input: { in: 5000, n: 1 } });
    await kit.command(e1, "schedule", { input: { in: 10_000, n: 2 } });
    assert.equal(code(await kit.command(e1, "refuse")), "INTERNAL_ERROR");
    await kit.clock.advance(9000);
    assert.deepEqual(fired, []);
    await kit.clock.advance(3000);
    assert.deepEqual(fired, ["round 2"]);
    await kit.clock.advance(60_000);
    assert.deepEqual(fired, ["round 2"]);
    assert.deepEqual(
      kit.pushed.map(({ position }) => position?.offset),
      [1],
    );
    const [row] = await kit.kit.auditRows({ action: "party.timer" });
    assert.equal(row?.actor.type, "system");
  });

  it("do nothing once they were cleared", async () => {
    fired.length = 0;
    await using kit = await openActorKit({ definitions: [party] });
    await kit.command(e1, "schedule", { input: { in: 5000, n: 1 } });
    await kit.command(e1, "cancel");
    kit.actors.start();
    await kit.clock.advance(20_000);
    assert.deepEqual(fired, []);
  });

  it("are tried again when they fail, ever less often, and are not lost", async () => {
    fired.length = 0;
    broken = true;
    await using kit = await openActorKit({ definitions: [party] });
    kit.actors.start();
    await kit.command(e1, "schedule", { input: { in: 0, n: 1 } });
    await kit.clock.advance(20_000);
    const tries = fired.length;
    assert.ok(tries >= 3 && tries <= 7, `${tries} tries in 20 seconds`);
    broken = false;
    await kit.clock.advance(60_000);
    assert.equal(fired.length, tries + 1);
    assert.equal(kit.pushed.length, 1);
  });

  it("of a type that is not known here are put off and told of", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    const address = { tenant: "acme", type: "gone", key: ["x"] };
    await kit.store.write((transaction) =>
      kit.records.setTimer(transaction, address, { name: "end", dueAt: 0, payload: "" }),
    );
    kit.actors.start();
    await kit.clock.advance(5000);
    assert.equal(kit.kit.events.filter(({ name }) => name === "actor_timer_unknown").length, 1);
    const left = await kit.store.read((reading) => kit.records.dueTimers(reading, "first", Number.MAX_SAFE_INTEGER, 9));
    assert.equal(left.length, 1);
  });
});

describe("secrets in the state of actors", () => {
  it("are sealed before the state is stored, and open in later turns", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    await kit.command(e1, "hide", { input: { pin: "4711" } });
    const stored = (await kit.record(e1))?.state ?? "";
    assert.ok(!stored.includes("4711") && !stored.includes("deep"), stored);
    assert.deepEqual(value(await kit.command(e1, "reveal")), ["4711", 7]);
    await kit.command(e1, "count");
    const later = (await kit.record(e1))?.state ?? "";
    assert.deepEqual(JSON.parse(later).secrets, JSON.parse(stored).secrets, "nothing is sealed again that stays");
    assert.deepEqual(value(await kit.command(e1, "reveal")), ["4711", 7]);
  });

  it("open in their own actor alone", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    await kit.command(e1, "hide", { input: { pin: "4711" } });
    const { state = "", offsets = "" } = (await kit.record(e1)) ?? {};
    await kit.command(["party", "e2"], "count");
    await kit.store.write(async (transaction) => {
      const address = { tenant: "acme", type: "party", key: ["e2"] };
      const record = await kit.records.find(transaction, address);
      assert.ok(record !== undefined);
      await kit.records.save(transaction, address, record, { state, offsets });
    });
    assert.equal(code(await kit.command(["party", "e2"], "reveal")), "INTERNAL_ERROR");
  });

  it("show themselves to nobody", async () => {
    const pin = secret("4711");
    assert.ok(!`${inspect({ pin })} ${String(pin)}`.includes("4711"));
    assert.throws(() => JSON.stringify({ pin }), TypeError);
    await using kit = await openActorKit({ definitions: [party] });
    await kit.command(e1, "hide", { input: { pin: "4711" } });
    const outcome = await kit.command(e1, "leak", { id: "leak" });
    assert.ok(!JSON.stringify(outcome.ok ? "" : outcome).includes("4711"));
    assert.equal(code(outcome), "INTERNAL_ERROR");
  });
});

describe("emitting", () => {
  it("by `to` refuses texts that could be a channel as well as a principal, or are neither", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    const to = (target: string, as = "ada") => kit.command(e1, "to", { input: { target }, as, connection: "c1" });
    assert.equal(code(await to("lobby")), "");
    assert.deepEqual(
      kit.pushed.map(({ except, coalesce }) => [except, coalesce]),
      [[["c1"], "wave c1"]],
    );
    assert.equal(code(await to("lobby", "lobby")), "INTERNAL_ERROR");
    assert.equal(code(await to("bob")), "INTERNAL_ERROR");
    assert.ok(kit.kit.reported.every((error) => error instanceof AmbiguousTargetError));
    assert.equal(kit.pushed.length, 1);
  });

  it("tells who it was where the event says so", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    await kit.command(e1, "to", { input: { target: "lobby" }, connection: "c1" });
    assert.deepEqual(JSON.parse(kit.pushed[0]?.message ?? "").push.pub.info, {
      user: "ada",
      client: "c1",
      conn_info: { name: "ADA" },
    });
  });

  it("holds events against their schemas during development", async () => {
    for (const [profile, expected] of [
      ["development", "INTERNAL_ERROR"],
      ["production", ""],
    ] as const) {
      await using kit = await openActorKit({ definitions: [party], profile });
      assert.equal(code(await kit.command(e1, "wrong")), expected);
      assert.equal(kit.pushed.length, profile === "production" ? 1 : 0);
    }
  });
});

describe("operations of the server", () => {
  it("emit, close and throw out, and cannot be reached over a connection", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    value(await kit.operate(e1, "emit", { event: "round", data: { n: 5 } }));
    value(await kit.operate(e1, "emit", { event: "round", data: { n: 6 }, user: "bob" }));
    value(await kit.operate(e1, "kick", { user: "bob" }));
    value(await kit.operate(e1, "close"));
    assert.deepEqual(
      kit.pushed.map(({ kind, channel, audience }) => [kind, channel, audience?.principals]),
      [
        ["publication", "party:e1", undefined],
        ["publication", "party:e1", ["bob"]],
        ["unsubscribe", "party:e1", ["bob"]],
        ["unsubscribe", "party:e1:lobby", ["bob"]],
        ["unsubscribe", "party:e1", undefined],
        ["unsubscribe", "party:e1:lobby", undefined],
      ],
    );
    for (const name of ["emit", "close", "kick", "timer", "joined", "left"]) {
      assert.equal(code(await kit.command(e1, name)), "ACTION_NOT_FOUND");
    }
    const address = { tenant: "acme", type: "party", key: ["e1"] };
    const asUser = kit.actors.attemptOf(address, { command: "close", principal: testUser("ada", ["admin"]) });
    assert.equal(code(await kit.actors.perform(address, asUser)), "PERMISSION_DENIED");
  });

  it("emit once under a key, although the answer was lost and it is asked for again", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    const address = { tenant: "acme", type: "party", key: ["e1"] };
    const emit = { command: "emit", input: { event: "round", data: { n: 5 } }, idempotencyKey: "of-the-operator-0001" };
    for (let time = 0; time < 2; time += 1) {
      value(await kit.actors.perform(address, kit.actors.attemptOf(address, emit)));
    }
    assert.equal(kit.pushed.length, 1);
  });

  it("tell the actor who joins and leaves", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    assert.equal(kit.actors.attends("party", "joined"), true);
    const address = { tenant: "acme", type: "party", key: ["e1"] };
    const tell = (command: string) =>
      kit.actors.perform(
        address,
        kit.actors.attemptOf(address, {
          command,
          principal: testUser("ada"),
          input: { channel: "default", connection: "c1" },
        }),
      );
    value(await tell("joined"));
    assert.deepEqual(await kit.state(e1), { present: ["ada c1 default"], rounds: 0 });
    value(await tell("left"));
    assert.deepEqual(await kit.state(e1), { present: [], rounds: 0 });
  });

  it("tell subscribers what everybody may know of them, and what the channel offers", async () => {
    await using kit = await openActorKit({ definitions: [party] });
    const subscribed = async (channel: string) => value(await kit.read(e1, "subscribe", { input: { channel } }));
    const { epoch, ...rest } = (await subscribed("default")) as { epoch: string };
    assert.deepEqual(rest, {
      ...{ offset: 0, recoverable: true, recovered: false, publications: [] },
      ...{ joinLeave: true, presence: true, info: { name: "ADA" } },
    });
    assert.deepEqual(await subscribed("lobby"), { ...rest, epoch, joinLeave: false, presence: false });
    assert.deepEqual(value(await kit.read(e1, "presence")), {});
  });
});
