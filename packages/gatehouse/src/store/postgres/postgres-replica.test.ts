import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";

import { systemClock } from "../../kernel/clock.ts";
import type { ReadTransaction, Statement } from "../../kernel/ports/store.ts";
import { createDatabaseRoles, type DatabaseRoleUrls } from "../../testing/postgres-roles.ts";
import { startStandby, type PostgresStandby } from "../../testing/postgres-standby.ts";
import { skipWithout, startOwnPostgres, type PostgresService, type TestDatabase } from "../../testing/services.ts";
import { contractMigrations, INSERT_NOTE, NOTE_AMOUNT } from "../../testing/store-contract-fixture.ts";
import type { StoreStateChange } from "../breaker.ts";
import { openPostgresReplica, type PostgresReplica } from "./postgres-replica.ts";
import { runStatement } from "./postgres-statement.ts";
import { openPostgresStore, type PostgresStore } from "./postgres-store.ts";

const PATIENCE = 2000;
const ONLY_POSTGRES = (postgres: string): Statement => ({ sqlite: "", postgres });
const WHERE = ONLY_POSTGRES("SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END AS place");
const SESSIONS = ONLY_POSTGRES("SELECT id FROM sessions");
const BACKEND = ONLY_POSTGRES("SELECT pg_backend_pid() AS pid");

async function placeOf(transaction: ReadTransaction): Promise<string> {
  const [row] = await transaction.execute<{ place: string }>(WHERE, []);
  return row?.place ?? "nowhere";
}

/** A primary, its standby, and roles of one database there. */
class Pair implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  service!: PostgresService;
  database!: TestDatabase;
  roles!: DatabaseRoleUrls;
  standby!: PostgresStandby;
  store!: PostgresStore;
  readonly changes: StoreStateChange[] = [];

  async start(): Promise<this> {
    const stack = this.#stack;
    this.service = stack.use(await startOwnPostgres({ durable: false }));
    this.database = await this.service.createDatabase();
    this.roles = await createDatabaseRoles(this.database.url);
    const migrator = { url: this.roles.migrator, grants: this.roles.grants };
    const options = { url: this.roles.writer, clock: systemClock, migrations: contractMigrations, migrator };
    this.store = await openPostgresStore(options);
    this.standby = stack.use(await startStandby(this.service.url));
    stack.use(this.store);
    return this;
  }

  open({ url = this.roles.reader, patience = PATIENCE }: { url?: string; patience?: number } = {}): PostgresReplica {
    this.changes.length = 0;
    return openPostgresReplica({
      ...{ url: url === this.roles.reader ? this.standby.urlOf(url) : url, patience, primary: this.store },
      ...{ clock: systemClock, limits: { acquire: 5000 } },
      onStateChange: (change) => this.changes.push(change),
    });
  }

  /** Stops or goes on with applying what the primary sends. */
  replay(what: "pause" | "resume"): Promise<void> {
    return runStatement(this.standby.urlOf(this.service.url), `SELECT pg_wal_replay_${what}()`);
  }

  write(id: string, amount: number): Promise<unknown> {
    return this.store.write((transaction) => transaction.execute(INSERT_NOTE, [id, amount]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function lookUp(replica: PostgresReplica, id: string): Promise<{ place: string; amount: number | undefined }> {
  return replica.read("look-up", async (transaction) => {
    const [row] = await transaction.execute<{ amount: number }>(NOTE_AMOUNT, [id]);
    return { amount: row?.amount, place: await placeOf(transaction) };
  });
}

/** Reads until it is done at the replica again. */
async function untilRead(replica: PostgresReplica): Promise<void> {
  const deadline = systemClock.monotonic() + 30_000;
  while ((await replica.read("place", placeOf)) !== "replica") {
    assert.ok(systemClock.monotonic() < deadline, "The replica is not read again.");
    await delay(100);
  }
}

describe("reads from a replica", { skip: await skipWithout("postgres") }, () => {
  let pair: Pair;
  before(async () => {
    pair = await new Pair().start();
  });
  after(() => pair[Symbol.asyncDispose]());
  beforeEach(() => pair.store.write((transaction) => transaction.execute(ONLY_POSTGRES("DELETE FROM notes"), [])));

  // Somebody sends a form and is shown a page without what they sent, because it was read where their change had not
  // arrived. They send it again.
  it("shows own writes that the replica has not seen yet", async () => {
    await using replica = pair.open();
    let fromReplica = 0;
    for (let number = 0; number < 200; number += 1) {
      await pair.write(`n${number}`, number);
      const { amount, place } = await lookUp(replica, `n${number}`);
      assert.equal(amount, number);
      if (place === "replica") fromReplica += 1;
    }
    assert.ok(fromReplica > 150, `${fromReplica} of 200 reads were done at the replica`);
    assert.deepEqual(pair.changes, []);
  });

  it("shows what another server has written, to many readers at once", async () => {
    await using other = await openPostgresStore({
      ...{ url: pair.roles.writer, clock: systemClock, migrations: contractMigrations },
    });
    await using replica = pair.open();
    await Promise.all(
      Array.from({ length: 40 }, async (_, number) => {
        await other.write((transaction) => transaction.execute(INSERT_NOTE, [`n${number}`, number]));
        assert.equal((await lookUp(replica, `n${number}`)).amount, number);
      }),
    );
  });

  it("reads at the primary while the replica lags, and at the replica once it has caught up", async () => {
    await using replica = pair.open({ patience: 100 });
    await untilRead(replica);
    await pair.replay("pause");
    try {
      for (let number = 0; number < 4; number += 1) {
        await pair.write(`n${number}`, number);
        assert.deepEqual(await lookUp(replica, `n${number}`), { amount: number, place: "primary" });
      }
      assert.deepEqual(
        pair.changes.map(({ store, available }) => ({ store, available })),
        [{ store: "postgres-replica", available: false }],
      );
      assert.match(pair.changes[0]?.detail ?? "", /it is more than 100 ms behind\. Reads go to the primary/);
      const health = await replica.health();
      assert.equal(health.state, "degraded");
      assert.match(health.detail, /[1-9]\d* bytes behind the primary; not read/);
    } finally {
      await pair.replay("resume");
    }
    await untilRead(replica);
    assert.equal(pair.changes.at(-1)?.available, true);
    assert.equal((await replica.health()).state, "up");
  });

  it("reads at the primary while the replica is dead, and at the replica once it is back", async () => {
    await using replica = pair.open();
    await untilRead(replica);
    await pair.write("a", 1);
    await pair.standby.process.stop("crash");
    for (let number = 0; number < 5; number += 1) {
      assert.deepEqual(await lookUp(replica, "a"), { amount: 1, place: "primary" });
    }
    assert.equal(pair.changes[0]?.available, false);
    assert.equal((await replica.health()).state, "degraded");
    await pair.standby.process.start();
    await untilRead(replica);
    assert.equal(pair.changes.at(-1)?.available, true);
  });

  it("waits for a replica that hangs no longer than for one that lags", async () => {
    await using replica = pair.open({ patience: 200 });
    await untilRead(replica);
    await pair.write("a", 1);
    await pair.standby.process.pause();
    try {
      assert.deepEqual(await lookUp(replica, "a"), { amount: 1, place: "primary" });
      const health = await replica.health();
      assert.equal(health.state, "degraded");
    } finally {
      await pair.standby.process.resume();
    }
    await untilRead(replica);
  });

  it("repeats at the primary what is cut off at the replica", async () => {
    await using replica = pair.open();
    await untilRead(replica);
    const places: string[] = [];
    const amount = await replica.read("cut off", async (transaction) => {
      const place = await placeOf(transaction);
      places.push(place);
      if (place === "replica") {
        const [row] = await transaction.execute<{ pid: number }>(BACKEND, []);
        const kill = `SELECT pg_terminate_backend(${row?.pid}, 5000)`;
        // The rule that nothing else is awaited is broken on purpose: somebody else ends the connection meanwhile.
        await runStatement(pair.standby.urlOf(pair.service.url), kill);
      }
      return (await transaction.execute(NOTE_AMOUNT, ["none"])).length;
    });
    assert.equal(amount, 0);
    assert.deepEqual(places, ["replica", "primary"]);
  });

  // An action that has been declared to change nothing tries to, or an intruder uses its connection. The standby takes
  // no writes from anybody.
  it("has a mutation refused by the database", async () => {
    await using replica = pair.open();
    await untilRead(replica);
    await assert.rejects(
      replica.read("mutation", (transaction) => transaction.execute(INSERT_NOTE, ["a", 1])),
      /cannot execute INSERT in a read-only transaction|it is read-only/,
    );
    for (const role of [pair.roles.reader, pair.roles.writer, pair.service.url]) {
      const client = new Client({ connectionString: pair.standby.urlOf(role) });
      await client.connect();
      await assert.rejects(client.query("BEGIN READ WRITE"), /recovery/);
      await assert.rejects(client.query("CREATE TABLE mine (id int)"), /read-only|aborted/);
      await client.end();
    }
    assert.deepEqual(await lookUp(replica, "a"), { amount: undefined, place: "replica" });
  });

  it("reads secrets at the primary, and tries the replica for them once", async () => {
    await using replica = pair.open();
    const places: string[] = [];
    const work = async (transaction: ReadTransaction) => {
      places.push(await placeOf(transaction));
      return transaction.execute(SESSIONS, []);
    };
    assert.deepEqual(await replica.read("sessions", work), []);
    assert.deepEqual(await replica.read("sessions", work), []);
    assert.deepEqual(places, ["replica", "primary", "primary"]);
    assert.equal(await replica.read("place", placeOf), "replica");
    assert.deepEqual(pair.changes, []);
  });

  it("takes no answer from work that has swallowed a failure at the replica", async () => {
    await using replica = pair.open();
    await untilRead(replica);
    const answer = await replica.read("swallowed", async (transaction) => {
      const found = await transaction.execute(SESSIONS, []).catch(() => "nothing");
      return found;
    });
    assert.deepEqual(answer, []);
  });

  it("throws what the work throws, once", async () => {
    await using replica = pair.open();
    await untilRead(replica);
    let runs = 0;
    const failing = replica.read("failing", async (transaction) => {
      runs += 1;
      await placeOf(transaction);
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.equal(runs, 1);
  });

  // Behind the address of the replica answers another server: the primary itself, a standby that was promoted, or the
  // standby of some other database. How far it is says nothing then.
  it("does not believe a server that is no standby of this primary", async () => {
    await using itself = pair.open({ url: `${pair.roles.reader}?application_name=itself` });
    await using foreign = await startOwnPostgres({ durable: false });
    await using foreignStandby = await startStandby(foreign.url);
    await using stranger = pair.open({ url: foreignStandby.urlOf(foreign.url) });
    await pair.write("a", 1);
    for (const [replica, reason] of [
      [itself, /it is no standby/],
      [stranger, /it does not follow this primary/],
    ] as const) {
      for (let number = 0; number < 3; number += 1) {
        assert.deepEqual(await lookUp(replica, "a"), { amount: 1, place: "primary" });
      }
      assert.match(pair.changes.at(-1)?.detail ?? "", reason);
      assert.equal((await replica.health()).state, "degraded");
    }
  });
});

/** Waits until a standby has replayed more of the log than another server has written. */
async function untilAhead(standby: string, primary: string): Promise<void> {
  const read = async (url: string, text: string): Promise<string> => {
    await using stack = new AsyncDisposableStack();
    const client = new Client({ connectionString: url });
    await client.connect();
    stack.defer(() => client.end());
    const { rows } = await client.query<{ answer: string }>(text);
    return rows[0]?.answer ?? "";
  };
  const written = await read(primary, "SELECT pg_current_wal_insert_lsn()::text AS answer");
  const ahead = `SELECT (pg_last_wal_replay_lsn() > '${written}')::text AS answer`;
  while ((await read(standby, ahead)) !== "true") await delay(50);
}

describe("reads from a replica after a failover", { skip: await skipWithout("postgres") }, () => {
  // The primary dies, one of two standbys takes over, and the other one, which had received more, goes on showing what
  // was never agreed upon. It is further in the log than the new primary, and has not seen what came since.
  it("does not believe a standby that stayed with the old primary", async () => {
    await using old = await startOwnPostgres({ durable: false });
    await using database = await old.createDatabase();
    await using store = await openPostgresStore({
      ...{ url: database.url, clock: systemClock },
      migrations: contractMigrations,
    });
    await using promoted = await startStandby(old.url);
    await using abandoned = await startStandby(old.url);
    await runStatement(promoted.urlOf(old.url), "SELECT pg_promote(true, 30)");
    await store.write((transaction) => transaction.execute(INSERT_NOTE, ["lost", 1]));
    // More than the new primary will write, so that the old one's standby is ahead.
    await runStatement(old.url, "SELECT pg_logical_emit_message(true, 'test', repeat('x', 10000000))");
    const options = { clock: systemClock, migrations: contractMigrations };
    await using next = await openPostgresStore({ url: promoted.urlOf(database.url), ...options });
    const url = abandoned.urlOf(database.url);
    await using replica = openPostgresReplica({ ...{ url, patience: PATIENCE, clock: systemClock }, primary: next });
    await next.write((transaction) => transaction.execute(INSERT_NOTE, ["kept", 2]));
    await untilAhead(abandoned.urlOf(old.url), promoted.urlOf(old.url));
    assert.deepEqual(await lookUp(replica, "kept"), { amount: 2, place: "primary" });
    assert.match((await replica.health()).detail, /does not follow this primary/);
  });
});
