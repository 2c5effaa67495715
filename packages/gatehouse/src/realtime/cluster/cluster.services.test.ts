import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import { openPostgresBus } from "../../store/postgres/postgres-bus.ts";
import { openPostgresStore } from "../../store/postgres/postgres-store.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openValkeyBus } from "../../store/valkey/valkey-bus.ts";
import { openValkeyConnection } from "../../store/valkey/valkey-connection.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import type { Store } from "../../kernel/ports/store.ts";
import {
  channelKey,
  connectionAttempt,
  createTestKeyRing,
  Ear,
  keep,
  openTestNode,
  publicationAt,
  room,
  type TestNode,
} from "../../testing/cluster-kit.ts";
import { createRoomWorker } from "../../testing/room-worker.ts";
import {
  skipWithout,
  startOwnValkey,
  startPostgres,
  type PostgresService,
  type TestDatabase,
} from "../../testing/services.ts";
import { eventually } from "../../testing/sqlite-fixture.ts";

const skip = (await skipWithout("postgres")) || (await skipWithout("valkey"));

describe("a cluster on PostgreSQL and Valkey", { skip, timeout: 120_000 }, () => {
  let postgres: PostgresService;
  let valkey: Awaited<ReturnType<typeof startOwnValkey>>;
  let database: TestDatabase;
  let store: Store;

  before(async () => {
    [postgres, valkey] = await Promise.all([startPostgres(), startOwnValkey()]);
    database = await postgres.createDatabase();
    store = await openPostgresStore({ url: database.url, clock: systemClock, migrations: coreMigrations });
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    for (const service of [valkey, postgres]) await service[Symbol.asyncDispose]();
  });

  async function openBus(stack: AsyncDisposableStack, prefix: string): Promise<Bus> {
    const connection = stack.use(await openValkeyConnection({ url: valkey.url, clock: systemClock }));
    return stack.use(await openValkeyBus({ connection, prefix, heartbeat: 200 }));
  }

  it("brings publications to hubs of several nodes in order, over an outage of Valkey", async () => {
    await using stack = new AsyncDisposableStack();
    const prefix = valkey.freshPrefix();
    const common = { store, keyRing: createTestKeyRing(), roles: ["gateway"], times: { check: 1_000 } } as const;
    const nodes: TestNode[] = [];
    for (let index = 0; index < 3; index += 1) {
      nodes.push(stack.use(await openTestNode({ ...common, bus: await openBus(stack, prefix) })));
    }
    const key = channelKey("room:outage");
    const ears = nodes.map(({ cluster }) => new Ear(cluster.node));
    for (const [index, { cluster }] of nodes.entries()) await cluster.hub.subscribe(key, ears[index] ?? new Ear());
    const publish = async (from: number, to: number): Promise<void> => {
      for (let offset = from; offset <= to; offset += 1) {
        await keep(store, key, [offset]);
        nodes[0]?.cluster.hub.publish(publicationAt(key, offset));
      }
    };
    await publish(1, 50);
    await eventually(() => ears.every((ear) => ear.offsets.length === 50));
    await valkey.process.stop("crash");
    await publish(51, 80);
    await valkey.process.start();
    // Nothing more is published: what was lost is found all the same.
    await eventually(() => ears.every((ear) => ear.offsets.length === 80));
    await publish(81, 100);
    await eventually(() => ears.every((ear) => ear.offsets.length >= 100));
    const expected = Array.from({ length: 100 }, (_, index) => index + 1);
    for (const ear of ears) assert.deepEqual([ear.offsets, ear.lostCount], [expected, 0]);
  });

  it("does the same without Valkey, over PostgreSQL alone", async () => {
    await using stack = new AsyncDisposableStack();
    const common = { store, keyRing: createTestKeyRing(), times: { drain: 500 } } as const;
    const open = async () =>
      stack.use(await openTestNode({ ...common, bus: stack.use(await openPostgresBus({ url: database.url })) }));
    const [first, second] = [await open(), await open()];
    const rooms = stack.use(
      await createRoomWorker({
        store,
        node: first.cluster.node,
        publish: (pushed) => first.cluster.hub.publish(pushed),
      }),
    );
    first.cluster.work(rooms);
    await second.cluster.heartbeat.setRoles(["gateway"]);
    const [key, ear] = [channelKey("room:plain"), new Ear()];
    await second.cluster.hub.subscribe(key, ear);
    const mark = (number: number): string => `${number} ${"ü".repeat(20_000)}`;
    for (let number = 1; number <= 5; number += 1) {
      const attempt = connectionAttempt({ input: { key: ["plain"], input: { mark: mark(number) } } });
      const outcome = await second.cluster.desk.perform(room("plain"), attempt);
      assert.ok(outcome.ok);
      assert.deepEqual(outcome.value, { number });
    }
    await eventually(() => ear.offsets.length === 5);
    assert.deepEqual(ear.offsets, [1, 2, 3, 4, 5]);
    first.cluster.presence.enter(key, { client: "c1", user: "ada" });
    await eventually(() => ear.heard.some(({ kind }) => kind === "join"));
    assert.deepEqual(await second.cluster.presence.members(key), [{ client: "c1", user: "ada" }]);
  });
});
