import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import * as z from "zod";
import { systemClock } from "../../kernel/clock.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import { portableMigration } from "../../store/migrations/portable-migration.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { portableStatement } from "../../store/sql/statement.ts";
import { openActorKit } from "../../testing/actor-kit.ts";
import { skipWithout, startPostgres, type PostgresService } from "../../testing/services.ts";
import { actor } from "./actor.ts";

const table = portableMigration(
  "9001_shared",
  "CREATE TABLE shared (id {id} NOT NULL PRIMARY KEY, amount {integer} NOT NULL) {strict}",
);
const READ = portableStatement("SELECT amount FROM shared WHERE id = 'one'");
const WRITE = portableStatement(
  "INSERT INTO shared (id, amount) VALUES ('one', $1) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount",
);
let runs = 0;

const counter = actor("counter", {
  key: ["name"],
  state: z.object({ entries: z.array(z.number()) }),
  initial: () => ({ entries: [] }),
  channels: { default: { canSubscribe: () => true } },
  events: { added: { schema: z.object({ n: z.number() }) } },
  limits: [{ name: "none to speak of", by: ["user"], rule: { kind: "window", limit: 1_000_000, window: 1000 } }],
  commands: {
    add: {
      input: z.object({ n: z.number() }),
      policy: "public",
      handler: ({ state, input, emit }) => {
        state.entries.push(input.n);
        emit("added", { n: input.n });
        return state.entries.length;
      },
    },
    // Actors of different keys read and write one row: transactions that the database has repeated.
    collide: {
      input: z.object({}),
      policy: "public",
      handler: async ({ transaction, state, emit }) => {
        runs += 1;
        const [row] = await transaction.execute<{ amount: number }>(READ, []);
        const amount = (row?.amount ?? 0) + 1;
        await transaction.execute(WRITE, [amount]);
        state.entries.push(amount);
        emit("added", { n: amount });
        return amount;
      },
    },
  },
});

function code(outcome: Outcome): string {
  return outcome.ok ? "" : outcome.problem.code;
}

describe("actors on PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  let service: Promise<PostgresService> | undefined;
  after(async () => (await service)?.[Symbol.asyncDispose]());

  const open = async () => {
    service ??= startPostgres();
    const database = await (await service).createDatabase();
    const store = await openPostgresStore({
      ...{ url: database.url, clock: systemClock, migrations: [...coreMigrations, table] },
    });
    const close = async (): Promise<void> => {
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    };
    return { store, [Symbol.asyncDispose]: close };
  };

  it("take turns one at a time, in the order in which commands came", async () => {
    await using database = await open();
    await using kit = await openActorKit({ definitions: [counter], store: database.store });
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    const outcomes = await Promise.all(
      numbers.map((n) => kit.command(["counter", `c${n % 2}`], "add", { input: { n }, id: `k${n}` })),
    );
    assert.deepEqual(
      outcomes.map(code),
      numbers.map(() => ""),
    );
    for (const own of [0, 1]) {
      assert.deepEqual(await kit.state(["counter", `c${own}`]), { entries: numbers.filter((n) => n % 2 === own) });
      const told = kit.pushed.filter(({ channel }) => channel === `counter:c${own}`);
      assert.deepEqual(
        told.map(({ position }) => position?.offset),
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    }
    const again = await kit.command(["counter", "c0"], "add", { input: { n: 0 }, id: "k0" });
    assert.deepEqual([again.ok && again.value, again.ok && again.idempotency?.cached], [1, true]);
  });

  it("tell once what a transaction says that had to be repeated", async () => {
    await using database = await open();
    await using kit = await openActorKit({ definitions: [counter], store: database.store });
    const actors = Array.from({ length: 8 }, (_, index) => ["counter", `x${index}`]);
    runs = 0;
    const outcomes = await Promise.all(
      actors.flatMap((at) =>
        [0, 1, 2].map((turn) => kit.command(at, "collide", { id: `${at.join()} ${turn}`.replace(" ", "-") })),
      ),
    );
    assert.deepEqual([...new Set(outcomes.map(code))], [""]);
    assert.ok(runs > outcomes.length, `${runs} runs of ${outcomes.length} turns: nothing was repeated`);
    const amounts = outcomes.map((outcome) => outcome.ok && outcome.value);
    assert.deepEqual(new Set(amounts), new Set(Array.from({ length: 24 }, (_, index) => index + 1)));
    assert.equal(kit.pushed.length, 24);
    for (const at of actors) {
      const told = kit.pushed.filter(({ channel }) => channel === at.join(":"));
      assert.deepEqual(
        told.map(({ position }) => position?.offset),
        [1, 2, 3],
      );
      // Of the actor above, and of what it emits.
      const { entries } = (await kit.state(at)) as { readonly entries: readonly number[] };
      const heard = told.map(
        ({ message }) =>
          (JSON.parse(message) as { push: { pub: { data: { data: { n: number } } } } }).push.pub.data.data.n,
      );
      assert.deepEqual(heard, entries);
    }
  });

  it("pass from a node whose lease has run out to one that claims them, and no stale write is taken", async () => {
    await using database = await open();
    const shared = { definitions: [counter], store: database.store };
    await using first = await openActorKit({ ...shared, node: "first" });
    await using second = await openActorKit({ ...shared, node: "second" });
    const at = ["counter", "moving"];
    assert.equal(code(await first.command(at, "add", { input: { n: 1 } })), "");
    assert.equal(code(await second.command(at, "add", { input: { n: 2 } })), "ACTOR_MOVED");
    await first.lease("first", -1);
    const outcomes = await Promise.all([
      ...Array.from({ length: 5 }, (_, n) => first.command(at, "add", { input: { n: 10 + n } })),
      ...Array.from({ length: 5 }, (_, n) => second.command(at, "add", { input: { n: 20 + n } })),
    ]);
    const acknowledged = outcomes.filter(({ ok }) => ok).length;
    // Of the actor above.
    const { entries } = (await first.state(at)) as { readonly entries: readonly number[] };
    assert.equal(entries.length, 1 + acknowledged);
    assert.equal(code(await second.command(at, "add", { input: { n: 3 } })), "");
    assert.equal(code(await first.command(at, "add", { input: { n: 4 } })), "ACTOR_MOVED");
    assert.equal((await second.record(at))?.owner, "second");
  });
});
