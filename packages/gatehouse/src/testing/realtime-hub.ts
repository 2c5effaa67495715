import { utf8 } from "../kernel/codec.ts";
import type { ChannelKey } from "../kernel/ports/publications.ts";
import type { Member, Presence } from "../realtime/presence.ts";
import type { Hub, Pushed, Subscriber } from "../realtime/pushed.ts";
import { memberPush } from "../realtime/protocol/encode.ts";

/** A hub of one process. */
export class LocalHub implements Hub {
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  subscribe(key: ChannelKey, subscriber: Subscriber): Promise<Disposable> {
    const name = nameOf(key);
    const subscribers = this.#subscribers.get(name) ?? new Set();
    this.#subscribers.set(name, subscribers.add(subscriber));
    return Promise.resolve({ [Symbol.dispose]: () => void subscribers.delete(subscriber) });
  }

  publish(pushed: Pushed): void {
    const encoded = utf8(pushed.message);
    for (const subscriber of this.#subscribers.get(nameOf(pushed)) ?? [])
      if (isFor(pushed, subscriber)) subscriber.hear(pushed, encoded);
  }

  count(key: ChannelKey): number {
    return this.#subscribers.get(nameOf(key))?.size ?? 0;
  }

  /** Loses something of a channel for good. */
  lose(key: ChannelKey): void {
    for (const subscriber of [...(this.#subscribers.get(nameOf(key)) ?? [])]) subscriber.lost(key);
  }
}

/** Who is on the channels of one process. Comings and goings are told at once. */
export class LocalPresence implements Presence {
  readonly #hub: Hub;
  readonly #members = new Map<string, Map<string, Member>>();

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  enter(key: ChannelKey, member: Member): void {
    const members = this.#members.get(nameOf(key)) ?? new Map<string, Member>();
    this.#members.set(nameOf(key), members.set(member.client, member));
    this.#hub.publish({ ...key, kind: "join", message: memberPush("join", key.channel, member) });
  }

  leave(key: ChannelKey, client: string): void {
    const members = this.#members.get(nameOf(key));
    const member = members?.get(client);
    if (member === undefined) return;
    members?.delete(client);
    this.#hub.publish({ ...key, kind: "leave", message: memberPush("leave", key.channel, member) });
  }

  members(key: ChannelKey): Promise<readonly Member[]> {
    return Promise.resolve([...(this.#members.get(nameOf(key))?.values() ?? [])]);
  }

  async stats(key: ChannelKey): Promise<{ readonly clients: number; readonly users: number }> {
    const members = await this.members(key);
    return { clients: members.length, users: new Set(members.map(({ user }) => user)).size };
  }
}

function isFor({ except, audience }: Pushed, { connection, principal }: Subscriber): boolean {
  if (except?.includes(connection) === true) return false;
  if (audience === undefined) return true;
  return audience.principals?.includes(principal) === true || audience.connections?.includes(connection) === true;
}

function nameOf({ tenant, channel }: ChannelKey): string {
  return `${tenant} ${channel}`;
}
