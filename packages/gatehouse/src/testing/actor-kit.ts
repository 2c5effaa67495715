import type { Attempt, Principal } from "../kernel/attempt.ts";
import { createIds } from "../kernel/ids.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import type { Outcome } from "../kernel/outcome.ts";
import type { ActorAddress, ActorRecord, ActorRecords } from "../kernel/ports/actors.ts";
import type { Publications } from "../kernel/ports/publications.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createSealer } from "../kernel/seal.ts";
import { createActors, type Actors } from "../realtime/actor/actors.ts";
import type { AnyActor } from "../realtime/actor/actor.ts";
import type { Pushed } from "../realtime/pushed.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createActorRecords } from "../store/sql/realtime/actors.ts";
import { createPublications } from "../store/sql/realtime/publications.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createTestGate, testUser, type TestGate, type TestGateOptions } from "./gate-kit.ts";

/** What differs from the plain kit. */
export interface ActorKitOptions extends Pick<TestGateOptions, "clock" | "seed" | "migrations" | "guards"> {
  readonly definitions: readonly AnyActor[];
  /** Default: an embedded store in memory, which the kit closes. A store given is the caller's to close. */
  readonly store?: Store;
  /** Identifier of the node. Kits on one store with one seed are servers of one installation. Default `first`. */
  readonly node?: string;
  readonly profile?: "development" | "production";
}

/** How one attempt over a connection is made. */
export interface ConnectionAttempt {
  /** A principal, or the id of a user in the tenant. Default: the user `ada`. */
  readonly as?: Principal | string;
  /** The command's id. */
  readonly id?: string;
  /** Identifier of the connection. Default: one of the principal's own. */
  readonly connection?: string;
  readonly tenant?: string;
  readonly more?: Partial<Attempt>;
}

/** Actors behind every guard, on one node. */
export interface ActorKit extends AsyncDisposable {
  readonly actors: Actors;
  readonly kit: TestGate;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly records: ActorRecords;
  readonly publications: Publications;
  /** What subscribers were told, in order. */
  readonly pushed: Pushed[];
  /** A command over a connection: `say` of `["room", "e1"]`. */
  command(
    at: readonly string[],
    name: string,
    call?: ConnectionAttempt & { readonly input?: unknown },
  ): Promise<Outcome>;
  /** `subscribe`, `history`, `state` or `presence` of an actor; what `input` says comes besides the key. */
  read(at: readonly string[], name: string, call?: ConnectionAttempt & { readonly input?: object }): Promise<Outcome>;
  /** An operation of the server's own. */
  operate(at: readonly string[], command: string, input?: unknown): Promise<Outcome>;
  record(at: readonly string[]): Promise<ActorRecord | undefined>;
  /** The state of an actor as it is stored. */
  state(at: readonly string[]): Promise<unknown>;
  /** Gives a node a lease of so many milliseconds; less than 0: it has run out. */
  lease(node: string, duration: number): Promise<void>;
}

const ENTER = portableStatement(
  `INSERT INTO realtime_nodes (id, roles, lease_until) VALUES ($1, '["worker"]', $2)
   ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until`,
);
const TENANT = "acme";
const LONG = 3_600_000_000;

/** Opens a kit. */
export async function openActorKit(options: ActorKitOptions): Promise<ActorKit> {
  const { clock = createFakeClock(), seed = "actors", node = "first", migrations = [] } = options;
  const all = [...coreMigrations, ...migrations];
  const store = options.store ?? (await openSqliteStore({ memory: true, clock, migrations: all }));
  const random = createDeterministicRandom(`${seed} ${node}`);
  const ids = createIds(clock, random);
  const keys = generateKeyMaterial(createDeterministicRandom(`keys of ${seed}`), createFakeClock());
  const sealer = createSealer({ keyRing: createKeyRing(keys), random, clock });
  const records = createActorRecords({ random });
  const publications = createPublications();
  const pushed: Pushed[] = [];
  const running: { kit?: TestGate } = {};
  const required = (): TestGate => {
    if (running.kit === undefined) throw new TypeError("The kit is not open yet.");
    return running.kit;
  };
  const actors = createActors({
    ...{ store, records, publications, node, clock, timers: clock, ids, random, sealer },
    definitions: options.definitions,
    gate: () => required().gate,
    publish: (one) => pushed.push(one),
    report: (error) => required().reported.push(error),
    events: {
      emit: (event) => required().stream.emit(event),
      subscribe: (listener) => required().stream.subscribe(listener),
    },
    profile: options.profile ?? "development",
  });
  const { guards = [] } = options;
  const kit = await createTestGate({ actions: actors.actions, store, clock, seed, server: node, guards });
  running.kit = kit;
  const attemptOf = (action: string, input: unknown, how: ConnectionAttempt): Attempt => {
    const { as = "ada", tenant = TENANT, id } = how;
    const principal = typeof as === "string" ? testUser(as, [], tenant) : as;
    return {
      id: ids.next(),
      ...{ entrance: "realtime", action, tenant, input },
      receivedAt: clock.now(),
      peer: { ip: "192.0.2.1", tls: true, connection: how.connection ?? `connection of ${principal.id}` },
      provenance: { kind: "connection" },
      credentials: [{ kind: "connection", principal }],
      ...(id !== undefined && { idempotencyKey: id }),
      ...how.more,
    };
  };
  const addressOf = ([type = "", ...key]: readonly string[], tenant = TENANT): ActorAddress => ({ tenant, type, key });
  const opened: ActorKit = {
    ...{ actors, kit, store, clock, records, publications, pushed },
    command: (at, name, call = {}) => {
      const address = addressOf(at, call.tenant);
      const input = { key: address.key, input: call.input ?? {} };
      return actors.perform(address, attemptOf(`${address.type}.${name}`, input, call));
    },
    read: (at, name, call = {}) => {
      const { type, key } = addressOf(at, call.tenant);
      return kit.gate.attempt(attemptOf(`${type}.${name}`, { key, channel: "default", ...call.input }, call));
    },
    operate: (at, command, input = {}) => {
      const address = addressOf(at);
      return actors.perform(address, actors.attemptOf(address, { command, input }));
    },
    record: (at) => store.read((reading) => records.find(reading, addressOf(at))),
    state: async (at) => {
      const { state } = (await opened.record(at)) ?? { state: "" };
      // Only `writeState` writes the column.
      return state === "" ? undefined : (JSON.parse(state) as { readonly state: unknown }).state;
    },
    lease: async (id, duration) => {
      await store.write(async (transaction) => transaction.execute(ENTER, [id, (await transaction.now()) + duration]));
    },
    async [Symbol.asyncDispose]() {
      await actors[Symbol.asyncDispose]();
      await kit[Symbol.asyncDispose]();
      if (options.store === undefined) await store[Symbol.asyncDispose]();
    },
  };
  await opened.lease(node, LONG);
  return opened;
}
