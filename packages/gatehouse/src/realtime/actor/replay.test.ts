import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import type { Outcome } from "../../kernel/outcome.ts";
import { openActorKit, type ActorKit } from "../../testing/actor-kit.ts";
import type { HistoryResult, SubscribeResult } from "../subscription.ts";
import { actor } from "./actor.ts";

const barred = new Set<string>();

const room = actor("room", {
  key: ["event"],
  state: z.object({}),
  initial: () => ({}),
  channels: { default: { canSubscribe: ({ principal }) => !barred.has(principal.id), history: true } },
  events: {
    said: { schema: z.object({ n: z.number() }) },
    large: { schema: z.object({ text: z.string() }) },
  },
  commands: {
    say: {
      input: z.object({ from: z.number(), to: z.number(), for: z.string().optional() }),
      policy: "public",
      cost: 1,
      handler: ({ input, emit }) => {
        for (let n = input.from; n <= input.to; n += 1) {
          if (input.for === undefined) emit("said", { n });
          else emit.toUser(input.for, "said", { n });
        }
      },
    },
    fill: {
      input: z.object({}),
      policy: "public",
      handler: ({ emit }) => {
        for (let n = 0; n < 6; n += 1) emit("large", { text: "x".repeat(200_000) });
      },
    },
    end: { input: z.object({}), policy: "public", handler: ({ close }) => close() },
  },
});

const e1 = ["room", "e1"];

function value(outcome: Outcome): unknown {
  assert.ok(outcome.ok, outcome.ok ? "" : outcome.problem.code);
  return outcome.value;
}

async function say(kit: ActorKit, from: number, to: number, who?: string): Promise<void> {
  value(await kit.command(e1, "say", { input: { from, to, ...(who !== undefined && { for: who }) } }));
}

async function subscribe(
  kit: ActorKit,
  since?: { offset: number; epoch: string },
  as = "ada",
): Promise<SubscribeResult> {
  // Of the action of this name.
  return value(await kit.read(e1, "subscribe", { as, input: since === undefined ? {} : { since } })) as SubscribeResult;
}

function numbers({ publications }: Pick<SubscribeResult, "publications">): unknown[] {
  // Events of this test's own.
  return publications.map(({ data }) => (JSON.parse(data) as { data: { n: number } }).data.n);
}

describe("recovery", () => {
  it("has a position before anything was published, and recovers from it everything", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const first = await subscribe(kit);
    assert.deepEqual([first.offset, first.recoverable, first.recovered, first.publications], [0, true, false, []]);
    assert.match(first.epoch, /^[\w-]{12}$/);
    await say(kit, 1, 3);
    const again = await subscribe(kit, first);
    assert.deepEqual([again.offset, again.epoch, again.recovered, numbers(again)], [3, first.epoch, true, [1, 2, 3]]);
    assert.deepEqual(numbers(await subscribe(kit, { ...again, offset: 2 })), [3]);
    assert.deepEqual(numbers(await subscribe(kit, { offset: 0, epoch: "" })), [1, 2, 3], "from the start");
    const current = await subscribe(kit, again);
    assert.deepEqual([current.recovered, current.publications], [true, []]);
    assert.equal((await subscribe(kit)).recovered, false, "whoever does not ask recovers nothing");
  });

  it("writes nothing where the actor has been opened", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    for (let turn = 0; turn < 3; turn += 1) await subscribe(kit);
    assert.equal((await kit.kit.auditRows({ action: "room.subscribe" })).length, 1);
  });

  it("says that it did not recover where anything is missing, and never gives a part", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const { epoch } = await subscribe(kit);
    const verdict = async (offset: number, of = epoch) => {
      const { recovered, publications } = await subscribe(kit, { offset, epoch: of });
      return [recovered, publications.length];
    };
    await say(kit, 1, 200);
    const kept = 100 + 15;
    assert.deepEqual(await verdict(0), [false, 0]);
    assert.deepEqual(await verdict(200 - kept - 20), [false, 0]);
    assert.deepEqual(await verdict(110), [true, 90]);
    assert.deepEqual(await verdict(201), [false, 0], "a position in the future");
    assert.deepEqual(await verdict(150, "another"), [false, 0]);
    assert.deepEqual(await verdict(0, ""), [false, 0]);
    await say(kit, 201, 201);
    await kit.command(e1, "fill");
    assert.deepEqual(await verdict(201), [false, 0], "more than a connection takes at once");
    assert.deepEqual(await verdict(206), [true, 1]);
  });

  it("starts anew with a new epoch after the actor was closed", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const before = await subscribe(kit);
    await say(kit, 1, 2);
    kit.pushed.length = 0;
    value(await kit.command(e1, "end"));
    assert.deepEqual(
      kit.pushed.map(({ kind, message }) => [kind, JSON.parse(message)]),
      [["unsubscribe", { push: { channel: "room:e1", unsubscribe: { code: 2000, reason: "closed" } } }]],
    );
    assert.equal(await kit.record(e1), undefined);
    const after = await subscribe(kit, { ...before, offset: 2 });
    assert.notEqual(after.epoch, before.epoch);
    assert.deepEqual([after.recovered, after.offset], [false, 0]);
    await say(kit, 7, 7);
    assert.deepEqual(numbers(await subscribe(kit, after)), [7]);
  });

  it("prunes what is older than any type keeps", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const first = await subscribe(kit);
    await say(kit, 1, 2);
    await kit.clock.advance(200_000);
    await say(kit, 3, 3);
    const prune = () => kit.store.write((transaction) => kit.actors.prune(transaction, 100));
    assert.equal(await prune(), 0);
    await kit.clock.advance(101_000);
    assert.equal(await prune(), 2);
    assert.equal((await subscribe(kit, first)).recovered, false);
    assert.deepEqual(numbers(await subscribe(kit, { ...first, offset: 2 })), [3]);
  });
});

describe("history", () => {
  const history = async (kit: ActorKit, input: object, as = "ada"): Promise<Outcome> =>
    kit.read(e1, "history", { as, input: { limit: 10, reverse: false, ...input } });
  const page = async (kit: ActorKit, input: object, as?: string) =>
    // Of the action of this name.
    numbers(value(await history(kit, input, as)) as HistoryResult);

  it("gives pages in both directions, and the position alone for a limit of 0", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const { epoch } = await subscribe(kit);
    await say(kit, 1, 5);
    assert.deepEqual(value(await history(kit, { limit: 0 })), { publications: [], offset: 5, epoch });
    assert.deepEqual(await page(kit, { limit: 2 }), [1, 2]);
    assert.deepEqual(await page(kit, { limit: 2, since: { offset: 2, epoch } }), [3, 4]);
    assert.deepEqual(await page(kit, { limit: 2, reverse: true }), [5, 4]);
    assert.deepEqual(await page(kit, { reverse: true, since: { offset: 4, epoch } }), [3, 2, 1]);
    const lost = await history(kit, { since: { offset: 2, epoch: "another" } });
    assert.equal(!lost.ok && lost.problem.code, "POSITION_UNRECOVERABLE");
  });

  it("of an actor that nobody has opened is empty", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    assert.deepEqual(value(await history(kit, {})), { publications: [], offset: 0, epoch: "" });
  });

  it("fills pages although others' publications lie between", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    for (let n = 0; n < 10; n += 1) {
      await say(kit, n, n);
      await say(kit, 100 + n, 103 + n, "bob");
    }
    assert.deepEqual(await page(kit, { limit: 4 }), [0, 1, 2, 3]);
    assert.deepEqual(await page(kit, { limit: 3, reverse: true }), [9, 8, 7]);
  });
});

// Whoever comes back asks for what it has missed, and servers that skip their rules then hand it what was published
// after it was thrown out. Others replay what was meant for one member to all of them.
describe("replay of what one has lost the right to see", () => {
  it("asks the rules again at every subscription, history and state", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const first = await subscribe(kit, undefined, "mallory");
    await say(kit, 1, 3);
    barred.add("mallory");
    try {
      for (const [name, input] of [
        ["subscribe", { since: { offset: first.offset, epoch: first.epoch } }],
        ["history", { limit: 10, reverse: false }],
      ] as const) {
        const outcome = await kit.read(e1, name, { as: "mallory", input });
        assert.equal(!outcome.ok && outcome.problem.code, "PERMISSION_DENIED");
      }
    } finally {
      barred.clear();
    }
  });

  it("shows nobody what was only for another, neither on recovery nor in history", async () => {
    await using kit = await openActorKit({ definitions: [room] });
    const start = await subscribe(kit);
    await say(kit, 1, 1);
    await say(kit, 2, 2, "bob");
    await say(kit, 3, 3);
    assert.deepEqual(
      kit.pushed.map(({ audience }) => audience?.principals),
      [undefined, ["bob"], undefined],
    );
    const forAda = await subscribe(kit, start, "ada");
    assert.deepEqual([forAda.recovered, forAda.offset, numbers(forAda)], [true, 3, [1, 3]]);
    assert.deepEqual(numbers(await subscribe(kit, start, "bob")), [1, 2, 3]);
    const outcome = await kit.read(e1, "history", { as: "ada", input: { limit: 10, reverse: true } });
    // Of the action of this name.
    assert.deepEqual(numbers(value(outcome) as HistoryResult), [3, 1]);
  });
});
