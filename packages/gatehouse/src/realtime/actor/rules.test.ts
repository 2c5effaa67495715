import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import type { Outcome } from "../../kernel/outcome.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { testUser } from "../../testing/gate-kit.ts";
import { actor } from "./actor.ts";
import { OutOfTimeError } from "./time-box.ts";

const base = { key: ["name"], state: z.object({ open: z.boolean() }), initial: () => ({ open: true }) } as const;
const at = ["thing", "t1"];
const stranger = { type: "anonymous", id: "-", tenant: "acme", grants: new Set<string>() } as const;

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

describe("rules", () => {
  it("let strangers in only where the type does, and a rule as well", async () => {
    const thing = actor("thing", {
      ...base,
      anonymous: true,
      channels: {
        default: { canSubscribe: () => true },
        members: { canSubscribe: ({ principal }) => principal.type === "user" },
      },
      commands: {
        look: { input: z.object({}), policy: "public", handler: ({ state }) => state.open },
        shut: {
          input: z.object({}),
          policy: ({ principal }) => principal.type === "user",
          handler: ({ state }) => void (state.open = false),
        },
      },
    });
    await using kit = await openActorKit({ definitions: [thing] });
    assert.equal(code(await kit.command(at, "look", { as: stranger })), "");
    assert.equal(code(await kit.command(at, "shut", { as: stranger })), "PERMISSION_DENIED");
    assert.equal(code(await kit.read(at, "subscribe", { as: stranger })), "");
    assert.equal(
      code(await kit.read(at, "subscribe", { as: stranger, input: { channel: "members" } })),
      "PERMISSION_DENIED",
    );
  });

  it("can ask for the state as it is committed", async () => {
    const thing = actor("thing", {
      ...base,
      commands: {
        shut: { input: z.object({}), policy: "public", handler: ({ state }) => void (state.open = false) },
        enter: {
          input: z.object({}),
          policy: async ({ state }) => (await state())?.open !== false,
          handler: () => "in",
        },
      },
    });
    await using kit = await openActorKit({ definitions: [thing] });
    assert.equal(code(await kit.command(at, "enter")), "");
    await kit.command(at, "shut");
    assert.equal(code(await kit.command(at, "enter")), "PERMISSION_DENIED");
  });

  it("of events are asked of everybody who subscribes to their channel", async () => {
    const thing = actor("thing", {
      ...base,
      channels: { default: { canSubscribe: () => true }, alarms: { canSubscribe: () => true } },
      events: {
        seen: { schema: z.object({}) },
        alarm: {
          schema: z.object({}),
          channel: "alarms",
          canSubscribe: ({ principal }) => principal.grants.has("guard"),
        },
      },
      commands: {},
    });
    await using kit = await openActorKit({ definitions: [thing] });
    const alarms = { input: { channel: "alarms" } };
    assert.equal(code(await kit.read(at, "subscribe")), "");
    assert.equal(code(await kit.read(at, "subscribe", alarms)), "PERMISSION_DENIED");
    assert.equal(code(await kit.read(at, "subscribe", { ...alarms, as: testUser("g", ["guard"]) })), "");
  });

  it("hear what the client said, and answer in five seconds or not at all", async () => {
    const never = new Promise<boolean>(() => undefined);
    const thing = actor("thing", {
      ...base,
      channels: { default: { canSubscribe: ({ data, token }) => (token === "slow" ? never : data === "please") } },
      commands: { wait: { input: z.object({}), policy: () => never, handler: () => undefined } },
    });
    await using kit = await openActorKit({ definitions: [thing] });
    assert.equal(code(await kit.read(at, "subscribe", { input: { data: "please" } })), "");
    assert.equal(code(await kit.read(at, "subscribe")), "PERMISSION_DENIED");
    for (const attempt of [kit.read(at, "subscribe", { input: { token: "slow" } }), kit.command(at, "wait")]) {
      await kit.clock.advance(5000);
      assert.equal(code(await attempt), "INTERNAL_ERROR");
    }
    assert.ok(kit.kit.reported.every((error) => error instanceof OutOfTimeError));
    assert.equal(kit.kit.reported.length, 2);
  });
});

describe("limits of commands", () => {
  const limits = [{ name: "things", by: ["user"], rule: { kind: "window", limit: 10, window: 1000 } }] as const;
  const cheap = { input: z.object({}), policy: "public", handler: () => "done" } as const;

  it("count each command by what it costs", async () => {
    const thing = actor("thing", { ...base, limits, commands: { cheap, dear: { ...cheap, cost: 5 } } });
    await using kit = await openActorKit({ definitions: [thing] });
    const codes = [];
    for (const name of ["dear", "cheap", "dear", "cheap", "cheap"]) codes.push(code(await kit.command(at, name)));
    assert.deepEqual(codes, ["", "", "RATE_LIMIT_EXCEEDED", "", ""]);
  });

  it("hold for a user over all connections, and by default for each connection as well", async () => {
    const thing = actor("thing", { ...base, commands: { cheap } });
    await using kit = await openActorKit({ definitions: [thing] });
    const admitted = async (connection: string): Promise<number> => {
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => kit.command(at, "cheap", { connection })));
      return outcomes.filter(({ ok }) => ok).length;
    };
    assert.deepEqual([await admitted("c1"), await admitted("c2"), await admitted("c3")], [40, 20, 0]);
  });

  it("leave alone what nobody waits for any longer", async () => {
    const thing = actor("thing", { ...base, commands: { cheap } });
    await using kit = await openActorKit({ definitions: [thing] });
    const late = { more: { deadline: kit.clock.now() - 1 } };
    assert.equal(code(await kit.command(at, "cheap", late)), "ACTOR_BUSY");
    assert.equal(await kit.record(at), undefined);
  });
});

describe("declarations of actors", () => {
  it("are refused where they contradict themselves", () => {
    const command = { input: z.object({}), policy: "public", handler: () => undefined } as const;
    const schema = z.object({});
    const channel = { canSubscribe: () => true };
    const faulty: (() => unknown)[] = [
      () => actor("Thing", { ...base, commands: {} }),
      () => actor("realtime", { ...base, commands: {} }),
      () => actor("thing", { ...base, key: ["a", "a"], commands: {} }),
      () => actor("thing", { ...base, key: ["a-b"], commands: {} }),
      ...[
        "subscribe",
        "history",
        "state",
        "presence",
        "emit",
        "close",
        "kick",
        "timer",
        "joined",
        "left",
        "a b",
        "9",
      ].map((name) => () => actor("thing", { ...base, commands: { [name]: command } })),
      () => actor("thing", { ...base, commands: { a: command }, signals: { a: command } }),
      () => actor("thing", { ...base, commands: {}, events: { said: { schema } } }),
      () =>
        actor("thing", {
          ...base,
          commands: {},
          channels: { default: channel },
          events: { said: { schema, coalesce: true } },
        }),
      () => actor("thing", { ...base, commands: {}, channels: { "a:b": channel } }),
      () => actor("thing", { ...base, commands: {}, retention: { publications: 301 } }),
      () => actor("thing", { ...base, commands: {}, retention: { seconds: 0 } }),
    ];
    for (const [index, make] of faulty.entries()) assert.throws(make, TypeError, `declaration ${index}`);
  });

  it("of two types under one name do not start", async () => {
    const thing = actor("thing", { ...base, commands: {} });
    await assert.rejects(openActorKit({ definitions: [thing, thing] }), /Two actor types/);
  });

  it("without durable events have nothing to recover", async () => {
    const thing = actor("thing", { ...base, commands: {}, channels: { default: { canSubscribe: () => true } } });
    await using kit = await openActorKit({ definitions: [thing] });
    const outcome = await kit.read(at, "subscribe");
    assert.deepEqual(outcome.ok && outcome.value, {
      ...{ offset: 0, epoch: "", recoverable: false, recovered: false, publications: [] },
      ...{ joinLeave: false, presence: false },
    });
  });
});
