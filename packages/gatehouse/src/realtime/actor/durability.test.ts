import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { systemClock } from "../../kernel/clock.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { actor } from "./actor.ts";

const counter = actor("counter", {
  key: [],
  state: z.object({ count: z.number() }),
  initial: () => ({ count: 0 }),
  channels: { default: { canSubscribe: () => true } },
  events: { counted: { schema: z.object({ count: z.number() }) }, seen: { schema: z.object({}), volatile: true } },
  commands: {
    add: {
      input: z.object({}),
      policy: "public",
      handler: ({ state, emit }) => {
        state.count += 1;
        emit("counted", { count: state.count });
        emit("seen", {});
        return state.count;
      },
    },
    wait: {
      input: z.object({}),
      policy: "public",
      handler: async ({ state, emit }) => {
        state.count += 1;
        emit("counted", { count: state.count });
        await delay(20);
      },
    },
  },
});

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

describe("what subscribers are told", () => {
  it("waits for the disk, and is not told where that fails", async () => {
    using directory = createTemporaryDirectory();
    const held: ((error: Error | null) => void)[] = [];
    let holding = false;
    const sync = (done: (error: Error | null) => void): void => void (holding ? held.push(done) : done(null));
    const store = await openSqliteStore({
      ...{ directory: directory.path, clock: systemClock, migrations: coreMigrations, tuning: { sync } },
    });
    await using _closing = store;
    await using kit = await openActorKit({ definitions: [counter], store });
    holding = true;
    const passing = kit.command(["counter"], "add");
    while (held.length === 0) await delay(1);
    assert.equal(kit.pushed.length, 0, "it is committed, and would not survive a loss of power yet");
    held.shift()?.(null);
    assert.equal(code(await passing), "");
    assert.equal(kit.pushed.length, 2);
    const failing = kit.command(["counter"], "add");
    while (held.length === 0) await delay(1);
    held.shift()?.(new Error("the disk does not answer"));
    assert.match(code(await failing), /^(STORE_UNAVAILABLE|OUTCOME_UNKNOWN)$/);
    assert.equal(kit.pushed.length, 2);
  });

  it("is nothing of a turn that waits for something else than its transaction", async () => {
    using directory = createTemporaryDirectory();
    await using store = await openSqliteStore({
      ...{ directory: directory.path, clock: systemClock, migrations: coreMigrations, profile: "development" },
    });
    await using kit = await openActorKit({ definitions: [counter], store });
    assert.equal(code(await kit.command(["counter"], "wait")), "INTERNAL_ERROR");
    await delay(40);
    assert.equal(kit.pushed.length, 0);
    const outcome = await kit.command(["counter"], "add");
    assert.equal(outcome.ok && outcome.value, 1);
  });
});
