import type { Server } from "node:http";
import type { Hono } from "hono";
import type { Metric } from "prom-client";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../../console/operator.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress, ActorRecords } from "../../kernel/ports/actors.ts";
import type { Mutes } from "../../kernel/ports/mutes.ts";
import type { PushSource } from "../../kernel/ports/push-source.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { createActors, type Actors, type ServerAttempt } from "../../realtime/actor/actors.ts";
import { attachRealtime } from "../../realtime/adapters/attach.ts";
import { openCluster, type Cluster } from "../../realtime/cluster/cluster.ts";
import { DEFAULT_CHANNEL } from "../../realtime/channel-name.ts";
import { connectActions } from "../../realtime/connection/connect-action.ts";
import { openConnections, type Connections } from "../../realtime/connection/connections.ts";
import { createLines, type Lines } from "../../realtime/lines/lines.ts";
import { createEmulationDesk, forwardCommands } from "../../realtime/emulation-desk.ts";
import { createNodeDesk } from "../../realtime/node-desk.ts";
import { createRealtimeOperations } from "../../realtime/operations.ts";
import { createActorRecords } from "../../store/sql/realtime/actors.ts";
import { createMutes } from "../../store/sql/realtime/mutes.ts";
import { createNodes } from "../../store/sql/realtime/nodes.ts";
import { createPublications } from "../../store/sql/realtime/publications.ts";
import { createStreamPositions } from "../../store/sql/realtime/stream-positions.ts";
import type { Services } from "../application.ts";
import { createRealtimeMetrics, createTurnTimes } from "./realtime-metrics.ts";
import type { MountedGuests } from "../guests/mounted-guests.ts";
import type { ApplicationRealtime } from "./application-realtime.ts";
import { actorPositions } from "./actor-positions.ts";
import { Attendances } from "./attendances.ts";
import { watchRevocations } from "./revocations.ts";
import { findProblem } from "./problem-registry.ts";

/** Realtime with all that is mounted. */
export interface MountedRealtime extends AsyncDisposable {
  readonly actions: readonly AnyAction[];
  readonly connections: Connections;
  readonly metrics: readonly Metric[];
  /** Has an actor do something for the server itself, wherever the actor runs. */
  perform(address: ActorAddress, attempt: ServerAttempt): Promise<Outcome>;
  /** What an actor shows somebody of its state. */
  state(address: ActorAddress, principal: Principal): Promise<Outcome>;
  routes(): Hono;
  /** Begins to run actors and their timers, once the gate is there. */
  start(): void;
  /** Opens WebSockets on a server. Disposing the result opens no more. */
  attach(server: Server): Disposable;
  /** Closes connections, spread over `realtime.drainSpread`, and gives up the actors of this server. */
  drain(): Promise<void>;
  /** Deletes what is of no use any more. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
}

/** What realtime is opened with. */
export interface RealtimeOptions {
  readonly services: Services;
  readonly guests: Pick<MountedGuests, "onRevoked">;
  /** What connections hear that no actor publishes. */
  readonly sources: readonly PushSource[];
  readonly report: (error: unknown) => void;
}

/** Opens what an application says about realtime. */
export async function mountRealtime(
  options: RealtimeOptions,
  application: ApplicationRealtime,
): Promise<MountedRealtime> {
  const { services, guests, sources, report } = options;
  const { config, store, random } = services;
  const machine = { ...services, timers: systemTimers, report };
  const records = createActorRecords({ random });
  const publications = createPublications();
  const nodes = createNodes();
  const { roles } = config.realtime;
  await using stack = new AsyncDisposableStack();
  const mutes = stack.use(await createMutes({ ...machine, bus: services.bus }));
  const cluster = await openCluster({
    ...{ ...machine, roles, nodes, publications, actors: records, findProblem },
    positions: actorPositions({
      ...{ positions: createStreamPositions(), records },
      partsOf: (type) => actors.partsOf(type),
    }),
    // An embedded store has one process.
    bus: store.dialect === "sqlite" ? undefined : services.bus,
  });
  const turnTimes = createTurnTimes();
  const actors = createActors({
    ...{ ...machine, definitions: application.actors, records, publications, node: cluster.node },
    publish: (pushed) => cluster.hub.publish(pushed),
    mutes,
    turned: (type, milliseconds) => turnTimes.observe({ actor: type }, milliseconds / 1000),
    profile: config.profile,
  });
  const attendances = attendancesOf({ actors, cluster, report });
  const connections = openConnections({
    ...machine,
    ...{ actors, sources, node: cluster.node, hub: cluster.hub, presence: cluster.presence, desk: cluster.desk },
    attended: (what, attended) => {
      if (actors.attends(attended.address.type, what)) attendances.tell(what, attended);
    },
    redeemTicket: (text, place) => lines.redeemTicket(text, place),
    gate: { attempt: (...attempt) => services.gate().attempt(...attempt) },
    settings: { ...config.realtime.connection, drainSpread: config.realtime.drainSpread },
  });
  const { node, emulation } = cluster;
  const lines = openLines(options, application, { node, emulation, connections });
  emulation?.serve(createEmulationDesk(node, lines));
  const revocations = await watchRevocations({ services, guests, connections, report });
  cluster.everywhere.serve(createNodeDesk({ connections, waiting: () => actors.waiting }));
  const prunes = [nodes, actors, mutes];
  const measured = createRealtimeMetrics({ ...services, connections, actors });
  const metrics = [...measured.metrics, turnTimes];
  stack.move();
  const told = { attendances, revocations, mutes, records };
  const running = { ...options, application, cluster, actors, connections, lines, ...told };
  return new RunningRealtime({ ...running, prunes, measured, metrics });
}

/** Tells actors who comes and goes. */
function attendancesOf({ actors, cluster, report }: Pick<RunningParts, "actors" | "cluster" | "report">): Attendances {
  return new Attendances({
    perform: (what, { address, principal, channel, connection }) => {
      const attempt = actors.attemptOf(address, { command: what, principal, input: { channel, connection } });
      return cluster.desk.perform(address, attempt);
    },
    timers: systemTimers,
    report,
  });
}

interface LineParts {
  readonly node: string;
  readonly emulation: Cluster["emulation"];
  readonly connections: Connections;
}

function openLines(
  { services, report }: RealtimeOptions,
  { admits, authorise }: ApplicationRealtime,
  { node, emulation, connections }: LineParts,
): Lines {
  const { config } = services;
  const { publicUrl, tls, trustedProxies } = config.server;
  const { opening, ...bounds } = config.realtime.lines;
  const demand = typeof authorise === "function" ? authorise.demand : undefined;
  return createLines({
    ...{ ...services, timers: systemTimers, report, node },
    open: (transport, admitted) => connections.open(transport, admitted),
    trustedCidrs: config.limits.trustedCidrs,
    encryption: {
      required: config.profile === "production",
      origins: publicUrl === undefined ? [] : [publicUrl],
      trustsProxy: trustedProxies.length > 0 || tls.certificate !== undefined,
    },
    options: {
      ...bounds,
      opening: { limit: opening, window: 60_000, atOnce: opening },
      frameBytes: config.realtime.connection.largestFrame,
    },
    ...(admits === undefined ? {} : { policy: admits }),
    ...(demand === undefined ? {} : { demand }),
    ...(emulation === undefined ? {} : { forward: forwardCommands(emulation) }),
  });
}

interface RunningParts extends RealtimeOptions {
  readonly application: ApplicationRealtime;
  readonly cluster: Cluster;
  readonly actors: Actors;
  readonly connections: Connections;
  readonly attendances: Attendances;
  readonly lines: Lines;
  readonly revocations: AsyncDisposable;
  readonly mutes: Mutes;
  readonly measured: Disposable;
  readonly metrics: readonly Metric[];
  readonly records: ActorRecords;
  readonly prunes: readonly { prune(transaction: WriteTransaction, limit: number): Promise<number> }[];
}

class RunningRealtime implements MountedRealtime {
  readonly actions: readonly AnyAction[];
  readonly connections: Connections;
  readonly metrics: readonly Metric[];
  readonly #parts: RunningParts;

  constructor(parts: RunningParts) {
    const { application, services, actors, lines, connections } = parts;
    const { authorise = ({ principal }) => principal.type !== "anonymous", anonymous = false } = application;
    this.#parts = parts;
    this.connections = connections;
    this.metrics = parts.metrics;
    const { identity } = services;
    const connect = connectActions({
      ...{ authorise, anonymous },
      expiryOf: async (token, attempt) => {
        const issued = await identity?.accessTokens.find(attempt.tenant, token);
        return issued === undefined ? application.expiryOf?.(token, attempt) : issued.expiresAt;
      },
    });
    this.actions = [...connect, ...lines.actions, ...actors.actions, ...this.#operations()];
  }

  perform(address: ActorAddress, attempt: ServerAttempt): Promise<Outcome> {
    const { actors, cluster } = this.#parts;
    return cluster.desk.perform(address, actors.attemptOf(address, attempt));
  }

  state(address: ActorAddress, principal: Principal): Promise<Outcome> {
    const { actors, services } = this.#parts;
    const attempt = actors.attemptOf(address, { command: "state", principal });
    return services.gate().attempt({ ...attempt, input: { key: address.key, channel: DEFAULT_CHANNEL } });
  }

  #operations(): readonly AnyAction[] {
    const { actors, mutes, cluster, records } = this.#parts;
    return createRealtimeOperations({
      ...{ actors, mutes, operatorsOnly, entrances: OPERATOR_ENTRANCES },
      ask: (question) => cluster.everywhere.ask(question),
      perform: (...attempt) => this.perform(...attempt),
      exists: (read, address) => read(async (reading) => (await records.find(reading, address)) !== undefined),
    });
  }

  routes(): Hono {
    return this.#parts.lines.routes();
  }

  start(): void {
    const { services, cluster, actors } = this.#parts;
    if (!services.config.realtime.roles.includes("worker")) return;
    cluster.work(actors);
    actors.start();
  }

  attach(server: Server): Disposable {
    return attachRealtime(server, this.#parts.lines);
  }

  async drain(): Promise<void> {
    const { lines, connections, attendances, actors, cluster } = this.#parts;
    lines.drain();
    await connections.drain();
    // Those who were here until now leave their actors while there is somebody to tell.
    await attendances.settle();
    await cluster.drain();
    await actors.drain();
  }

  async prune(transaction: WriteTransaction, limit: number): Promise<number> {
    let deleted = 0;
    for (const rows of this.#parts.prunes) deleted += await rows.prune(transaction, limit);
    return deleted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { lines, connections, attendances, actors, cluster, revocations, mutes } = this.#parts;
    await revocations[Symbol.asyncDispose]();
    await lines[Symbol.asyncDispose]();
    await connections[Symbol.asyncDispose]();
    await attendances.settle();
    await actors[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    await mutes[Symbol.asyncDispose]();
    this.#parts.measured[Symbol.dispose]();
  }
}
