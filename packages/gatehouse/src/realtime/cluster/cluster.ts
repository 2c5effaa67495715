import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { ActorRecords } from "../../kernel/ports/actors.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import type { NodeRole, Nodes } from "../../kernel/ports/nodes.ts";
import type { Publications, StreamPositions } from "../../kernel/ports/publications.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import type { CommandDesk } from "../perform.ts";
import type { FindProblem } from "./carried-outcome.ts";
import { createCommandDesk } from "./command-desk.ts";
import { clusterEvents } from "./events.ts";
import { Everywhere } from "./everywhere.ts";
import { ChannelHub } from "./hub.ts";
import { NodeHeartbeat } from "./node-heartbeat.ts";
import { NodeLink } from "./node-link.ts";
import { NodeQuestions } from "./node-questions.ts";
import { Owners } from "./owners.ts";
import { PresenceBook } from "./presence-book.ts";
import { emitNodeEvent, RefusalAlarm } from "./refusal-alarm.ts";
import { SignedBus } from "./signed-bus.ts";
import { WorkerDoor } from "./worker-door.ts";

/** What a node takes part in the installation with. */
export interface ClusterParts {
  readonly roles: readonly NodeRole[];
  /** To the other nodes. Absent where this process is the only one on its store: then nothing leaves it. */
  readonly bus: Bus | undefined;
  readonly keyRing: KeyRing;
  readonly store: Store;
  readonly nodes: Nodes;
  readonly actors: Pick<ActorRecords, "find" | "release">;
  readonly publications: Pick<Publications, "after">;
  readonly positions: StreamPositions;
  readonly events: Pick<EventStream, "emit">;
  readonly findProblem: FindProblem;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly ids: Ids;
  readonly report: (error: unknown) => void;
  /** Called when the lease of this node has run out: whatever it keeps of its actors is to be dropped. */
  readonly lost?: () => void;
  readonly times?: ClusterTimes;
  readonly bounds?: ClusterBounds;
}

/** Milliseconds. */
export interface ClusterTimes {
  /** Between beats of a node. Default 5000. */
  readonly beat?: number;
  /** For which a beat holds the lease. Default 15 000. */
  readonly lease?: number;
  /** That a command may take. Default 20 000. */
  readonly patience?: number;
  /** Between looks at whether the last publication of a channel was missed. Default 40 000. */
  readonly check?: number;
  /** For which a channel without subscribers is listened to. Default 5000. */
  readonly linger?: number;
  /** That a principal has to come back before it has left a channel. Default 5000. */
  readonly grace?: number;
  /** That nodes have to answer what all of them are asked. Default 2000. */
  readonly answer?: number;
  /** That turns under way have to finish once a worker stops. Default 10 000. */
  readonly drain?: number;
}

/** How much of something there may be. */
export interface ClusterBounds {
  /** Commands that wait for other nodes at once. Default 10 000. */
  readonly asked?: number;
  /** Commands of other nodes that are performed at once. Default 2000. */
  readonly answered?: number;
  /** Members that are listed of a channel. Default 1000. */
  readonly members?: number;
  /** Joins and leaves of a channel that are announced in a second. Default 100. */
  readonly announced?: number;
}

/** A node and what it shares with the others. */
export interface Cluster extends AsyncDisposable {
  /** Identifier of this node. */
  readonly node: string;
  readonly hub: ChannelHub;
  readonly presence: PresenceBook;
  readonly desk: CommandDesk;
  readonly heartbeat: NodeHeartbeat;
  /** Asks every node. */
  readonly everywhere: Everywhere;
  /** Takes commands to the node that holds their line; absent where this node is the only one. */
  readonly emulation: NodeQuestions | undefined;
  /** Begins to perform commands. */
  work(worker: CommandDesk): void;
  /**
   * Ends the part of a worker: nothing new begins, turns under way finish, and its actors are released, so that commands
   * sent meanwhile go on at other workers. Where there are none, connections are to be closed before.
   */
  drain(): Promise<void>;
}

const DRAIN = 10_000;
/** Milliseconds that nodes have to answer what all of them are asked. */
const ANSWER = 2_000;
/** Questions of operators that wait at once, and answers that are kept. */
const OPERATORS = { most: 1_000, mostKept: 1_000 };
/** Commands for lines of other nodes: lines may wait for their reader for ten seconds. */
const EMULATION = { patience: 12_000, most: 1_000, mostKept: 30_000 };

/** Enters this process among the nodes of its store. */
export async function openCluster(parts: ClusterParts): Promise<Cluster> {
  const cluster = new OpenCluster(parts);
  try {
    await cluster.open();
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
  return cluster;
}

class OpenCluster implements Cluster {
  readonly node: string;
  readonly hub: ChannelHub;
  readonly presence: PresenceBook;
  readonly desk: CommandDesk;
  readonly heartbeat: NodeHeartbeat;
  readonly everywhere: Everywhere;
  readonly emulation: NodeQuestions | undefined;
  readonly #operators: NodeQuestions | undefined;
  readonly #parts: ClusterParts;
  readonly #door = new WorkerDoor();
  readonly #link: NodeLink | undefined;
  #entered = false;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    const { times = {}, bounds = {}, clock, ids, report } = parts;
    const node = ids.next();
    this.node = node;
    const event = { events: parts.events, clock, ids, node };
    const lost = (): void => {
      emitNodeEvent(event, clusterEvents.realtime_lease_lost, {});
      parts.lost?.();
    };
    const { beat, lease, check, linger, grace } = times;
    const heartbeat = new NodeHeartbeat({ ...parts, id: node, lost, ...given({ beat, lease }) });
    this.heartbeat = heartbeat;
    const alarm = new RefusalAlarm(event);
    const signed = { keyRing: parts.keyRing, node, now: () => heartbeat.now() };
    const refused = (...[refusal]: Parameters<RefusalAlarm["refused"]>): void => alarm.refused(refusal);
    const bus = parts.bus === undefined ? undefined : new SignedBus({ ...signed, bus: parts.bus, refused });
    this.hub = new ChannelHub({ ...parts, bus, ...given({ check, linger }) });
    const { members, announced, asked, answered } = bounds;
    this.presence = new PresenceBook({
      ...{ ...parts, bus, heartbeat, tell: (pushed) => this.hub.tellHere(pushed) },
      ...given({ most: members, grace, announced }),
    });
    const asking = bus && { bus, heartbeat, clock, timers: parts.timers, report };
    const patience = { about: "everywhere", patience: times.answer ?? ANSWER };
    this.#operators = asking && new NodeQuestions({ ...asking, ...OPERATORS, ...patience });
    this.everywhere = new Everywhere({ questions: this.#operators, heartbeat });
    this.emulation = asking && new NodeQuestions({ ...asking, ...EMULATION, about: "emulation" });
    const most = given({ asked, answered });
    this.#link =
      bus === undefined ? undefined : new NodeLink({ bus, heartbeat, clock, timers: parts.timers, report, most });
    const owners = new Owners({ ...parts, heartbeat });
    const worker = (): CommandDesk | undefined => (this.#door.isOpen ? this.#door : undefined);
    this.desk = createCommandDesk({
      ...parts,
      node,
      owners,
      link: this.#link,
      worker,
      ...given({ patience: times.patience }),
    });
  }

  async open(): Promise<void> {
    const { bus, nodes, store } = this.#parts;
    await this.heartbeat.open();
    this.#entered = true;
    if (bus === undefined) {
      // Nobody else is there: a lease that still holds is that of a process that has ended without a word.
      const others = this.heartbeat.living.filter(({ id }) => id !== this.node);
      await store.write(async (transaction) => {
        for (const { id } of others) await nodes.leave(transaction, id);
      });
      await this.heartbeat.readAgain();
    }
    await this.#link?.open();
    await this.#operators?.open();
    await this.emulation?.open();
    await this.presence.open();
  }

  work(worker: CommandDesk): void {
    this.#door.open(worker);
    this.#link?.serve(this.#door);
  }

  async drain(): Promise<void> {
    const { actors, store, roles, timers, times, report } = this.#parts;
    if (!this.#door.isOpen) return;
    this.#link?.serve(undefined);
    this.#door.close();
    const remaining = roles.filter((role) => role !== "worker");
    await this.heartbeat.setRoles(remaining).catch(report);
    await pause(timers, times?.drain ?? DRAIN, { sooner: this.#door.empty() });
    await store.write((transaction) => actors.release(transaction, this.node));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain().catch(this.#parts.report);
    await this.presence[Symbol.asyncDispose]();
    await this.emulation?.[Symbol.asyncDispose]();
    await this.#operators?.[Symbol.asyncDispose]();
    await this.#link?.[Symbol.asyncDispose]();
    await this.hub[Symbol.asyncDispose]();
    if (this.#entered) await this.heartbeat[Symbol.asyncDispose]();
  }
}

/** Options that were given: what was not is left to its default. */
function given<Options extends Readonly<Record<string, number | undefined>>>(
  options: Options,
): { readonly [Name in keyof Options]?: number } {
  // Only what is a number is left.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    readonly [Name in keyof Options]?: number;
  };
}
