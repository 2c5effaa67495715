import type { ChannelKey } from "../../kernel/ports/publications.ts";
import type { Member } from "../presence.ts";
import { channelTopic } from "./hub-messages.ts";

/** What became visible on a channel. */
export type SeatChange = { readonly key: ChannelKey; readonly kind: "join" | "leave"; readonly member: Member };

interface Hold {
  readonly member: Member;
  readonly isLeaving: boolean;
}

interface Seat {
  member: Member;
  /** By node. Two nodes hold a seat where its principal has just changed from one to the other. */
  readonly holds: Map<string, Hold>;
}

interface Channel {
  readonly key: ChannelKey;
  readonly seats: Map<string, Seat>;
  readonly byUser: Map<string, Set<string>>;
}

/**
 * Who is on the channels of all nodes. A seat is a connection's, and outlives it for a moment: a principal that comes back
 * takes the seat it had. So whoever follows the channel sees neither a leave nor a join.
 */
export class Seats {
  readonly #channels = new Map<string, Channel>();
  readonly #byNode = new Map<string, Map<string, ReadonlySet<string>>>();
  readonly #changed: (change: SeatChange) => void;

  constructor(changed: (change: SeatChange) => void) {
    this.#changed = changed;
  }

  /** A node says that somebody has a seat, or has just left it. */
  hold(node: string, key: ChannelKey, hold: Hold): void {
    const { client } = hold.member;
    const channel = this.#channelOf(key);
    const seat = channel.seats.get(client) ?? { member: hold.member, holds: new Map<string, Hold>() };
    const isNew = seat.holds.size === 0;
    const isOther = JSON.stringify(seat.member) !== JSON.stringify(hold.member);
    seat.holds.set(node, hold);
    seat.member = hold.member;
    channel.seats.set(client, seat);
    const own = channel.byUser.get(hold.member.user) ?? new Set();
    channel.byUser.set(hold.member.user, own.add(client));
    this.#note(node, key, (clients) => clients.add(client));
    if (isNew || isOther) this.#changed({ key, kind: "join", member: hold.member });
  }

  /** A node says that nobody of its own has a seat any more. */
  drop(node: string, key: ChannelKey, client: string): void {
    const name = channelTopic(key);
    const channel = this.#channels.get(name);
    const seat = channel?.seats.get(client);
    if (channel === undefined || seat === undefined || !seat.holds.delete(node)) return;
    this.#note(node, key, (clients) => clients.delete(client));
    if (seat.holds.size > 0) return;
    channel.seats.delete(client);
    const own = channel.byUser.get(seat.member.user);
    if (own?.delete(client) === true && own.size === 0) channel.byUser.delete(seat.member.user);
    if (channel.seats.size === 0) this.#channels.delete(name);
    this.#changed({ key, kind: "leave", member: seat.member });
  }

  /** What a node holds. */
  heldBy(node: string): { readonly key: ChannelKey; readonly hold: Hold }[] {
    const held: { readonly key: ChannelKey; readonly hold: Hold }[] = [];
    for (const [name, clients] of this.#byNode.get(node) ?? []) {
      const channel = this.#channels.get(name);
      if (channel === undefined) continue;
      for (const client of clients) {
        const hold = channel.seats.get(client)?.holds.get(node);
        if (hold !== undefined) held.push({ key: channel.key, hold });
      }
    }
    return held;
  }

  /** Nodes that hold anything. */
  get nodes(): readonly string[] {
    return [...this.#byNode.keys()];
  }

  /** A seat that a principal has just left on every node that knew it there. */
  leftBy(key: ChannelKey, user: string): string | undefined {
    const channel = this.#channels.get(channelTopic(key));
    for (const client of channel?.byUser.get(user) ?? []) {
      const holds = channel?.seats.get(client)?.holds.values() ?? [];
      if ([...holds].every(({ isLeaving }) => isLeaving)) return client;
    }
    return undefined;
  }

  /** Who has a seat. */
  member(key: ChannelKey, client: string): Member | undefined {
    return this.#channels.get(channelTopic(key))?.seats.get(client)?.member;
  }

  /** How many seats of a channel are taken. */
  count(key: ChannelKey): number {
    return this.#channels.get(channelTopic(key))?.seats.size ?? 0;
  }

  /** Who is there, at most so many. */
  members(key: ChannelKey, most: number): readonly Member[] {
    const members: Member[] = [];
    for (const { member } of this.#channels.get(channelTopic(key))?.seats.values() ?? []) {
      if (members.length === most) break;
      members.push(member);
    }
    return members;
  }

  /** How many principals are there. */
  users(key: ChannelKey): number {
    return this.#channels.get(channelTopic(key))?.byUser.size ?? 0;
  }

  #channelOf(key: ChannelKey): Channel {
    const name = channelTopic(key);
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel: Channel = { key: { tenant: key.tenant, channel: key.channel }, seats: new Map(), byUser: new Map() };
    this.#channels.set(name, channel);
    return channel;
  }

  #note(node: string, key: ChannelKey, change: (clients: Set<string>) => void): void {
    const name = channelTopic(key);
    const channels = this.#byNode.get(node) ?? new Map<string, Set<string>>();
    // The sets are made here and nowhere else.
    const clients = (channels.get(name) ?? new Set()) as Set<string>;
    change(clients);
    if (clients.size > 0) channels.set(name, clients);
    else channels.delete(name);
    if (channels.size > 0) this.#byNode.set(node, channels);
    else this.#byNode.delete(node);
  }
}
