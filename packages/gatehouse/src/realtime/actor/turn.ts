import { StalePreparationError, type ActionContext } from "../../kernel/action.ts";
import type { Ids } from "../../kernel/ids.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ActorAddress, ActorRecord, ActorRecords } from "../../kernel/ports/actors.ts";
import type { Publications } from "../../kernel/ports/publications.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Timers } from "../../kernel/timers.ts";
import { channelName } from "../channel-name.ts";
import type { Pushed } from "../pushed.ts";
import type { DeclaredActor } from "./declared.ts";
import { Emission } from "./emission.ts";
import { actorEvents } from "./events.ts";
import type { KnownActors } from "./known-actors.ts";
import { fillOutbox, pushUnsubscribe, readOffsets, writeOffsets, type Outbox } from "./outbox.ts";
import { actorProblems } from "./problems.ts";
import { requireFit } from "./schema.ts";
import { isLarger, LARGEST_TOLD } from "./text-size.ts";
import { readState, writeState, type StateSealer } from "./state-text.ts";
import { withinTime } from "./time-box.ts";
import { TimerChanges } from "./timer-changes.ts";
import { infoOf, keyNames } from "./viewer.ts";

/** What turns work with. */
export interface TurnParts {
  readonly records: ActorRecords;
  readonly publications: Publications;
  /** Tells subscribers. Called once what it tells is durable. */
  readonly publish: (pushed: Pushed) => void;
  readonly known: KnownActors;
  readonly node: string;
  readonly sealer: StateSealer;
  readonly ids: Ids;
  readonly random: Random;
  readonly timers: Timers;
  /** Whether events and replies are held against their schemas. */
  readonly checked: boolean;
  /** Told how many milliseconds each turn took, whatever became of it. */
  readonly turned?: (type: string, milliseconds: number) => void;
}

/** One turn: of whom, and what is done in it. */
export interface TurnCall {
  readonly actor: DeclaredActor;
  readonly context: Pick<ActionContext<unknown, "store">, "attempt" | "principal" | "now" | "transaction">;
  readonly key: readonly string[];
  /** Gets the turn's context. */
  readonly work: (context: object) => unknown;
}

/** Milliseconds a turn may take. */
const LONGEST_TURN = 30_000;
/** Streams are trimmed at every so many publications, so that not every turn has to. */
const TRIM_EVERY = 16;
const GONE = "closed";

/**
 * Runs one turn within the transaction of its attempt: state, streams and timers become durable together with the
 * attempt's own records, and only then anybody hears of it. A denial takes everything back.
 */
export async function takeTurn(parts: TurnParts, call: TurnCall): Promise<unknown> {
  const turn = new Turn(parts, call);
  return turn.run();
}

class Turn {
  readonly #parts: TurnParts;
  readonly #call: TurnCall;
  readonly #address: ActorAddress;
  readonly #emission: Emission;
  readonly #timers: TimerChanges;
  readonly #unsubscribed: string[] = [];
  #closed = false;
  /** Whether the store has taken a change, and with it what it was made of. */
  #saved = false;

  constructor(parts: TurnParts, call: TurnCall) {
    this.#parts = parts;
    this.#call = call;
    const { actor, context, key } = call;
    const { attempt, principal } = context;
    this.#address = { tenant: attempt.tenant, type: actor.type, key };
    const { connection } = attempt.peer;
    this.#emission = new Emission({ actor, principal, connection, checked: parts.checked, durable: true });
    this.#timers = new TimerChanges(actor, context.now);
  }

  async run(): Promise<unknown> {
    const remembered = this.#parts.known.find(this.#address);
    if (remembered !== undefined) return this.#runBy(remembered);
    const record = await this.#own();
    if (record === undefined) return deny(actorProblems.ACTOR_MOVED, { retryAfter: 1, event: actorEvents.actor_moved });
    return this.#runOn(record);
  }

  /** Goes by what is remembered, and starts over where the store has something else: whatever came of it then counts for nothing. */
  async #runBy(remembered: ActorRecord): Promise<unknown> {
    let value: unknown;
    let failure: { readonly error: unknown } | undefined;
    try {
      value = await this.#runOn(remembered);
    } catch (error) {
      failure = { error };
    }
    if ((failure !== undefined || isDenial(value) || !this.#saved) && !(await this.#isCurrent(remembered))) {
      this.#parts.known.forget(this.#address);
      throw new StalePreparationError();
    }
    if (failure !== undefined) throw failure.error;
    return value;
  }

  async #runOn(record: ActorRecord): Promise<unknown> {
    const before = record.version === 0 ? this.#initial() : record.state;
    const state = this.#read(before);
    const answer: unknown = this.#call.work(this.#context(state));
    const value: unknown =
      answer instanceof Promise ? await withinTime(answer, LONGEST_TURN, this.#parts.timers) : answer;
    if (isDenial(value)) return value;
    requireSendable(value);
    return (await (this.#closed ? this.#close(record) : this.#keep(record, before, state))) ?? value;
  }

  get #transaction(): WriteTransaction {
    return this.#call.context.transaction;
  }

  /** The record, where this node runs the actor or can take it over. */
  async #own(): Promise<ActorRecord | undefined> {
    const { records, node } = this.#parts;
    const found = await records.find(this.#transaction, this.#address);
    if (found?.owner === node) return found;
    const claimed = await records.claim(this.#transaction, this.#address, node);
    return claimed.owner === node ? claimed : undefined;
  }

  async #isCurrent({ owner, epoch, version }: ActorRecord): Promise<boolean> {
    const found = await this.#parts.records.find(this.#transaction, this.#address);
    return found?.owner === owner && found.epoch === epoch && found.version === version;
  }

  #initial(): string {
    const { actor, key } = this.#call;
    return writeState(actor.initial(keyNames(actor, key)), { ...this.#parts, address: this.#address });
  }

  #read(text: string): object {
    const { actor } = this.#call;
    const state = readState(text, { ...this.#parts, address: this.#address });
    return requireFit(actor.state, state, `The state of ${actor.type}`);
  }

  #context(state: object): object {
    const { actor, context, key } = this.#call;
    const { attempt, principal, now, transaction } = context;
    const { ids, random } = this.#parts;
    const emission = this.#emission;
    const shared = { state, attempt, principal, now, transaction, ids, random, address: this.#address };
    return {
      ...shared,
      key: keyNames(actor, key),
      connection: attempt.peer.connection,
      timers: this.#timers.control,
      get emit() {
        return emission.emit;
      },
      close: () => void (this.#closed = true),
      unsubscribe: (user: string) => void this.#unsubscribed.push(user),
    };
  }

  /** Makes the next version of the actor; a denial where another node has taken it over. */
  async #keep(record: ActorRecord, before: string, state: object): Promise<Denial | undefined> {
    const { actor } = this.#call;
    const { records, publications, known } = this.#parts;
    const address = this.#address;
    const checked = requireFit(actor.state, state, `The new state of ${actor.type}`);
    const after = writeState(checked, { ...this.#parts, address });
    if (isLarger(after, actor.maxStateBytes)) {
      return deny(actorProblems.ACTOR_STATE_TOO_LARGE, { event: actorEvents.excess_actor_state });
    }
    const outbox = this.#fill(record);
    const changed = after !== before || outbox.kept.size > 0;
    const { owner, epoch, version, streamEpoch } = record;
    if (changed) {
      const offsets = outbox.kept.size > 0 ? writeOffsets(outbox.offsets) : record.offsets;
      const next = { owner, epoch, version: version + 1, streamEpoch, state: after, offsets };
      if (!(await records.save(this.#transaction, address, record, next))) return fenced();
      known.note(address, next, this.#transaction);
      this.#saved = true;
    }
    for (const [channel, list] of outbox.kept) {
      const key = { tenant: address.tenant, channel };
      await publications.append(this.#transaction, key, list);
      if (list.some(({ offset }) => offset % TRIM_EVERY === 0)) {
        await publications.trim(this.#transaction, key, actor.retention.publications);
      }
    }
    await this.#timers.save(records, this.#transaction, address);
    this.#tellAfterCommit(outbox.pushed);
    return undefined;
  }

  async #close(record: ActorRecord): Promise<Denial | undefined> {
    const { records, known } = this.#parts;
    if (!(await records.close(this.#transaction, this.#address, record))) return fenced();
    this.#saved = true;
    known.forget(this.#address);
    // Its streams are gone: what it says last has no place in them.
    const said = this.#fill(record).pushed.map(({ position: _, ...volatile }) => volatile);
    const { tenant } = this.#address;
    const channels = [...this.#call.actor.channels.keys()];
    const ends = channels.map((channel) =>
      pushUnsubscribe({ tenant, channel: channelName(this.#address, channel) }, GONE),
    );
    this.#tellAfterCommit([...said, ...ends]);
    return undefined;
  }

  #fill({ streamEpoch, offsets }: ActorRecord): Outbox {
    const { actor, context, key } = this.#call;
    const { principal, attempt, now } = context;
    const { emitted } = this.#emission;
    const info = emitted.some(({ event }) => event.tellsSender) ? infoOf(actor, principal, key) : undefined;
    const sender = { principal, connection: attempt.peer.connection, info };
    return fillOutbox(emitted, {
      address: this.#address,
      streamEpoch,
      offsets: readOffsets(offsets),
      sender,
      now,
    });
  }

  #tellAfterCommit(pushed: readonly Pushed[]): void {
    const { publish } = this.#parts;
    const { tenant } = this.#address;
    const ends = this.#unsubscribed.flatMap((user) =>
      [...this.#call.actor.channels.keys()].map((channel) =>
        pushUnsubscribe({ tenant, channel: channelName(this.#address, channel) }, "unsubscribed", user),
      ),
    );
    if (pushed.length + ends.length === 0) return;
    this.#transaction.afterCommit(() => {
      for (const one of pushed) publish(one);
      for (const one of ends) publish(one);
    });
  }
}

function fenced(): Denial {
  return deny(actorProblems.ACTOR_MOVED, { retryAfter: 1, event: actorEvents.actor_fenced });
}

/**
 * Refuses a reply that could not be sent: its client would be told that nothing was done, or nothing at all.
 * @throws {TypeError} for what JSON has no words for
 * @throws {RangeError} for what is larger than a reply may be
 */
function requireSendable(reply: unknown): void {
  const text = JSON.stringify(reply) ?? "";
  if (isLarger(text, LARGEST_TOLD)) throw new RangeError(`A reply has ${LARGEST_TOLD} bytes at most.`);
}
