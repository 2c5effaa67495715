import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineAction } from "../kernel/action.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import type { ReadTransaction, Statement } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { createDatabaseRoles } from "../testing/postgres-roles.ts";
import { startStandby, type PostgresStandby } from "../testing/postgres-standby.ts";
import { skipWithout, startOwnPostgres } from "../testing/services.ts";
import { createTemporaryDirectory } from "../testing/sqlite-fixture.ts";
import type { Application } from "./application.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const PLACE: Statement = {
  sqlite: "",
  postgres: "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END AS place",
};
const SESSIONS: Statement = { sqlite: "", postgres: "SELECT count(*) AS sessions FROM sessions" };
const Empty = z.strictObject({});

async function placeOf(transaction: ReadTransaction): Promise<string> {
  const [row] = await transaction.execute<{ place: string }>(PLACE, []);
  return row?.place ?? "nowhere";
}

const shared = { entrances: ["job"], input: Empty } as const;

/** Actions that say where each of their steps has read. */
const application: Application = {
  open: () => {
    let ruled = "";
    const authorise = async ({ read }: { read: <R>(work: (t: ReadTransaction) => Promise<R>) => Promise<R> }) => {
      ruled = await read(placeOf);
      return true;
    };
    const look = defineAction({
      ...{ ...shared, name: "place.look", effects: "none", authorise },
      prepare: ({ read }) => read(placeOf),
      run: async ({ transaction, prepared }) => ({ ruled, prepared, ran: await placeOf(transaction) }),
    });
    const change = defineAction({
      ...{ ...shared, name: "place.change", effects: "store", idempotency: false, authorise },
      run: async ({ transaction }) => ({ ruled, ran: await placeOf(transaction) }),
    });
    const secret = defineAction({
      ...{ ...shared, name: "place.secret", effects: "none", authorise },
      run: async ({ transaction }) => {
        await transaction.execute(SESSIONS, []);
        return { ran: await placeOf(transaction) };
      },
    });
    return { actions: [look, change, secret] };
  },
};

describe("a server with a replica", { skip: await skipWithout("postgres") }, () => {
  const opened = new AsyncDisposableStack();
  let server: Gatehouse;
  let standby: PostgresStandby;
  before(async () => {
    const service = opened.use(await startOwnPostgres({ durable: false }));
    const database = await service.createDatabase();
    const roles = await createDatabaseRoles(database.url);
    standby = opened.use(await startStandby(service.url));
    const directory = opened.use(createTemporaryDirectory());
    const file = {
      ...{ profile: "development", dataDirectory: directory.path },
      store: {
        engine: "postgres",
        postgresUrl: roles.writer,
        postgresMigratorUrl: roles.migrator,
        postgresReplicaUrl: standby.urlOf(roles.reader),
        postgresReplicaPatience: "2s",
      },
    };
    const config = requireConfig({ file, clock: systemClock });
    server = opened.use(
      await openGatehouse({ config, application, clock: systemClock, random: systemRandom, log: "quiet" }),
    );
  });
  after(() => opened.disposeAsync());

  async function attempt(name: string): Promise<unknown> {
    const outcome = await server.operate(name, {});
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return outcome.value;
  }

  it("runs actions without effects at the replica, and decides about them at the primary", async () => {
    assert.deepEqual(await attempt("place.look"), { ruled: "primary", prepared: "primary", ran: "replica" });
  });

  it("runs what changes something at the primary", async () => {
    assert.deepEqual(await attempt("place.change"), { ruled: "primary", ran: "primary" });
  });

  it("runs what reads secrets at the primary", async () => {
    assert.deepEqual(await attempt("place.secret"), { ran: "primary" });
  });

  it("shows in health and events that the replica is away, and stays in service", async () => {
    const names: string[] = [];
    using _subscription = server.services.events.subscribe(({ name, context }) => {
      if (context["store"] === "postgres-replica") names.push(name);
    });
    const states = async () => (await server.health()).map(({ name, state }) => `${name} ${state}`);
    assert.deepEqual(await states(), ["postgres up", "postgres-replica up"]);
    await standby.process.stop("crash");
    for (let number = 0; number < 3; number += 1) {
      assert.deepEqual(await attempt("place.look"), { ruled: "primary", prepared: "primary", ran: "primary" });
    }
    assert.deepEqual(await states(), ["postgres up", "postgres-replica degraded"]);
    assert.deepEqual(names, ["store_unavailable"]);
    await standby.process.start();
    while (names.length < 2) {
      await attempt("place.look");
      await delay(100);
    }
    assert.equal(names[1], "store_recovered");
  });
});
