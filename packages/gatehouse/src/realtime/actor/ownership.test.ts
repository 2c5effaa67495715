import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as z from "zod";
import type { Outcome } from "../../kernel/outcome.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { actor } from "./actor.ts";

const counter = actor("counter", {
  key: ["name"],
  state: z.object({ count: z.number() }),
  initial: () => ({ count: 0 }),
  channels: { default: { canSubscribe: () => true } },
  events: { counted: { schema: z.object({ count: z.number() }) } },
  commands: {
    add: {
      input: z.object({}),
      policy: "public",
      handler: ({ state, emit }) => {
        state.count += 1;
        emit("counted", { count: state.count });
        return state.count;
      },
    },
    look: { input: z.object({}), policy: "public", handler: ({ state }) => state.count },
  },
});

const c1 = ["counter", "c1"];

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

async function twoNodes() {
  const clock = createFakeClock();
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  const shared = { definitions: [counter], clock, store };
  const first = await openActorKit({ ...shared, node: "first" });
  const second = await openActorKit({ ...shared, node: "second" });
  const close = async (): Promise<void> => {
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  return { first, second, [Symbol.asyncDispose]: close };
}

describe("ownership of actors", () => {
  it("keeps an actor on one node while that lives", async () => {
    await using nodes = await twoNodes();
    assert.equal(code(await nodes.first.command(c1, "add")), "");
    const moved = await nodes.second.command(c1, "add");
    assert.equal(code(moved), "ACTOR_MOVED");
    assert.ok(!moved.ok && moved.problem.retryable);
    assert.deepEqual(await nodes.first.state(c1), { count: 1 });
    assert.equal(nodes.second.pushed.length, 0);
  });

  it("passes it on when the lease of its node has run out, and fences the former owner off", async () => {
    await using nodes = await twoNodes();
    const { first, second } = nodes;
    await first.command(c1, "add");
    await first.lease("first", -1);
    assert.equal(code(await second.command(c1, "add")), "");
    assert.equal(
      code(await first.command(c1, "add")),
      "ACTOR_MOVED",
      "it remembers a state that is not the actor's any more",
    );
    assert.equal(code(await first.command(c1, "look")), "ACTOR_MOVED");
    await first.lease("first", 60_000);
    assert.equal(code(await first.command(c1, "add")), "ACTOR_MOVED");
    assert.deepEqual(await second.state(c1), { count: 2 });
    assert.equal(first.pushed.length, 1);
    assert.deepEqual(
      second.pushed.map(({ position }) => position?.offset),
      [2],
      "the stream goes on",
    );
  });

  it("answers a retry at the new owner with the reply that the old one stored", async () => {
    await using nodes = await twoNodes();
    const { first, second } = nodes;
    const reply = await first.command(c1, "add", { id: "x" });
    await first.lease("first", -1);
    const again = await second.command(c1, "add", { id: "x" });
    assert.deepEqual([reply.ok && reply.value, again.ok && again.value], [1, 1]);
    assert.equal(again.ok && again.idempotency?.cached, true);
    assert.equal(second.pushed.length, 0);
  });

  it("gives up everything when the node drains, after what runs has come to its end", async () => {
    await using nodes = await twoNodes();
    const { first, second } = nodes;
    const running = Array.from({ length: 20 }, () => first.command(c1, "add"));
    const draining = first.actors.drain();
    assert.equal(code(await first.command(c1, "add")), "ACTOR_MOVED");
    await draining;
    assert.deepEqual(
      (await Promise.all(running)).map(code),
      Array.from({ length: 20 }, () => ""),
    );
    assert.equal(code(await second.command(c1, "add")), "");
    assert.deepEqual(await second.state(c1), { count: 21 });
  });
});
