import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Gate } from "../../kernel/gate.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Counters } from "../../kernel/ports/counters.ts";
import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { Principal } from "../../kernel/attempt.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import type { PushSource } from "../../kernel/ports/push-source.ts";
import type { CommandDesk } from "../perform.ts";
import type { Presence } from "../presence.ts";
import type { Hub } from "../pushed.ts";
import type { TicketPlace, TicketSubject } from "../ticket-subject.ts";

/** What there is to subscribe to and to call. */
export interface ActorDirectory {
  /** How many parts the keys of a type have; `undefined` where there is no such type. */
  partsOf(type: string): number | undefined;
  /** Whether there is an action of this name: `<type>.<command>`, `<type>.subscribe` and so on. */
  has(action: string): boolean;
  /** Connections that may hear an actor of a type at once. */
  capacityOf(type: string): number;
}

/** A subscription that has begun, or ended. */
export interface Attended {
  readonly address: ActorAddress;
  /** The last part of the channel's name. */
  readonly channel: string;
  readonly connection: string;
  readonly principal: Principal;
}

/** Bounds of connections. Times are milliseconds, sizes bytes. */
export interface ConnectionSettings {
  /** In which a connection has to say who it is. */
  readonly connectTimeout: number;
  /** Between signs of life. */
  readonly ping: number;
  /** In which a sign of life has to be answered. */
  readonly pong: number;
  /** In which an expired token has to be replaced. */
  readonly expiryGrace: number;
  /** For which a command waits for its actor. */
  readonly commandTimeout: number;
  readonly largestFrame: number;
  /** Commands a second. */
  readonly commands: number;
  readonly commandBurst: number;
  /** Bytes a second. */
  readonly bytes: number;
  readonly channels: number;
  /** Errors a minute. */
  readonly errors: number;
  /** From which volatile news are dropped or coalesced. */
  readonly queueSoft: number;
  /** From which a connection is closed. */
  readonly queueHard: number;
  /** Over which connections are closed when the server stops. */
  readonly drainSpread: number;
}

/** What connections are made with. */
export interface ConnectionParts {
  readonly gate: Pick<Gate, "attempt">;
  readonly hub: Pick<Hub, "subscribe">;
  readonly presence: Presence;
  readonly desk: CommandDesk;
  readonly actors: ActorDirectory;
  /** What is pushed that no actor publishes. */
  readonly sources: readonly PushSource[];
  /** Shared by all servers. */
  readonly counters: Counters;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly ids: Ids;
  readonly events: Pick<EventStream, "emit">;
  readonly report: (error: unknown) => void;
  readonly settings: ConnectionSettings;
  /** Told of every subscription that begins or ends. */
  readonly attended: (what: "joined" | "left", attended: Attended) => void;
  /** Takes the ticket that a connect frame brings as its token, after `ticket.`. */
  readonly redeemTicket: (text: string, place: TicketPlace) => Promise<TicketSubject | Denial>;
  /** Names this server to clients whose commands come in requests of their own. */
  readonly node: string;
}
