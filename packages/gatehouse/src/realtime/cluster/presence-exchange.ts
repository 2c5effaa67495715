import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { LastingTopic } from "./lasting-topic.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import { readPresenceMessage, type PresenceMessage, type SeatNews } from "./presence-messages.ts";
import type { NodeMessage, SignedBus } from "./signed-bus.ts";
import { spread } from "./spread.ts";

/** What the exchange needs. */
export interface PresenceExchangeParts {
  readonly bus: SignedBus;
  readonly heartbeat: Pick<NodeHeartbeat, "id" | "isAlive" | "living" | "onRead" | "refresh">;
  readonly timers: Timers;
  readonly random: Random;
  readonly report: (error: unknown) => void;
  /** All that this node has to tell. */
  readonly state: () => readonly SeatNews[];
  /** Told what has changed at another node. */
  readonly heard: (node: string, seats: readonly SeatNews[]) => void;
  /** Told all that another node has to tell. */
  readonly replaced: (node: string, seats: readonly SeatNews[]) => void;
  /** Told that another node has gone. */
  readonly gone: (node: string) => void;
}

interface Other {
  /** `undefined` until all it has to tell has been heard. */
  version: number | undefined;
  pieces:
    | { readonly version: number; readonly count: number; readonly seats: Map<number, readonly SeatNews[]> }
    | undefined;
}

const TOPIC = "gatehouse.realtime.presence";
/** Milliseconds in which changes are gathered, and how many seats make one message. */
const GATHERING = 50;
const MOST_SEATS = 200;
/** Milliseconds between messages that let everybody see whether something was missed. */
const BEAT = 10_000;
/** Milliseconds in which those who ask for everything are answered by one telling. */
const ANSWERING = 200;
const JITTER = 0.5;
/** Milliseconds before a node that has not answered is asked again. */
const ASK_AGAIN = 1_000;
/** Milliseconds somebody waits for nodes that have not told yet. */
const PATIENCE = 1_000;

/**
 * What nodes tell each other about their channels. Each counts its messages; whoever missed one asks for everything. Only
 * nodes that live are listened to.
 */
export class PresenceExchange implements AsyncDisposable {
  readonly #parts: PresenceExchangeParts;
  readonly #others = new Map<string, Other>();
  readonly #news = new Map<string, SeatNews>();
  readonly #topic: LastingTopic;
  readonly #watch: Disposable;
  readonly #timers = new Map<"news" | "beat" | "answer" | "ask", Disposable>();
  readonly #waiters = new Set<() => void>();
  #version = 0;
  #ended = false;

  constructor(parts: PresenceExchangeParts) {
    this.#parts = parts;
    const receive = (message: NodeMessage): void => void this.#receive(message);
    this.#topic = new LastingTopic({ ...parts, topic: TOPIC, receive, opened: () => this.#askUnknown() });
    this.#watch = parts.heartbeat.onRead(() => this.#lookAround());
  }

  /** Listens, and asks the others. */
  async open(): Promise<void> {
    this.#beatLater();
    await this.#topic.open();
  }

  /** Tells the others of a change; of one seat only the latest. */
  tell(news: SeatNews): void {
    const [tenant, channel, , { client }] = news;
    const name = JSON.stringify([tenant, channel, client]);
    this.#news.delete(name);
    this.#news.set(name, news);
    if (this.#news.size >= MOST_SEATS) this.#flush();
    else this.#later("news", GATHERING, () => this.#flush());
  }

  /** Resolves once every gateway that lives has told everything, or has been waited for long enough. */
  async settled(): Promise<void> {
    if (this.#unknown().length === 0) return;
    this.#askUnknown();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#parts.timers.after(PATIENCE, resolve);
    this.#waiters.add(resolve);
    await promise;
    this.#waiters.delete(resolve);
    timer[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#flush();
    this.#ended = true;
    this.#watch[Symbol.dispose]();
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    for (const stop of this.#waiters) stop();
    await this.#parts.bus
      .publish(TOPIC, JSON.stringify({ kind: "bye" } satisfies PresenceMessage))
      .catch(() => undefined);
    await this.#topic[Symbol.asyncDispose]();
  }

  #later(what: "news" | "beat" | "answer" | "ask", milliseconds: number, task: () => void): void {
    if (this.#ended || this.#timers.has(what)) return;
    const run = (): void => {
      this.#timers.delete(what);
      task();
    };
    this.#timers.set(what, this.#parts.timers.after(milliseconds, run, "background"));
  }

  #publish(message: PresenceMessage): void {
    if (this.#ended) return;
    this.#parts.bus.publish(TOPIC, JSON.stringify(message)).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailableError)) this.#parts.report(error);
    });
  }

  #flush(): void {
    if (this.#news.size === 0) return;
    const seats = [...this.#news.values()];
    this.#news.clear();
    this.#version += 1;
    this.#publish({ kind: "news", version: this.#version, seats });
  }

  #beatLater(): void {
    this.#later("beat", spread(this.#parts.random, BEAT, JITTER), () => {
      this.#publish({ kind: "version", version: this.#version });
      this.#beatLater();
    });
  }

  async #receive({ from, body }: NodeMessage): Promise<void> {
    const message = readPresenceMessage(body);
    if (message === undefined) return;
    const { heartbeat } = this.#parts;
    if (!heartbeat.isAlive(from)) await heartbeat.refresh();
    if (heartbeat.isAlive(from) && !this.#ended) this.#take(from, message);
  }

  #take(from: string, message: PresenceMessage): void {
    switch (message.kind) {
      case "news":
        return this.#hear(from, message);
      case "state":
        return this.#collect(from, message);
      case "version":
        if (this.#others.get(from)?.version !== message.version) this.#doubt(from);
        return undefined;
      case "ask":
        if (message.nodes.includes(this.#parts.heartbeat.id)) this.#answerLater();
        return undefined;
      case "bye":
        return this.#forget(from);
    }
  }

  #hear(from: string, { version, seats }: Extract<PresenceMessage, { readonly kind: "news" }>): void {
    const other = this.#others.get(from);
    if (other?.version === undefined || version > other.version + 1) return this.#doubt(from);
    if (version <= other.version) return;
    other.version = version;
    this.#parts.heard(from, seats);
  }

  #collect(from: string, message: Extract<PresenceMessage, { readonly kind: "state" }>): void {
    const other = this.#others.get(from) ?? { version: undefined, pieces: undefined };
    this.#others.set(from, other);
    const { version, piece, pieces, seats } = message;
    if (other.version !== undefined && version <= other.version) return;
    if (other.pieces?.version !== version) other.pieces = { version, count: pieces, seats: new Map() };
    other.pieces.seats.set(piece, seats);
    if (other.pieces.seats.size < other.pieces.count) return;
    this.#parts.replaced(from, [...other.pieces.seats.values()].flat());
    other.version = version;
    other.pieces = undefined;
    if (this.#unknown().length === 0) for (const resolve of this.#waiters) resolve();
  }

  /** Something of a node was missed: it is asked for everything. */
  #doubt(node: string): void {
    this.#others.set(node, { version: undefined, pieces: undefined });
    this.#askUnknown();
  }

  #unknown(): string[] {
    const { heartbeat } = this.#parts;
    const gateways = heartbeat.living.filter(({ id, roles }) => id !== heartbeat.id && roles.includes("gateway"));
    return gateways.map(({ id }) => id).filter((id) => this.#others.get(id)?.version === undefined);
  }

  #askUnknown(): void {
    if (this.#timers.has("ask")) return;
    const nodes = this.#unknown();
    if (nodes.length === 0) return;
    this.#publish({ kind: "ask", nodes });
    this.#later("ask", ASK_AGAIN, () => this.#askUnknown());
  }

  #answerLater(): void {
    this.#later("answer", spread(this.#parts.random, ANSWERING / 2, JITTER), () => {
      this.#flush();
      const seats = this.#parts.state();
      const pieces = Math.max(1, Math.ceil(seats.length / MOST_SEATS));
      // Even where nothing has changed since the last time: whoever asks has missed some of it.
      this.#version += 1;
      for (let piece = 0; piece < pieces; piece += 1) {
        const some = seats.slice(piece * MOST_SEATS, (piece + 1) * MOST_SEATS);
        this.#publish({ kind: "state", version: this.#version, piece, pieces, seats: some });
      }
    });
  }

  #lookAround(): void {
    for (const node of this.#others.keys()) if (!this.#parts.heartbeat.isAlive(node)) this.#forget(node);
    this.#askUnknown();
  }

  #forget(node: string): void {
    if (this.#others.delete(node)) this.#parts.gone(node);
  }
}
