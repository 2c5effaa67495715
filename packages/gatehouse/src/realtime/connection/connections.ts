import type { Principal } from "../../kernel/attempt.ts";
import { base64url } from "../../kernel/codec.ts";
import { Memo } from "../../kernel/memo.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { Admitted } from "../admitted.ts";
import { DISCONNECT, UNSUBSCRIBE, type Disconnect } from "../protocol/codes.ts";
import type { Transport, TransportEvents, TransportKind } from "../transport.ts";
import { HeldSeats } from "../held-seats.ts";
import { Connection } from "./connection.ts";
import { Flusher } from "./flusher.ts";
import type { ConnectionParts } from "./parts.ts";
import { Registry, type ConnectionFilter } from "./registry.ts";
import type { Shared } from "./shared.ts";
import { count, Statistics, type ConnectionCounts } from "./statistics.ts";
import { Wheel } from "./wheel.ts";

/** A line on which somebody is connected, or is about to be. */
export interface OpenLine extends TransportEvents {
  /** Names it to those who send its commands in requests of their own. A secret of its client. */
  readonly session: string;
  /** How it was let in; whoever sends its commands has to be the same. */
  readonly admitted: Admitted;
}

/** What operators are shown of a connection. */
export interface ConnectionView {
  readonly client: string;
  readonly state: "new" | "connecting" | "connected" | "closed";
  readonly transport: TransportKind;
  readonly tenant: string;
  readonly ip: string;
  readonly principal: Principal | undefined;
  readonly channels: readonly string[];
  /** Bytes that it has not taken. */
  readonly queued: number;
}

/** How many connections of one kind there are. */
export interface ConnectionCount {
  readonly state: ConnectionView["state"];
  readonly transport: TransportKind;
  readonly connections: number;
}

/** A snapshot of connections, and what has been counted of all of them. */
export interface ConnectionStats extends ConnectionCounts {
  readonly open: readonly ConnectionCount[];
  readonly subscriptions: number;
  readonly queueBytes: number;
}

/** A channel, and how many connections of this process hear it. */
export interface HeardChannel {
  readonly channel: string;
  readonly subscribers: number;
}

/** The connections of this process. */
export interface Connections extends AsyncDisposable {
  /** Takes up a line that has been let in. What it tells goes to the result. */
  open(transport: Transport, admitted: Admitted): OpenLine;
  /** The line of a session. */
  find(session: string): OpenLine | undefined;
  /**
   * Closes connections; how many. A reason is cut at 123 bytes.
   * @throws {RangeError} for a code that is none of an application: they are from 3000 to 4999.
   */
  disconnect(filter: ConnectionFilter, why?: Disconnect): number;
  /** Has connections hear a channel no more; how many heard it. */
  unsubscribe(filter: ConnectionFilter, channel: string): number;
  /** Looks at once at what connections came with: something of theirs has ended or changed. */
  refresh(filter: ConnectionFilter): Promise<void>;
  /** What operators are shown, those with the longest queue first. */
  list(limit: number, filter?: ConnectionFilter): readonly ConnectionView[];
  /** Counts those that are meant. Default: all. */
  stats(filter?: ConnectionFilter): ConnectionStats;
  /** The channels that most of those who are meant hear. */
  mostHeard(limit: number, filter: ConnectionFilter): readonly HeardChannel[];
  /** Takes up no more lines, and closes those there are, spread over `drainSpread`. Resolves once all are closed. */
  drain(): Promise<void>;
}

const SESSION_BYTES = 32;
const MOST_PROBED = 1_000;

/** Opens what takes up lines. */
export function openConnections(parts: ConnectionParts): Connections {
  return new OpenConnections(parts);
}

class OpenConnections implements Connections {
  readonly #shared: Shared;
  readonly #registry = new Registry();
  /** Actors whose listeners were asked lately whether they are still there, and until when they have to answer. */
  readonly #probed = new Memo<number>(MOST_PROBED);
  #revocations = 0;
  #drained: Promise<void> | undefined;

  constructor(parts: ConnectionParts) {
    const wheel = new Wheel(parts);
    const revocations = (): number => this.#revocations;
    const seats = new HeldSeats(parts);
    const statistics = new Statistics();
    const probe = (address: ActorAddress): void => this.#probe(address);
    this.#shared = { ...parts, wheel, seats, flusher: new Flusher(), statistics, revocations, probe };
  }

  open(transport: Transport, admitted: Admitted): OpenLine {
    const session = base64url(this.#shared.random.bytes(SESSION_BYTES));
    const connection = new Connection(this.#shared, { transport, admitted, session }, this.#registry);
    this.#registry.add(connection);
    this.#shared.statistics.opened += 1;
    if (this.#drained !== undefined) connection.close({ disconnect: DISCONNECT.shutdown });
    return connection;
  }

  find(session: string): OpenLine | undefined {
    return this.#registry.bySession(session);
  }

  disconnect(filter: ConnectionFilter, why: Disconnect = DISCONNECT.forced): number {
    const disconnect = fitting(why);
    this.#revocations += 1;
    const found = this.#registry.select(filter);
    for (const connection of found) connection.close({ disconnect });
    return found.length;
  }

  unsubscribe(filter: ConnectionFilter, channel: string): number {
    return this.#registry.select(filter).filter(({ channels }) => channels.end(channel, UNSUBSCRIBE.server)).length;
  }

  async refresh(filter: ConnectionFilter): Promise<void> {
    this.#revocations += 1;
    await Promise.all(this.#registry.select(filter).map((connection) => connection.look()));
  }

  list(limit: number, filter?: ConnectionFilter): readonly ConnectionView[] {
    const views = [...this.#meant(filter)].map((connection) => ({ connection, queued: connection.outbox.size }));
    return views
      .toSorted((left, right) => right.queued - left.queued)
      .slice(0, limit)
      .map(({ connection: { client, state, transport, admitted, principal, channels, feeds }, queued }) => ({
        ...{ client, state, transport: transport.kind, tenant: admitted.tenant, ip: admitted.peer.ip, principal },
        ...{ channels: [...channels.names, ...feeds.names], queued },
      }));
  }

  stats(filter?: ConnectionFilter): ConnectionStats {
    const { statistics } = this.#shared;
    const open = new Map<string, ConnectionCount>();
    let subscriptions = 0;
    let queueBytes = 0;
    let dropped = statistics.dropped;
    for (const { state, transport, channels, outbox } of this.#meant(filter)) {
      const { kind } = transport;
      const name = `${state} ${kind}`;
      open.set(name, { state, transport: kind, connections: (open.get(name)?.connections ?? 0) + 1 });
      subscriptions += channels.size;
      queueBytes += outbox.size;
      dropped += outbox.dropped;
    }
    const { opened, closed, refused, recoveries, replayedBytes } = statistics;
    const counts = { closed: new Map(closed), refused: new Map(refused), recoveries: new Map(recoveries) };
    return { open: [...open.values()], subscriptions, queueBytes, dropped, opened, replayedBytes, ...counts };
  }

  mostHeard(limit: number, filter: ConnectionFilter): readonly HeardChannel[] {
    const counts = new Map<string, number>();
    for (const { channels } of this.#meant(filter)) for (const channel of channels.names) count(counts, channel);
    return [...counts]
      .map(([channel, subscribers]) => ({ channel, subscribers }))
      .toSorted((left, right) => right.subscribers - left.subscribers)
      .slice(0, limit);
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drained ??= Promise.resolve();
    for (const connection of [...this.#registry.all]) connection.close({ disconnect: DISCONNECT.shutdown });
    await this.#drained;
    await this.#shared.seats.settle();
    this.#shared.wheel[Symbol.dispose]();
  }

  /** Lost connections keep their places until they are found out: where places are wanted that is now. */
  #probe(address: ActorAddress): void {
    const { clock, settings } = this.#shared;
    const name = JSON.stringify([address.tenant, address.type, ...address.key]);
    const now = clock.monotonic();
    if ((this.#probed.get(name) ?? -Infinity) > now) return;
    this.#probed.set(name, now + settings.pong);
    for (const connection of this.#registry.all) {
      if (connection.admitted.tenant === address.tenant && connection.channels.hears(address)) connection.probe();
    }
  }

  #meant(filter: ConnectionFilter | undefined): Iterable<Connection> {
    return filter === undefined ? this.#registry.all : this.#registry.select(filter);
  }

  #drain(): Promise<void> {
    const { clock, random, settings } = this.#shared;
    const now = clock.monotonic();
    for (const connection of this.#registry.all) {
      const [high = 0, low = 0] = random.bytes(2);
      connection.closeAt(now + (settings.drainSpread * (high * 256 + low)) / 65_536);
    }
    return this.#registry.emptied();
  }
}

const LONGEST_REASON = 123;

function fitting({ code, reason }: Disconnect): Disconnect {
  if (!Number.isInteger(code) || code < 3_000 || code > 4_999)
    throw new RangeError("Close codes are from 3000 to 4999.");
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(LONGEST_REASON));
  return { code, reason: reason.slice(0, read) };
}
