import type { Clock } from "../../kernel/clock.ts";
import type { Node, NodeRole, Nodes } from "../../kernel/ports/nodes.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import { spread } from "./spread.ts";

/** What a node lives by. */
export interface NodeHeartbeatParts {
  readonly nodes: Nodes;
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** New with each start of the process. */
  readonly id: string;
  readonly roles: readonly NodeRole[];
  /** Called when the lease has run out: others may have claimed whatever this node owned, so all of it is to be dropped. */
  readonly lost: () => void;
  readonly report: (error: unknown) => void;
  /** Milliseconds between beats. Default 5000. */
  readonly beat?: number;
  /** Milliseconds a beat holds the lease. Default 15 000. */
  readonly lease?: number;
}

const BEAT = 5_000;
const LEASE = 15_000;
const JITTER = 0.1;
/** Milliseconds before another attempt after one that failed. */
const RETRY = 1_000;
/** Milliseconds for which what was read of the other nodes is fresh enough for everybody who asks. */
const FRESH = 100;

/** Holds the lease of this node, and knows which others live. */
export class NodeHeartbeat implements AsyncDisposable {
  readonly id: string;
  readonly #parts: NodeHeartbeatParts & { readonly beat: number; readonly lease: number };
  readonly #changed = new Set<() => void>();
  #roles: readonly NodeRole[];
  #known = new Map<string, Node>();
  /** The database's clock less the monotonic one of this process. */
  #ahead = 0;
  /** Until when the lease holds for sure, on the monotonic clock. */
  #heldUntil = -Infinity;
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  #beating: Promise<void> = Promise.resolve();
  #timer: Disposable | undefined;
  #told = true;
  #ended = false;

  constructor(parts: NodeHeartbeatParts) {
    this.#parts = { ...parts, beat: parts.beat ?? BEAT, lease: parts.lease ?? LEASE };
    this.id = parts.id;
    this.#roles = parts.roles;
  }

  /** Enters the node; from then on it beats. */
  async open(): Promise<void> {
    await this.#hold();
    await this.#read();
    this.#beatLater(this.#parts.beat);
  }

  /** The database's time, in epoch milliseconds: the same on every node but for how long an answer of the store takes. */
  now(): number {
    return Math.floor(this.#parts.clock.monotonic() + this.#ahead);
  }

  /** Whether the lease holds for sure. */
  get holds(): boolean {
    return this.#parts.clock.monotonic() < this.#heldUntil;
  }

  /** Nodes that live, this one included while it does. */
  get living(): readonly Node[] {
    const now = this.now();
    return [...this.#known.values()].filter(({ leaseUntil }) => leaseUntil > now);
  }

  /** Whether a node lives, as far as was last read. */
  isAlive(id: string): boolean {
    const node = this.#known.get(id);
    return node !== undefined && node.leaseUntil > this.now();
  }

  /** Calls back whenever the nodes have been read again. */
  onRead(changed: () => void): Disposable {
    this.#changed.add(changed);
    return { [Symbol.dispose]: () => void this.#changed.delete(changed) };
  }

  /** Reads the nodes again, unless that was done just now. Never rejects: what was known stays known. */
  async refresh(): Promise<void> {
    if (this.#parts.clock.monotonic() - this.#readAt < FRESH) return;
    await this.readAgain().catch(this.#parts.report);
  }

  /** Reads the nodes now. */
  readAgain(): Promise<void> {
    return this.#read();
  }

  /** Changes what this node does, and tells the others by a beat. */
  async setRoles(roles: readonly NodeRole[]): Promise<void> {
    this.#roles = roles;
    await this.#hold();
  }

  /** Leaves: what the node owns can be claimed at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    await this.#beating;
    const { nodes, store, report } = this.#parts;
    await store.write((transaction) => nodes.leave(transaction, this.id)).catch(report);
  }

  #beatLater(milliseconds: number): void {
    if (this.#ended) return;
    const { timers, random } = this.#parts;
    const task = (): void => void (this.#beating = this.#beat());
    this.#timer = timers.after(spread(random, milliseconds, JITTER), task, "background");
  }

  async #beat(): Promise<void> {
    try {
      await this.#hold();
      await this.#read();
      this.#beatLater(this.#parts.beat);
    } catch (error) {
      this.#parts.report(error);
      this.#judge();
      this.#beatLater(RETRY);
    }
  }

  async #hold(): Promise<void> {
    const { clock, nodes, store, lease } = this.#parts;
    const started = clock.monotonic();
    const { held, now } = await store.write(async (transaction) => {
      const node = { id: this.id, roles: this.#roles };
      return { held: await nodes.beat(transaction, node, lease), now: await transaction.now() };
    });
    this.#ahead = now - (started + clock.monotonic()) / 2;
    this.#judge(held);
    this.#heldUntil = started + lease;
    this.#told = false;
  }

  /** Says once that the lease ran out: as the store knows it, or as is certain without it. */
  #judge(held = true): void {
    if (this.#told || (held && this.holds)) return;
    this.#told = true;
    this.#parts.lost();
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    const { clock, nodes, store } = this.#parts;
    const alive = await store.read((transaction) => nodes.alive(transaction, this.now()));
    this.#readAt = clock.monotonic();
    this.#known = new Map(alive.map((node) => [node.id, node]));
    for (const changed of this.#changed) changed();
  }
}
