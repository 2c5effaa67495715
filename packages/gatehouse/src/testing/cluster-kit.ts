import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { createIds } from "../kernel/ids.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing, type KeyRing } from "../kernel/key-ring.ts";
import type { ActorAddress } from "../kernel/ports/actors.ts";
import type { Attempt } from "../kernel/attempt.ts";
import type { ChannelKey } from "../kernel/ports/publications.ts";
import type { Store } from "../kernel/ports/store.ts";
import { defineProblems } from "../kernel/problem.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom } from "../kernel/random.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";
import { openCluster, type Cluster, type ClusterParts } from "../realtime/cluster/cluster.ts";
import type { Pushed, Subscriber } from "../realtime/pushed.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createActorRecords } from "../store/sql/realtime/actors.ts";
import { createNodes } from "../store/sql/realtime/nodes.ts";
import { createPublications } from "../store/sql/realtime/publications.ts";
import { createStreamPositions } from "../store/sql/realtime/stream-positions.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";

/** What nodes of a test installation have in common. */
export interface TestInstallation {
  readonly store: Store;
  readonly keyRing: KeyRing;
}

/** A node and what it has said. */
export interface TestNode extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly events: readonly SecurityEvent[];
  readonly reported: unknown[];
}

/** What a node of a test is made of. */
export type TestNodeOptions = TestInstallation &
  Pick<ClusterParts, "bus"> &
  Partial<Pick<ClusterParts, "roles" | "times" | "bounds" | "lost" | "positions">> & { readonly time?: Clock & Timers };

const time = { ...systemClock, ...systemTimers };
/** The records of actors on any store. */
export const actorRecords = createActorRecords({ random: systemRandom });
/** What workers of tests answer besides. */
export const roomProblems = defineProblems({
  ACTOR_MOVED: { status: 503, message: "The room is another node's." },
});
/** What was published on any store. */
export const publications = createPublications();

/** A key ring as all servers of an installation have it. */
export function createTestKeyRing(): KeyRing {
  return createKeyRing(generateKeyMaterial(systemRandom, systemClock));
}

/** An installation on an embedded store in memory, for several nodes of one process. */
export async function openTestInstallation(clock: Clock = systemClock): Promise<TestInstallation & AsyncDisposable> {
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations });
  return { store, keyRing: createTestKeyRing(), [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** Opens a node with everything real but what the options replace. */
export async function openTestNode(options: TestNodeOptions): Promise<TestNode> {
  const { time: clock = time, roles = ["gateway", "worker"], positions = createStreamPositions(), ...rest } = options;
  const reported: unknown[] = [];
  const report = (error: unknown): void => void reported.push(error);
  const events: SecurityEvent[] = [];
  const stream = createEventStream(report);
  stream.subscribe((event) => events.push(event));
  const registry = new Map(Object.values({ ...problems, ...roomProblems }).map((problem) => [problem.code, problem]));
  const cluster = await openCluster({
    ...{ ...rest, roles, clock, timers: clock, random: systemRandom, ids: createIds(clock, systemRandom), report },
    ...{ nodes: createNodes(), actors: actorRecords, publications, positions },
    ...{ events: stream, findProblem: (code) => registry.get(code) },
  });
  return { cluster, events, reported, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}

/** An attempt of a realtime connection at a command. */
export function connectionAttempt(differences: Partial<Attempt> = {}): Attempt {
  const tenant = differences.tenant ?? "acme";
  const principal = { type: "user", id: "ada", tenant, grants: new Set(["host"]), session: "fingerprint" } as const;
  return {
    ...{ id: createIds(systemClock, systemRandom).next(), entrance: "realtime", action: "room.say", tenant },
    receivedAt: systemClock.now(),
    peer: { ip: "192.0.2.7", tls: true, connection: "connection 1" },
    provenance: { kind: "connection" },
    credentials: [{ kind: "connection", principal }],
    input: { key: ["one"], input: { text: "hello" } },
    ...differences,
  };
}

/** The address of a room. */
export function room(name: string): ActorAddress {
  return { tenant: "acme", type: "room", key: [name] };
}

/** What somebody hears. */
export class Ear implements Subscriber {
  readonly connection: string;
  readonly principal: string;
  readonly heard: Pushed[] = [];
  readonly encodings = new Set<Uint8Array>();
  lostCount = 0;

  constructor(connection = "connection", principal = "ada") {
    this.connection = connection;
    this.principal = principal;
  }

  hear(pushed: Pushed, encoded: Uint8Array): void {
    this.heard.push(pushed);
    this.encodings.add(encoded);
  }

  lost(): void {
    this.lostCount += 1;
  }

  /** Offsets of what was heard. */
  get offsets(): number[] {
    return this.heard.flatMap(({ position }) => position?.offset ?? []);
  }

  /** Messages that were heard. */
  get messages(): string[] {
    return this.heard.map(({ message }) => message);
  }
}

/** A channel of a test. */
export function channelKey(channel: string): ChannelKey {
  return { tenant: "acme", channel };
}

/** A publication with its place in a stream. */
export function publicationAt(key: ChannelKey, offset: number, epoch = "run"): Pushed {
  const message = `{"push":{"channel":"${key.channel}","pub":{"data":{"n":${offset}},"offset":${offset}}}}`;
  return { ...key, kind: "publication", position: { offset, epoch }, message };
}

/** A publication that is not kept. */
export function volatilePublication(key: ChannelKey, text: string): Pushed {
  const message = `{"push":{"channel":"${key.channel}","pub":{"data":${JSON.stringify(text)}}}}`;
  return { ...key, kind: "publication", message };
}

/** A channel, and the run of its stream where that matters. */
export interface StreamKey extends ChannelKey {
  readonly epoch?: string;
}

/** Writes publications into the store, as a turn does before it tells of them. */
export async function keep(
  store: Store,
  { tenant, channel, epoch = "run" }: StreamKey,
  offsets: readonly number[],
): Promise<void> {
  const key = { tenant, channel };
  const rows = offsets.map((offset) => ({ offset, epoch, data: `{"n":${offset}}`, at: systemClock.now() }));
  await store.write((transaction) => publications.append(transaction, key, rows));
}
