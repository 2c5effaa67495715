import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import type { Outcome } from "../../kernel/outcome.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { testUser } from "../../testing/gate-kit.ts";
import { actor } from "./actor.ts";

const lists = actor("list", {
  key: ["owner", "name"],
  state: z.object({ entries: z.array(z.string()) }),
  initial: () => ({ entries: [] }),
  maxStateBytes: 1000,
  channels: {
    default: { canSubscribe: ({ principal, key }) => principal.id === key.owner, history: true, presence: true },
  },
  events: { added: { schema: z.object({ entry: z.string() }) } },
  commands: {
    add: {
      input: z.object({ entry: z.string().max(600) }),
      policy: ({ principal, key }) => principal.id === key.owner,
      handler: ({ state, input, emit }) => {
        state.entries.push(input.entry);
        emit("added", { entry: input.entry });
        return { entries: state.entries.length };
      },
    },
  },
});

const mine = ["list", "ada", "shopping"];

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

// Servers that join the parts of a key into one text take `["a:b"]` and `["a", "b"]` for the same actor. Whoever may
// choose one part then reaches into the actors of others.
describe("key injection", () => {
  it("refuses parts that contain what joins them, are none, or are too many or too few", async () => {
    await using kit = await openActorKit({ definitions: [lists] });
    const keys: unknown[] = [
      ["ada:shopping", "x"],
      ["ada", "shopping:default"],
      ["ada", ""],
      ["ada", "a b"],
      ["ada", "a\u0000"],
      ["ada", 'x","y'],
      ["ada", "../other"],
      ["ada", "%3a"],
      ["ada", "x".repeat(65)],
      ["ada"],
      ["ada", "shopping", "default"],
      ["ada", ["shopping"]],
      ["ada", { toString: "shopping" }],
      ["ada", 7],
      "ada",
      { 0: "ada", 1: "shopping", length: 2 },
      null,
    ];
    for (const key of keys) {
      const attempt = kit.actors.attemptOf(
        { tenant: "acme", type: "list", key: ["ada", "shopping"] },
        { command: "add", input: { entry: "x" }, principal: testUser("ada") },
      );
      const forged = { ...attempt, input: { key, input: { entry: "x" } } };
      assert.equal(code(await kit.kit.gate.attempt(forged)), "VALIDATION_ERROR", JSON.stringify(key));
      for (const name of ["subscribe", "history", "presence"]) {
        const read = { key, limit: 1, reverse: false };
        assert.equal(code(await kit.read(mine, name, { input: read })), "VALIDATION_ERROR", JSON.stringify(key));
      }
    }
    assert.equal(await kit.record(mine), undefined);
  });

  it("takes no attempt for one actor in the order of another", async () => {
    await using kit = await openActorKit({ definitions: [lists] });
    const address = { tenant: "acme", type: "list", key: ["ada", "shopping"] };
    const attempt = kit.actors.attemptOf(address, {
      command: "add",
      input: { entry: "x" },
      principal: testUser("ada"),
    });
    for (const other of [
      { ...address, tenant: "other" },
      { ...address, type: "lis" },
      { ...address, key: ["ada"] },
      { ...address, key: ["shopping", "ada"] },
    ]) {
      assert.equal(code(await kit.actors.perform(other, attempt)), "MALFORMED_REQUEST");
    }
    assert.equal(code(await kit.actors.perform(address, attempt)), "");
  });
});

// Names that every object inherits find something where a look-up in a plain object is taken for a registry: a command
// `constructor` would be called, a channel `__proto__` would be open to all.
describe("names of prototypes", () => {
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];

  it("are no commands, channels or actor types", async () => {
    await using kit = await openActorKit({ definitions: [lists] });
    for (const name of names) {
      assert.equal(code(await kit.command(mine, name, { input: { entry: "x" } })), "ACTION_NOT_FOUND");
      assert.equal(code(await kit.read(mine, "subscribe", { input: { channel: name } })), "CHANNEL_NOT_FOUND");
      assert.equal(kit.actors.has(`list.${name}`), false);
      assert.equal(kit.actors.has(name), false);
      assert.equal(kit.actors.partsOf(name), undefined);
      assert.equal(kit.actors.attends(name, "joined"), false);
    }
  });

  it("are refused where they could not be told from what every object has", () => {
    assert.throws(() => actor("__proto__", { ...MINIMAL, commands: {} }), TypeError);
    const policy = "public";
    const commands = { ["__proto__"]: { input: z.object({}), policy, handler: () => undefined } } as const;
    assert.throws(() => actor("plain", { ...MINIMAL, commands }), TypeError);
    const key = ["__proto__"] as const;
    assert.throws(() => actor("plain", { ...MINIMAL, key, commands: {} }), TypeError);
  });

  it("are parts of keys like any other", async () => {
    await using kit = await openActorKit({ definitions: [lists] });
    const at = ["list", "ada", "__proto__"];
    assert.equal(code(await kit.command(at, "add", { input: { entry: "x" } })), "");
    assert.equal(code(await kit.command(at, "add", { input: { entry: "y" } })), "");
    assert.deepEqual(await kit.state(at), { entries: ["x", "y"] });
    assert.equal((await kit.record(at))?.offsets, '{"list:ada:__proto__":2}');
    assert.equal(await kit.record(["list", "ada", "constructor"]), undefined);
  });

  it("are refused within inputs", async () => {
    await using kit = await openActorKit({ definitions: [lists] });
    const input: unknown = JSON.parse('{"entry":"x","__proto__":{"admin":true}}');
    assert.equal(code(await kit.command(mine, "add", { input })), "VALIDATION_ERROR");
  });
});

const MINIMAL = { key: [], state: z.object({}), initial: () => ({}) } as const;

// Actors are named by their clients, and a name says nothing of whose it is. Whoever names the actor of another tenant
// must not reach it, whether it shows a principal of its own tenant or claims the other one.
describe("command of another tenant", () => {
  it("reaches only the actor of the tenant that the connection belongs to", async () => {
    await using kit = await openActorKit({ definitions: [lists] });
    await kit.command(mine, "add", { input: { entry: "ours" } });
    const namesake = testUser("ada", [], "other");
    const add = { input: { entry: "theirs" } };
    assert.equal(code(await kit.command(mine, "add", { ...add, as: namesake })), "CREDENTIAL_INVALID");
    assert.equal(
      code(await kit.read(mine, "history", { as: namesake, input: { limit: 9, reverse: false } })),
      "CREDENTIAL_INVALID",
    );
    assert.equal(code(await kit.command(mine, "add", { ...add, as: namesake, tenant: "other" })), "");
    assert.deepEqual(await kit.state(mine), { entries: ["ours"] });
    assert.deepEqual(
      kit.pushed.map(({ tenant }) => tenant),
      ["acme", "other"],
    );
  });
});

// A state that grows with every command fills the store and makes every turn slower, for all. One member who adds
// without end must be stopped before the others notice.
describe("oversized state", () => {
  it("is refused, with everything else of the turn", async () => {
    await using kit = await openActorKit({ definitions: [lists] });
    assert.equal(code(await kit.command(mine, "add", { input: { entry: "x".repeat(600) } })), "");
    const refused = await kit.command(mine, "add", { input: { entry: "y".repeat(600) }, id: "large" });
    assert.equal(code(refused), "ACTOR_STATE_TOO_LARGE");
    assert.equal(kit.pushed.length, 1);
    assert.equal((await kit.record(mine))?.version, 1);
    // Three bytes a letter: counted as bytes, not as letters.
    assert.equal(
      code(await kit.command(mine, "add", { input: { entry: "\u20ac".repeat(140) } })),
      "ACTOR_STATE_TOO_LARGE",
    );
    assert.equal(
      code(await kit.command(mine, "add", { input: { entry: "small" }, id: "large" })),
      "",
      "the id is free again",
    );
  });
});

// A handler that answers a BigInt or an object that contains itself has made nothing that can be sent. Found out behind the
// commit, that leaves a change whose client is told that nothing was done, and who does it again.
describe("a reply that JSON has no words for", () => {
  it("changes nothing and tells nobody, with and without an id", async () => {
    const counter = actor("counter", {
      ...MINIMAL,
      state: z.object({ n: z.number() }),
      initial: () => ({ n: 0 }),
      channels: { default: { canSubscribe: () => true } },
      events: { counted: { schema: z.object({}) } },
      commands: {
        count: {
          input: z.object({ wrong: z.enum(["bigint", "circular", "nothing"]) }),
          policy: "public",
          handler: ({ state, input, emit }) => {
            state.n += 1;
            emit("counted", {});
            const circular: { self?: object } = {};
            circular.self = circular;
            return { bigint: 1n, circular, nothing: {} }[input.wrong];
          },
        },
      },
    });
    await using kit = await openActorKit({ definitions: [counter] });
    const count = (wrong: string, id?: string): Promise<Outcome> =>
      kit.command(["counter"], "count", { input: { wrong }, ...(id !== undefined && { id }) });
    for (const wrong of ["bigint", "circular"]) {
      for (const id of [undefined, `id-of-${wrong}`]) {
        assert.equal(code(await count(wrong, id)), "INTERNAL_ERROR", wrong);
        assert.deepEqual([await kit.record(["counter"]), kit.pushed.length], [undefined, 0], `${wrong} ${id}`);
      }
    }
    assert.equal(code(await count("nothing")), "");
    assert.deepEqual(await kit.state(["counter"]), { n: 1 });
  });
});

// What is larger than a client may leave unread closes the connection of everybody who is told it, and again when they come
// back and ask for it. One member of a room could keep all others out by what it says.
describe("oversized events and replies", () => {
  const loud = actor("loud", {
    ...MINIMAL,
    state: z.object({ n: z.number() }),
    initial: () => ({ n: 0 }),
    channels: { default: { canSubscribe: () => true, history: true } },
    events: {
      said: { schema: z.object({ text: z.string() }) },
      whispered: { schema: z.object({ text: z.string() }), volatile: true },
    },
    commands: {
      say: {
        input: z.object({ event: z.enum(["said", "whispered"]), letter: z.string(), times: z.number() }),
        policy: "public",
        handler: ({ state, emit, input }) => {
          state.n += 1;
          emit(input.event, { text: input.letter.repeat(input.times) });
        },
      },
      recite: {
        input: z.object({ times: z.number() }),
        policy: "public",
        handler: ({ state, input }) => {
          state.n += 1;
          return "x".repeat(input.times);
        },
      },
    },
  });

  it("take everything back that their turn has changed", async () => {
    await using kit = await openActorKit({ definitions: [loud] });
    const said = [
      { event: "said", letter: "x", times: 262_200 },
      { event: "whispered", letter: "x", times: 262_200 },
      // Three bytes a letter.
      { event: "said", letter: "\u20ac", times: 87_400 },
    ];
    for (const input of said) assert.equal(code(await kit.command(["loud"], "say", { input })), "INTERNAL_ERROR");
    for (const id of [undefined, "long-reply"]) {
      const call = { input: { times: 262_200 }, ...(id !== undefined && { id }) };
      assert.equal(code(await kit.command(["loud"], "recite", call)), "INTERNAL_ERROR");
    }
    assert.deepEqual([await kit.record(["loud"]), kit.pushed.length], [undefined, 0]);
    assert.equal(
      code(await kit.command(["loud"], "say", { input: { event: "said", letter: "x", times: 262_000 } })),
      "",
    );
    assert.equal(code(await kit.command(["loud"], "recite", { input: { times: 262_000 } })), "");
  });

  it("are told to whoever asks for what was published as far as one reply holds them, and the others after them", async () => {
    await using kit = await openActorKit({ definitions: [loud] });
    for (let count = 0; count < 12; count += 1) {
      const input = { event: "said", letter: "x", times: 60_000 };
      assert.equal(code(await kit.command(["loud"], "say", { input })), "");
    }
    for (const reverse of [false, true]) {
      const offsets: number[] = [];
      for (let since: object | undefined, pages = 0; pages < 12; pages += 1) {
        const input = { channel: "default", limit: 100, reverse, ...(since !== undefined && { since }) };
        const outcome = await kit.read(["loud"], "history", { input });
        assert.ok(outcome.ok);
        const { epoch, publications } = outcome.value as {
          epoch: string;
          publications: { offset: number; data: string }[];
        };
        assert.ok(publications.reduce((sum, { data }) => sum + data.length, 0) <= 262_144);
        offsets.push(...publications.map(({ offset }) => offset));
        const last = publications.at(-1);
        if (last === undefined) break;
        since = { epoch, offset: last.offset };
      }
      const all = Array.from({ length: 12 }, (_, index) => index + 1);
      assert.deepEqual(offsets, reverse ? all.toReversed() : all);
    }
  });
});

// Commands that come faster than one actor can take them would pile up in memory, and every other member would wait
// behind them. What does not fit is refused at once, and said to be worth another try.
describe("mailbox flood", () => {
  it("refuses what comes when a thousand wait, answers everything, and keeps nothing in memory", async () => {
    const flooded = actor("flooded", {
      ...MINIMAL,
      state: z.object({ order: z.array(z.number()) }),
      initial: () => ({ order: [] }),
      limits: [{ name: "none to speak of", by: ["user"], rule: { kind: "window", limit: 1_000_000, window: 1000 } }],
      commands: {
        put: {
          input: z.object({ n: z.number() }),
          policy: "public",
          handler: ({ state, input }) => void state.order.push(input.n),
        },
      },
    });
    await using kit = await openActorKit({ definitions: [flooded] });
    const outcomes = await Promise.all(
      Array.from({ length: 1500 }, (_, n) => kit.command(["flooded"], "put", { input: { n } })),
    );
    const taken = outcomes.flatMap((outcome, n) => (outcome.ok ? [n] : []));
    const busy = outcomes.filter((outcome) => !outcome.ok && outcome.problem.code === "ACTOR_BUSY");
    assert.deepEqual([taken.length, busy.length], [1000, 500]);
    for (const outcome of busy) assert.ok(!outcome.ok && outcome.problem.retryable && outcome.retryAfter === 1);
    assert.deepEqual(await kit.state(["flooded"]), { order: taken }, "first come, first served");
    assert.equal(kit.actors.waiting, 0);
    assert.ok(kit.kit.events.some(({ name }) => name === "excess_actor_mailbox"));
    assert.equal(code(await kit.command(["flooded"], "put", { input: { n: 1 } })), "");
  });
});
