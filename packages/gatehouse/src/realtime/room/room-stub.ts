import type { Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { Actors } from "../actor/actors.ts";
import { channelName } from "../channel-name.ts";
import type { CommandDesk } from "../perform.ts";
import type { Member, Presence } from "../presence.ts";

/** What a room is reached with from outside of it. */
export interface RoomStubParts {
  readonly actors: Pick<Actors, "attemptOf">;
  /** Takes attempts to where the room runs. */
  readonly desk: CommandDesk;
  readonly presence: Pick<Presence, "members" | "stats">;
}

/** Something to tell from outside. */
export interface StubMessage {
  readonly event: string;
  readonly data: unknown;
}

/** A room as the server's own code reaches it, from a route say. */
export interface RoomStub {
  emitToChannel(channel: string, message: StubMessage): Promise<Outcome>;
  emitToUser(userId: string, message: StubMessage): Promise<Outcome>;
  kick(userId: string): Promise<Outcome>;
  close(): Promise<Outcome>;
  /** Connections that are in the room, as far as their servers live. */
  getSessionCount(channel?: string): Promise<number>;
  getConnectedUserIds(channel?: string): Promise<readonly string[]>;
  getUserSessions(userId: string, channel?: string): Promise<readonly Member[]>;
}

/** The stub of one room. */
export function roomStub({ actors, desk, presence }: RoomStubParts, address: ActorAddress): RoomStub {
  const operate = (command: string, input: object): Promise<Outcome> =>
    desk.perform(address, actors.attemptOf(address, { command, input }));
  const keyOf = (channel?: string) => ({ tenant: address.tenant, channel: channelName(address, channel) });
  const members = (channel?: string) => presence.members(keyOf(channel));
  return {
    emitToChannel: (channel, message) => operate("emit", { ...message, channel }),
    emitToUser: (user, message) => operate("emit", { ...message, user }),
    kick: (user) => operate("kick", { user }),
    close: () => operate("close", {}),
    getSessionCount: async (channel) => (await presence.stats(keyOf(channel))).clients,
    getConnectedUserIds: async (channel) => [...new Set((await members(channel)).map(({ user }) => user))],
    getUserSessions: async (userId, channel) => (await members(channel)).filter(({ user }) => user === userId),
  };
}
