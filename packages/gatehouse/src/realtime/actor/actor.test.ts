import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import { deny, type Outcome } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { testUser } from "../../testing/gate-kit.ts";
import { actor } from "./actor.ts";

/** A room that counts what is said in it. */
const room = actor("room", {
  key: ["event"],
  state: z.object({ count: z.number(), last: z.string() }),
  initial: ({ event }) => ({ count: 0, last: `nothing in ${event}` }),
  channels: {
    default: { canSubscribe: ({ principal }) => principal.type === "user", history: true },
    staff: { canSubscribe: ({ principal }) => principal.grants.has("staff") },
  },
  events: {
    said: { schema: z.object({ text: z.string() }) },
    whispered: { schema: z.object({ text: z.string() }) },
    noted: { schema: z.object({ note: z.string() }), channel: "staff" },
    typing: { schema: z.object({}), volatile: true },
  },
  commands: {
    say: {
      input: z.object({ text: z.string().max(200) }),
      policy: ({ principal }) => principal.type === "user",
      handler: ({ state, input, emit }) => {
        state.count += 1;
        state.last = input.text;
        emit("said", { text: input.text });
        return { count: state.count };
      },
    },
    refuse: {
      input: z.object({}),
      policy: "public",
      handler: ({ state, emit }) => {
        state.count = 99;
        emit("said", { text: "never" });
        return deny(problems.STATE_CONFLICT);
      },
    },
    fail: {
      input: z.object({}),
      policy: "public",
      handler: ({ state, emit }) => {
        state.count = 99;
        emit("said", { text: "never" });
        throw new RangeError("a secret of the application");
      },
    },
    look: { input: z.object({}), policy: "public", handler: ({ state }) => state.count },
    whisper: {
      input: z.object({ to: z.string(), text: z.string() }),
      policy: "public",
      handler: ({ input, emit }) => emit.toUser(input.to, "whispered", { text: input.text }),
    },
  },
  signals: {
    type: { input: z.object({}), policy: "public", handler: ({ emit }) => emit.toOthers("typing", {}) },
  },
  view: ({ count }, { principal }) => ({ count, for: principal.id }),
});

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

function value(outcome: Outcome): unknown {
  assert.ok(outcome.ok, code(outcome));
  return outcome.value;
}

const e1 = ["room", "e1"];
const say = (text: string) => ({ input: { text } });

describe("actors", () => {
  it("take turn after turn on one durable state", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    assert.deepEqual(value(await kit.command(e1, "say", say("hello"))), { count: 1 });
    assert.deepEqual(value(await kit.command(e1, "say", say("again"))), { count: 2 });
    assert.deepEqual(await kit.state(e1), { count: 2, last: "again" });
    assert.equal(await kit.state(["room", "e2"]), undefined);
    const record = await kit.record(e1);
    assert.deepEqual([record?.owner, record?.version, record?.offsets], ["first", 2, '{"room:e1":2}']);
    const messages = kit.pushed.map(({ message, position }) => [JSON.parse(message), position?.offset]);
    assert.deepEqual(messages[1], [
      { push: { channel: "room:e1", pub: { data: { event: "said", data: { text: "again" } }, offset: 2 } } },
      2,
    ]);
    const rows = await kit.kit.auditRows({ action: "room.say" });
    assert.deepEqual(
      rows.map(({ target, actor: who }) => [target, who.id]),
      [
        ["room:e1", "ada"],
        ["room:e1", "ada"],
      ],
    );
  });

  it("answer a retry under the same id with the stored reply, and publish nothing again", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const call = { ...say("once"), id: "c-1" };
    const outcomes = [];
    for (let turn = 0; turn < 3; turn += 1) outcomes.push(await kit.command(e1, "say", call));
    assert.deepEqual(outcomes.map(value), [{ count: 1 }, { count: 1 }, { count: 1 }]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.ok && [outcome.idempotency?.cached, outcome.idempotency?.ttl]),
      [
        [false, 86_400],
        [true, 86_400],
        [true, 86_400],
      ],
    );
    assert.equal(kit.pushed.length, 1);
    assert.equal(code(await kit.command(e1, "say", { ...say("other"), id: "c-1" })), "IDEMPOTENCY_KEY_REUSED");
    assert.deepEqual(
      value(await kit.command(e1, "say", { ...call, as: "bob" })),
      { count: 2 },
      "ids are each user's own",
    );
  });

  it("keep and tell nothing of a turn that denies or fails", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    await kit.command(e1, "say", say("hello"));
    assert.equal(code(await kit.command(e1, "refuse")), "STATE_CONFLICT");
    const failed = await kit.command(e1, "fail");
    assert.equal(code(failed), "INTERNAL_ERROR");
    assert.ok(!JSON.stringify(failed).includes("a secret of the application"));
    assert.deepEqual(kit.kit.reported.map(String), ["RangeError: a secret of the application"]);
    assert.deepEqual(await kit.state(e1), { count: 1, last: "hello" });
    assert.equal(kit.pushed.length, 1);
    assert.equal(value(await kit.command(e1, "look")), 1);
  });

  it("write nothing of a turn that changes nothing", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    assert.equal(value(await kit.command(e1, "look")), 0);
    assert.equal((await kit.record(e1))?.version, 0);
    await kit.command(e1, "say", say("hello"));
    await kit.command(e1, "look");
    assert.equal((await kit.record(e1))?.version, 1);
  });

  it("tell what is volatile without keeping it, and not to whose signal it is", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    value(await kit.command(e1, "type", { connection: "c1" }));
    assert.deepEqual(
      kit.pushed.map(({ position, except, kind }) => [position, except, kind]),
      [[undefined, ["c1"], "publication"]],
    );
    assert.equal(await kit.record(e1), undefined);
  });

  it("show of the state what the view shows", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    assert.deepEqual(value(await kit.read(e1, "state")), { state: { count: 0, for: "ada" }, offset: 0, epoch: "" });
    await kit.command(e1, "say", say("hello"));
    const { streamEpoch: epoch = "" } = (await kit.record(e1)) ?? {};
    assert.deepEqual(value(await kit.read(e1, "state")), { state: { count: 1, for: "ada" }, offset: 1, epoch });
  });

  it("refuse what does not fit before a rule or handler sees it", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    for (const input of [{}, { text: 5 }, { text: "x".repeat(201) }, "text", null]) {
      assert.equal(code(await kit.command(e1, "say", { input })), "VALIDATION_ERROR");
    }
    const outcome = await kit.command(e1, "say", { input: { text: 5 } });
    assert.deepEqual(!outcome.ok && outcome.violations?.map(({ pointer }) => pointer), ["/input/text"]);
    assert.equal(await kit.record(e1), undefined);
  });
});

describe("rules of actors", () => {
  it("deny strangers, other tenants, and whom no rule admits", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const stranger = { type: "anonymous", id: "-", tenant: "acme", grants: new Set<string>() } as const;
    const guest = { type: "guest", id: "g", tenant: "acme", grants: new Set<string>() } as const;
    assert.equal(code(await kit.command(e1, "look", { as: stranger })), "AUTHENTICATION_REQUIRED");
    assert.equal(code(await kit.read(e1, "subscribe", { as: stranger })), "AUTHENTICATION_REQUIRED");
    assert.equal(code(await kit.command(e1, "say", { ...say("hi"), as: guest })), "PERMISSION_DENIED");
    const foreign = testUser("eve", [], "other");
    assert.equal(code(await kit.command(e1, "look", { as: foreign })), "CREDENTIAL_INVALID");
    assert.equal(code(await kit.read(e1, "subscribe", { as: guest })), "PERMISSION_DENIED");
    assert.equal(code(await kit.read(e1, "state", { as: guest })), "PERMISSION_DENIED");
    assert.equal(
      code(await kit.read(e1, "history", { as: guest, input: { limit: 5, reverse: false } })),
      "PERMISSION_DENIED",
    );
    assert.equal(code(await kit.read(e1, "subscribe", { input: { channel: "staff" } })), "PERMISSION_DENIED");
    assert.equal(code(await kit.read(e1, "subscribe", { input: { channel: "other" } })), "CHANNEL_NOT_FOUND");
    assert.equal(code(await kit.read(e1, "presence")), "CHANNEL_NOT_FOUND");
    const staff = testUser("host", ["staff"]);
    value(await kit.read(e1, "subscribe", { as: staff, input: { channel: "staff" } }));
    assert.equal(code(await kit.command(e1, "emit", { input: { event: "said", data: {} } })), "ACTION_NOT_FOUND");
  });

  it("keep the actors of tenants apart", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    await kit.command(e1, "say", say("ours"));
    const theirs = { as: testUser("eve", [], "other"), tenant: "other" };
    assert.equal(value(await kit.command(e1, "look", theirs)), 0);
  });
});
