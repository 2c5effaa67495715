import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as z from "zod";
import type { StoredPublication } from "../../kernel/ports/publications.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { openActorKit, type ActorKit } from "../../testing/actor-kit.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { faultyStore, type FaultyStore, type WriteFault } from "../../testing/faulty-store.ts";
import type { SubscribeResult } from "../subscription.ts";
import { actor } from "./actor.ts";

const USERS = ["ada", "bob"] as const;
const NODES = ["first", "second"] as const;

/** Keeps what it was told, in order, and tells it on: every third to one user alone. */
const log = actor("log", {
  key: ["name"],
  state: z.object({ entries: z.array(z.string()) }),
  initial: () => ({ entries: [] }),
  channels: { default: { canSubscribe: () => true } },
  events: { added: { schema: z.object({ entry: z.string() }) } },
  retention: { publications: 300 },
  limits: [{ name: "none to speak of", by: ["user"], rule: { kind: "window", limit: 1_000_000, window: 1000 } }],
  commands: {
    add: {
      input: z.object({ entry: z.string(), refuse: z.boolean() }),
      policy: "public",
      handler: ({ state, input, emit }) => {
        state.entries.push(input.entry);
        if (isPrivate(state.entries.length)) emit.toUser(USERS[0], "added", { entry: input.entry });
        else emit("added", { entry: input.entry });
        if (input.refuse) throw new RangeError("taken back");
        return { position: state.entries.length };
      },
    },
  },
});

function isPrivate(position: number): boolean {
  return position % 3 === 0;
}

interface Command {
  readonly actor: number;
  readonly user: number;
  readonly id: number;
}

/** Commands that are sent at once, what goes wrong meanwhile, and whether another node takes over before. */
interface Step {
  readonly commands: readonly Command[];
  readonly faults: readonly (WriteFault | undefined)[];
  readonly failing: boolean;
  readonly takeOver: boolean;
}

const command: fc.Arbitrary<Command> = fc.record({
  actor: fc.nat({ max: 1 }),
  user: fc.nat({ max: USERS.length - 1 }),
  // Few, so that many are retries and duplicates.
  id: fc.nat({ max: 25 }),
});
const step: fc.Arbitrary<Step> = fc.record({
  commands: fc.array(command, { minLength: 1, maxLength: 8 }),
  faults: fc.array(fc.constantFrom(undefined, undefined, "rolled back" as const, "answer lost" as const), {
    maxLength: 4,
  }),
  failing: fc.boolean(),
  takeOver: fc.boolean(),
});

interface Nodes {
  readonly kits: readonly ActorKit[];
  readonly store: FaultyStore;
}

const nameOf = ({ user, id }: Command): string => `${USERS[user]}-${id}`;
const at = (number: number): string[] => ["log", `l${number}`];

/** Sends a command to a node; its position in the log where it was acknowledged. */
async function send(kit: ActorKit, one: Command, refuse = false): Promise<number | undefined> {
  const how = { as: USERS[one.user] ?? "", id: `${one.actor}-${one.id}`, input: { entry: nameOf(one), refuse } };
  const outcome = await kit.command(at(one.actor), "add", how);
  // Of the command above.
  return outcome.ok ? (outcome.value as { readonly position: number }).position : undefined;
}

/** What every acknowledgement said, by actor and command. */
class Acknowledged {
  readonly positions = new Map<string, number>();

  note(one: Command, position: number | undefined): void {
    if (position === undefined) return;
    const name = `${one.actor} ${nameOf(one)}`;
    const before = this.positions.get(name);
    assert.ok(before === undefined || before === position, `${name} was acknowledged at ${before} and ${position}`);
    this.positions.set(name, position);
  }
}

async function play({ kits, store }: Nodes, steps: readonly Step[]): Promise<Acknowledged> {
  const acknowledged = new Acknowledged();
  let owner = 0;
  for (const { commands, faults, failing, takeOver } of steps) {
    if (takeOver) {
      await kits[owner]?.lease(NODES[owner] ?? "", -1);
      owner = 1 - owner;
      await kits[owner]?.lease(NODES[owner] ?? "", 3_600_000);
    }
    store.faults.push(...faults);
    const kit = kits[owner];
    assert.ok(kit !== undefined);
    // A turn that throws in between must leave no trace, whoever else is in its batch.
    const thrown = failing ? [send(kit, { actor: 0, user: 0, id: 1000 }, true)] : [];
    await Promise.all([
      ...commands.map(async (one) => acknowledged.note(one, await send(kit, one))),
      ...thrown.map(async (outcome) => assert.equal(await outcome, undefined)),
    ]);
    store.faults.length = 0;
  }
  const last = kits[owner];
  assert.ok(last !== undefined);
  // Clients retry until they are answered.
  for (const one of steps.flatMap(({ commands }) => commands)) {
    const position = await send(last, one);
    assert.ok(position !== undefined, `${nameOf(one)} is not answered`);
    acknowledged.note(one, position);
  }
  return acknowledged;
}

/** The slow reference: what has to be there, of what was acknowledged. */
async function judge(kit: ActorKit, number: number, acknowledged: Acknowledged): Promise<readonly StoredPublication[]> {
  // Of the actor above.
  const state = (await kit.state(at(number))) as { readonly entries: readonly string[] } | undefined;
  const entries = state?.entries ?? [];
  const mine = [...acknowledged.positions].filter(([name]) => name.startsWith(`${number} `));
  assert.equal(new Set(entries).size, entries.length, "a command took effect twice");
  assert.deepEqual(mine.map(([name]) => name.slice(2)).toSorted(), entries.toSorted());
  for (const [name, position] of mine) assert.equal(entries[position - 1], name.slice(2));
  const record = await kit.record(at(number));
  if (record === undefined) return [];
  const since = { offset: 0, epoch: record.streamEpoch };
  const key = { tenant: "acme", channel: `log:l${number}` };
  const stored = await kit.store.read((reading) => kit.publications.after(reading, key, since, 1000));
  assert.deepEqual(
    stored.map(({ offset }) => offset),
    entries.map((_, index) => index + 1),
  );
  for (const user of USERS) {
    for (let from = 0; from <= entries.length; from += 1) {
      const outcome = await kit.read(at(number), "subscribe", {
        as: user,
        input: { since: { ...since, offset: from } },
      });
      assert.ok(outcome.ok);
      // Of the action of this name.
      const { recovered, publications, offset } = outcome.value as SubscribeResult;
      assert.deepEqual([recovered, offset], [true, entries.length]);
      const expected = entries
        .map((entry, index) => ({ offset: index + 1, data: JSON.stringify({ event: "added", data: { entry } }) }))
        .filter(({ offset: own }) => own > from && (user === USERS[0] || !isPrivate(own)));
      assert.deepEqual(publications, expected);
    }
    kit.kit.resetLimits();
  }
  return stored;
}

describe("actors under random commands, retries, crashes and changes of owner", () => {
  it("let every acknowledged command take effect once, and replay from any offset what was published", async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const clock = createFakeClock();
      await using inner = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
      const store = faultyStore(inner);
      const open = (node: string) => openActorKit({ definitions: [log], clock, store, node });
      await using first = await open(NODES[0]);
      await using second = await open(NODES[1]);
      await second.lease(NODES[1], -1);
      const kits = [first, second];
      const acknowledged = await play({ kits, store }, steps);
      const pushed = kits.flatMap((kit) => kit.pushed);
      for (const number of [0, 1]) {
        const stored = await judge(first, number, acknowledged);
        const told = pushed.filter(({ channel }) => channel === `log:l${number}`);
        const offsets = told.map(({ position }) => position?.offset ?? 0);
        assert.deepEqual(
          offsets.toSorted((left, right) => left - right),
          stored.map(({ offset }) => offset),
          "what is told is what is stored, once",
        );
        for (const { message, position } of told) {
          const { data } = stored[(position?.offset ?? 0) - 1] ?? {};
          assert.ok(message.includes(`"data":${data}`));
        }
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
