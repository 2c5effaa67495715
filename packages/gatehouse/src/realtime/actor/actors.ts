import type { AnyAction } from "../../kernel/action.ts";
import { Attachment } from "../../kernel/attachment.ts";
import { describe, recordDenial } from "../../kernel/attempt-event.ts";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Gate } from "../../kernel/gate.ts";
import type { Ids } from "../../kernel/ids.ts";
import { deny, type Outcome } from "../../kernel/outcome.ts";
import type { ActorAddress, ActorRecords } from "../../kernel/ports/actors.ts";
import type { Mutes } from "../../kernel/ports/mutes.ts";
import type { Publications } from "../../kernel/ports/publications.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { CommandDesk } from "../perform.ts";
import type { Pushed } from "../pushed.ts";
import type { AnyActor } from "./actor.ts";
import { commandActions, signalActions, type ActorActionParts } from "./command-actions.ts";
import type { DeclaredActor } from "./declared.ts";
import { actorEvents } from "./events.ts";
import { KnownActors } from "./known-actors.ts";
import { Mailboxes, type Ticket } from "./mailbox.ts";
import { emitFault, operationActions, type EmitInput, type TimerInput } from "./operations.ts";
import { actorProblems } from "./problems.ts";
import type { StateSealer } from "./state-text.ts";
import { streamActions } from "./stream-actions.ts";
import { TimerLoop, type DueTimer } from "./timer-loop.ts";

/** What actors are run with. */
export interface ActorsParts {
  readonly definitions: readonly AnyActor[];
  /** The gate that has been built with `actions`. */
  readonly gate: () => Pick<Gate, "attempt">;
  readonly store: Store;
  readonly records: ActorRecords;
  readonly publications: Publications;
  /** Who may not speak to actors. Default: everybody may whom their rules admit. */
  readonly mutes?: Pick<Mutes, "find">;
  /** Tells subscribers, once what it tells is durable. */
  readonly publish: (pushed: Pushed) => void;
  /** Told how many milliseconds each turn took, whatever became of it. */
  readonly turned?: (type: string, milliseconds: number) => void;
  /** Identifier of this node. */
  readonly node: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: Ids;
  readonly random: Random;
  readonly sealer: StateSealer;
  /** Receives failures that nobody waits for. */
  readonly report: (error: unknown) => void;
  readonly events: EventStream;
  /** `development` holds events and replies against their schemas. Default `production`. */
  readonly profile?: "development" | "production";
}

/** How the server itself attempts something. */
export interface ServerAttempt {
  /** The last part of the action's name: a command, `emit`, `close`, `kick`, `joined` or `left`. */
  readonly command: string;
  readonly input?: unknown;
  /** In whose name. Default: the system's. */
  readonly principal?: Principal;
  readonly idempotencyKey?: string;
}

/** Actor types at work on one node. */
export interface Actors extends CommandDesk, AsyncDisposable {
  /** For the gate. */
  readonly actions: readonly AnyAction[];
  /** Whether there is an action of this name: `<type>.<command>`, `<type>.subscribe` and so on. */
  has(action: string): boolean;
  /** How many parts the keys of a type have; `undefined` where there is no such type. */
  partsOf(type: string): number | undefined;
  /** Connections that may hear an actor of a type at once. */
  capacityOf(type: string): number;
  /** Whether a type wants to know who joins, or leaves: then an attempt of the server's has to tell it. */
  attends(type: string, what: "joined" | "left"): boolean;
  /** An attempt of the server's own at an actor: for `perform`, here or wherever the actor runs. */
  attemptOf(address: ActorAddress, attempt: ServerAttempt): Attempt;
  /** What is wrong with something an actor is to emit, in words; `undefined` where it can be emitted. */
  emitFault(type: string, input: EmitInput): Promise<string | undefined>;
  /** How many commands wait or run here. */
  readonly waiting: number;
  /** How many of them are one actor's, where most are. */
  readonly deepest: number;
  /** Starts running timers that are due. */
  start(): void;
  /** Deletes publications that are older than any type keeps them; how many. */
  prune(transaction: WriteTransaction, limit: number): Promise<number>;
  /** Takes nothing more, finishes what runs, and gives up every actor of this node. */
  drain(): Promise<void>;
}

/**
 * Puts actor types to work.
 * @throws {TypeError} when two have one name
 */
export function createActors(parts: ActorsParts): Actors {
  return new RunningActors(parts);
}

const NO_GRANTS: ReadonlySet<string> = new Set();

class RunningActors implements Actors {
  readonly actions: readonly AnyAction[];
  readonly #parts: ActorsParts;
  readonly #types = new Map<string, DeclaredActor>();
  readonly #ordered: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;
  readonly #mailboxes = new Mailboxes();
  readonly #tickets = new Attachment<Attempt, Ticket>();
  readonly #loop: TimerLoop;
  #draining: Promise<void> | undefined;

  constructor(parts: ActorsParts) {
    this.#parts = parts;
    for (const definition of parts.definitions) {
      if (this.#types.has(definition.type)) throw new TypeError(`Two actor types are called ${definition.type}.`);
      this.#types.set(definition.type, definition);
    }
    const checked = parts.profile === "development";
    const shared: ActorActionParts = { ...parts, known: new KnownActors(), tickets: this.#tickets, checked };
    const types = [...this.#types.values()];
    const turns = types.flatMap((type) => [...commandActions(shared, type), ...operationActions(shared, type)]);
    this.#ordered = new Set(turns.map(({ name }) => name));
    this.actions = [
      ...turns,
      ...types.flatMap((type) => [...signalActions(shared, type), ...streamActions(shared, type)]),
    ];
    this.#names = new Set(this.actions.map(({ name }) => name));
    this.#loop = new TimerLoop({
      ...parts,
      fire: (timer) => this.#fire(timer),
      unknown: (timer) => this.#tellUnknown(timer),
    });
  }

  get waiting(): number {
    return this.#mailboxes.size;
  }

  get deepest(): number {
    return this.#mailboxes.deepest;
  }

  has(action: string): boolean {
    return this.#names.has(action);
  }

  partsOf(type: string): number | undefined {
    return this.#types.get(type)?.key.length;
  }

  capacityOf(type: string): number {
    return this.#types.get(type)?.maxConnections ?? 0;
  }

  attends(type: string, what: "joined" | "left"): boolean {
    return this.#types.get(type)?.[what] !== undefined;
  }

  async emitFault(type: string, input: EmitInput): Promise<string | undefined> {
    const actor = this.#types.get(type);
    return actor === undefined ? `There is no actor type ${type}.` : emitFault(actor, input);
  }

  attemptOf(address: ActorAddress, { command, input = {}, principal, idempotencyKey }: ServerAttempt): Attempt {
    const { ids, clock } = this.#parts;
    const { tenant, type, key } = address;
    const system: Principal = { type: "system", id: "actors", tenant, grants: NO_GRANTS };
    return {
      id: ids.next(),
      entrance: "job",
      action: `${type}.${command}`,
      tenant,
      receivedAt: clock.now(),
      peer: { ip: "127.0.0.1", tls: true },
      provenance: { kind: "internal" },
      credentials: [{ kind: "internal", principal: principal ?? system }],
      input: { key, input },
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    };
  }

  async perform(address: ActorAddress, attempt: Attempt): Promise<Outcome> {
    const gate = this.#parts.gate();
    if (!this.#ordered.has(attempt.action)) return gate.attempt(attempt);
    if (!isAbout(attempt, address)) return this.#refuse(attempt, deny(problems.MALFORMED_REQUEST));
    if (this.#draining !== undefined) {
      return this.#refuse(attempt, deny(actorProblems.ACTOR_MOVED, { retryAfter: 1, event: actorEvents.actor_moved }));
    }
    const ticket = this.#mailboxes.enter(address);
    if (ticket === undefined) {
      const event = actorEvents.excess_actor_mailbox;
      return this.#refuse(attempt, deny(actorProblems.ACTOR_BUSY, { retryAfter: 1, event }));
    }
    this.#tickets.set(attempt, ticket);
    try {
      return await gate.attempt(attempt);
    } finally {
      ticket.leave();
    }
  }

  start(): void {
    this.#loop.start();
  }

  prune(transaction: WriteTransaction, limit: number): Promise<number> {
    const seconds = [...this.#types.values()].map(({ retention }) => retention.seconds);
    const at = this.#parts.clock.now() - Math.max(0, ...seconds) * 1000;
    return this.#parts.publications.prune(transaction, { at, limit });
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #drain(): Promise<void> {
    const { store, records, node, report } = this.#parts;
    await this.#loop[Symbol.asyncDispose]();
    await this.#mailboxes.idle();
    try {
      await store.write((transaction) => records.release(transaction, node));
    } catch (error) {
      // Others take the actors over once this node's lease has run out.
      report(error);
    }
  }

  #refuse(attempt: Attempt, denial: ReturnType<typeof deny>): Outcome {
    recordDenial(this.#parts, attempt, denial);
    return denial;
  }

  #fire({ address, name, dueAt, payload }: DueTimer): Promise<Outcome> | undefined {
    if (this.#types.get(address.type)?.timers.has(name) !== true) return undefined;
    const input: TimerInput = { name, dueAt, payload };
    return this.perform(address, this.attemptOf(address, { command: "timer", input }));
  }

  #tellUnknown({ address, name }: DueTimer): void {
    const attempt = this.attemptOf(address, { command: "timer" });
    const system: Principal = { type: "system", id: "actors", tenant: address.tenant, grants: NO_GRANTS };
    const context = { type: address.type, timer: name };
    const details = {
      definition: actorEvents.actor_timer_unknown,
      outcome: "error",
      context,
      principal: system,
    } as const;
    this.#parts.events.emit(describe(this.#parts, attempt, details));
  }
}

/** Whether an attempt is at this very actor: the order it is taken in is that of the actor it changes. */
function isAbout({ tenant, action, input }: Attempt, address: ActorAddress): boolean {
  if (tenant !== address.tenant || !action.startsWith(`${address.type}.`)) return false;
  const key: unknown = typeof input === "object" && input !== null && "key" in input ? input.key : undefined;
  return Array.isArray(key) && key.length === address.key.length && key.every((part, at) => part === address.key[at]);
}
