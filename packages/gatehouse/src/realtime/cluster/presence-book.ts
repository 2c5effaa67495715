import type { Clock } from "../../kernel/clock.ts";
import type { ChannelKey } from "../../kernel/ports/publications.ts";
import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { Member, Presence } from "../presence.ts";
import type { Pushed } from "../pushed.ts";
import { Announcer } from "./announcer.ts";
import { channelTopic } from "./hub-messages.ts";
import type { NodeHeartbeat } from "./node-heartbeat.ts";
import { PresenceExchange } from "./presence-exchange.ts";
import { memberOf, type SeatNews } from "./presence-messages.ts";
import { Seats, type SeatChange } from "./seats.ts";
import type { SignedBus } from "./signed-bus.ts";

/** What presence is made of. */
export interface PresenceBookParts {
  /** To the other nodes; absent where this one is alone. */
  readonly bus: SignedBus | undefined;
  readonly heartbeat: Pick<NodeHeartbeat, "id" | "isAlive" | "living" | "onRead" | "refresh">;
  /** Tells the subscribers of this node. */
  readonly tell: (pushed: Pushed) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly report: (error: unknown) => void;
  /** Members that are listed of a channel; where there are more, joins and leaves are not announced. Default 1000. */
  readonly most?: number;
  /** Milliseconds a principal has to come back before it has left. Default 5000. */
  readonly grace?: number;
  /** Joins and leaves of a channel that are announced in a second. Default 100. */
  readonly announced?: number;
}

const MOST = 1_000;
const GRACE = 5_000;
const ANNOUNCED = 100;

/**
 * Who is on the channels of all nodes, as each tells of its own connections. Every node has all of it, so that lists are
 * made without asking anybody; what a node has told goes with the node.
 */
export class PresenceBook implements Presence, AsyncDisposable {
  readonly #parts: PresenceBookParts & Required<Pick<PresenceBookParts, "most" | "grace">>;
  readonly #seats: Seats;
  readonly #announcer: Announcer;
  readonly #exchange: PresenceExchange | undefined;
  /** Seats of this node's connections, by channel and connection. */
  readonly #taken = new Map<string, string>();
  /** What empties seats whose principals have not come back. */
  readonly #emptying = new Map<string, Disposable>();

  constructor(parts: PresenceBookParts) {
    this.#parts = { ...parts, most: parts.most ?? MOST, grace: parts.grace ?? GRACE };
    this.#seats = new Seats((change) => this.#announce(change));
    this.#announcer = new Announcer({ ...parts, most: parts.announced ?? ANNOUNCED });
    const { bus } = parts;
    if (bus !== undefined) {
      this.#exchange = new PresenceExchange({
        ...{ ...parts, bus },
        state: () => this.#own(),
        heard: (node, seats) => this.#hear(node, seats),
        replaced: (node, seats) => this.#replace(node, seats),
        gone: (node) => this.#part(node),
      });
    }
  }

  /** Begins to tell the other nodes, and to hear what they tell. */
  async open(): Promise<void> {
    await this.#exchange?.open();
  }

  enter(key: ChannelKey, member: Member): void {
    const connection = nameOf(key, member.client);
    const client = this.#taken.get(connection) ?? this.#seats.leftBy(key, member.user) ?? member.client;
    this.#taken.set(connection, client);
    this.#keep(nameOf(key, client, this.#parts.heartbeat.id));
    this.#hold(key, { member: memberOf({ ...member, client }), isLeaving: false });
  }

  leave(key: ChannelKey, client: string): void {
    const connection = nameOf(key, client);
    const seat = this.#taken.get(connection);
    if (seat === undefined) return;
    this.#taken.delete(connection);
    const member = this.#seats.member(key, seat);
    if (member === undefined) return;
    this.#hold(key, { member, isLeaving: true });
    this.#emptyLater(this.#parts.heartbeat.id, key, member);
  }

  async members(key: ChannelKey): Promise<readonly Member[]> {
    await this.#exchange?.settled();
    return this.#seats.members(key, this.#parts.most);
  }

  async stats(key: ChannelKey): Promise<{ readonly clients: number; readonly users: number }> {
    await this.#exchange?.settled();
    return { clients: this.#seats.count(key), users: this.#seats.users(key) };
  }

  /** Tells the other nodes that the connections of this one are closing: their principals have a moment to come back elsewhere. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#emptying.values()) timer[Symbol.dispose]();
    this.#announcer[Symbol.dispose]();
    await this.#exchange?.[Symbol.asyncDispose]();
  }

  #hold(key: ChannelKey, hold: { readonly member: Member; readonly isLeaving: boolean }): void {
    this.#seats.hold(this.#parts.heartbeat.id, key, hold);
    this.#exchange?.tell([key.tenant, key.channel, hold.isLeaving ? "leaving" : "taken", hold.member]);
  }

  #emptyLater(node: string, key: ChannelKey, member: Member): void {
    const { timers, grace, heartbeat } = this.#parts;
    const name = nameOf(key, member.client, node);
    this.#keep(name);
    const empty = (): void => {
      this.#emptying.delete(name);
      this.#seats.drop(node, key, member.client);
      if (node === heartbeat.id) this.#exchange?.tell([key.tenant, key.channel, "empty", member]);
    };
    this.#emptying.set(name, timers.after(grace, empty, "background"));
  }

  /** Leaves a seat to whoever has it. */
  #keep(name: string): void {
    this.#emptying.get(name)?.[Symbol.dispose]();
    this.#emptying.delete(name);
  }

  #own(): readonly SeatNews[] {
    return this.#seats
      .heldBy(this.#parts.heartbeat.id)
      .map(({ key, hold }) => [key.tenant, key.channel, hold.isLeaving ? "leaving" : "taken", hold.member] as const);
  }

  #hear(node: string, seats: readonly SeatNews[]): void {
    for (const [tenant, channel, state, member] of seats) {
      const key = { tenant, channel };
      this.#keep(nameOf(key, member.client, node));
      if (state === "empty") this.#seats.drop(node, key, member.client);
      else this.#seats.hold(node, key, { member, isLeaving: state === "leaving" });
    }
  }

  #replace(node: string, seats: readonly SeatNews[]): void {
    const told = new Set(seats.map(([tenant, channel, , { client }]) => nameOf({ tenant, channel }, client)));
    for (const { key, hold } of this.#seats.heldBy(node)) {
      const { client } = hold.member;
      if (told.has(nameOf(key, client))) continue;
      this.#keep(nameOf(key, client, node));
      this.#seats.drop(node, key, client);
    }
    this.#hear(node, seats);
  }

  /** A node has gone: whoever was connected to it may be coming to another one. */
  #part(node: string): void {
    for (const { key, hold } of this.#seats.heldBy(node)) {
      this.#seats.hold(node, key, { ...hold, isLeaving: true });
      this.#emptyLater(node, key, hold.member);
    }
  }

  #announce(change: SeatChange): void {
    if (this.#seats.count(change.key) <= this.#parts.most) this.#announcer.announce(change);
  }
}

function nameOf(key: ChannelKey, client: string, node = ""): string {
  return `${channelTopic(key)} ${client} ${node}`;
}
