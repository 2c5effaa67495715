import { deny, isDenial, type Denial, type Outcome, type Success } from "../../kernel/outcome.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";
import { utf8 } from "../../kernel/codec.ts";
import type { Member } from "../presence.ts";
import { realtimeProblems } from "../problems.ts";
import { UNSUBSCRIBE, type Disconnect } from "../protocol/codes.ts";
import type { SubRefreshCommand, SubscribeCommand } from "../protocol/command.ts";
import { raw, unsubscribePush, wirePublication } from "../protocol/encode.ts";
import type { SubscribeInput, SubscribeResult } from "../subscription.ts";
import { ActorPlaces } from "./actor-places.ts";
import type { ConnectionAttempts } from "./attempts.ts";
import { ChannelSubscription, type SubscriptionOwner } from "./channel-subscription.ts";
import type { Outbox } from "./outbox.ts";
import type { Shared } from "./shared.ts";
import { count, type RecoveryVerdict } from "./statistics.ts";
import { recipientOf, STRANGER } from "../recipient.ts";

/** What the channels of a connection are kept with. */
export interface ChannelsParts {
  readonly shared: Shared;
  readonly attempts: ConnectionAttempts;
  readonly outbox: Outbox;
  /** Identifier of the connection. */
  readonly client: string;
  /** Something was missed on a channel. */
  readonly lost: () => void;
}

/** What a command is answered with. */
export type Answer = Readonly<Record<string, unknown>>;

/** A subscription that is ready to be told of, once its reply is on the way. */
export class Begun {
  readonly answer: Answer;
  readonly begin: () => void;

  constructor(answer: Answer, begin: () => void) {
    this.answer = answer;
    this.begin = begin;
  }
}

/** Whoever is not known yet. */
const NOBODY = { type: "anonymous", id: STRANGER } as const;

/** The channels that one connection hears. */
export class Channels {
  readonly #parts: ChannelsParts;
  readonly #places: ActorPlaces;
  readonly #byName = new Map<string, ChannelSubscription>();

  constructor(parts: ChannelsParts) {
    this.#parts = parts;
    this.#places = new ActorPlaces(parts);
  }

  /** Names of the channels. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** How many there are. */
  get size(): number {
    return this.#byName.size;
  }

  has(channel: string): boolean {
    return this.#byName.has(channel);
  }

  /** Epoch milliseconds at which the first of them wants to be asked for again. */
  get nextExpiry(): number {
    let next = Infinity;
    for (const { expiresAt } of this.#byName.values()) next = Math.min(next, expiresAt);
    return next;
  }

  /** Begins to hear a channel: first it hears, then it finds out what was published until then. */
  async subscribe(command: SubscribeCommand): Promise<Begun | Denial> {
    const { channel } = command;
    if (this.#byName.has(channel)) return deny(realtimeProblems.ALREADY_SUBSCRIBED);
    if (this.#byName.size >= this.#parts.shared.settings.channels) return deny(realtimeProblems.CHANNEL_LIMIT);
    const parts = await this.#parts.attempts.resolve(channel, "subscribe");
    if (isDenial(parts)) return parts;
    const { attempts, client, outbox, shared } = this.#parts;
    const key = { tenant: attempts.tenant, channel };
    const subscription = new ChannelSubscription(this.#owner(client, outbox), key, parts);
    this.#byName.set(channel, subscription);
    try {
      subscription.attach(await shared.hub.subscribe(key, subscription));
      const outcome = await this.#admit(subscription, command);
      const begun = outcome.ok ? this.#settle(subscription, command, subscribeResult(outcome)) : outcome;
      if (isDenial(begun)) this.#drop(subscription);
      return begun;
    } catch (error) {
      this.#drop(subscription);
      throw error;
    }
  }

  /** Hears a channel no more, because the client says so. */
  unsubscribe(channel: string): void {
    const subscription = this.#byName.get(channel);
    if (subscription !== undefined) this.#drop(subscription);
  }

  /** Asks again for what would expire. */
  async refresh(command: SubRefreshCommand): Promise<Answer | Denial> {
    const subscription = this.#byName.get(command.channel);
    if (subscription === undefined) return deny(realtimeProblems.NOT_SUBSCRIBED);
    const outcome = await this.#ask(subscription, { token: command.token });
    if (!outcome.ok) return outcome;
    subscription.expiresAt = subscribeResult(outcome).expiresAt ?? Infinity;
    return this.#lifetime(subscription);
  }

  /**
   * Asks again for every channel: those that may not be heard any more are ended. Where nobody can tell just now, the
   * client has to subscribe again, which asks until somebody can.
   */
  async reauthorise(): Promise<void> {
    for (const subscription of [...this.#byName.values()]) {
      if (subscription.isEnded) continue;
      const outcome = await this.#ask(subscription, {});
      if (outcome.ok) continue;
      const undecided = outcome.problem.retryable || outcome.problem.status >= 500;
      this.end(subscription.key.channel, undecided ? UNSUBSCRIBE.insufficientState : UNSUBSCRIBE.denied);
    }
  }

  /** Whether it hears an actor, on whichever of its channels. */
  hears({ type, key }: Pick<ActorAddress, "type" | "key">): boolean {
    return this.#byName
      .values()
      .some(
        ({ parts, hasBegun }) =>
          hasBegun && parts.type === type && parts.key.every((part, index) => part === key[index]),
      );
  }

  /** Ends one by the server's will. One that has not begun is ended once its reply is on the way. */
  end(channel: string, why: Disconnect): boolean {
    const subscription = this.#byName.get(channel);
    if (subscription === undefined) return false;
    this.#drop(subscription);
    if (subscription.hasBegun) this.#parts.outbox.send(utf8(unsubscribePush(channel, why)));
    else subscription.endedBy = why;
    return true;
  }

  /** Ends those that have expired. */
  expire(now: number, grace: number): void {
    for (const { key, expiresAt } of [...this.#byName.values()])
      if (expiresAt + grace <= now) this.end(key.channel, UNSUBSCRIBE.expired);
  }

  /** Ends all of them; those that are about to begin will not. */
  close(): void {
    for (const subscription of [...this.#byName.values()]) this.#drop(subscription);
  }

  #owner(client: string, outbox: Outbox): SubscriptionOwner {
    return {
      client,
      principal: recipientOf(this.#parts.attempts.principal ?? NOBODY),
      outbox,
      mostHeld: this.#parts.shared.settings.queueHard,
      lost: () => this.#parts.lost(),
      restarted: ({ key }) => void this.end(key.channel, UNSUBSCRIBE.insufficientState),
      ended: (subscription) => this.#drop(subscription),
    };
  }

  /** Asks whether it may be heard, and takes a place for it where that is so. */
  async #admit(subscription: ChannelSubscription, command: SubscribeCommand): Promise<Outcome> {
    const outcome = await this.#ask(subscription, command);
    if (!outcome.ok) return outcome;
    const { type, key } = subscription.parts;
    const place = await this.#places.take({ tenant: this.#parts.attempts.tenant, type, key });
    if (isDenial(place)) return place;
    subscription.occupy(place);
    return outcome;
  }

  #ask(
    { parts: { type, key, channel } }: ChannelSubscription,
    { since, data, token }: Partial<Pick<SubscribeCommand, "since" | "data">> & { readonly token?: string | undefined },
  ): Promise<Outcome> {
    const input: SubscribeInput = {
      ...{ key, channel },
      ...(since === undefined ? {} : { since }),
      ...(data === undefined ? {} : { data }),
      ...(token === undefined ? {} : { token }),
    };
    return this.#parts.attempts.make(`${type}.subscribe`, input);
  }

  #settle(subscription: ChannelSubscription, command: SubscribeCommand, result: SubscribeResult): Begun | Denial {
    const { since, rejectUnrecovered } = command;
    const verdict = since === undefined ? undefined : this.#judge(result);
    if (verdict !== undefined) count(this.#parts.shared.statistics.recoveries, verdict);
    const recovered = verdict === "recovered";
    if (since !== undefined && !recovered && rejectUnrecovered) return deny(realtimeProblems.POSITION_UNRECOVERABLE);
    subscription.expiresAt = result.expiresAt ?? Infinity;
    const position = recovered && since !== undefined ? since.offset : result.offset;
    const answer: Answer = {
      ...(result.recoverable ? { recoverable: true, positioned: true, epoch: result.epoch, offset: position } : {}),
      ...(since === undefined ? {} : { was_recovering: true, recovered }),
      ...(recovered ? { publications: result.publications.map(wirePublication) } : {}),
      ...(result.data === undefined ? {} : { data: raw(result.data) }),
      ...this.#lifetime(subscription),
    };
    return new Begun(answer, () => this.#begin(subscription, result));
  }

  /** What is replayed counts like everything else that a client has not read. */
  #judge({ recovered, publications }: SubscribeResult): RecoveryVerdict {
    if (!recovered) return "unrecoverable";
    const { shared, outbox } = this.#parts;
    const bytes = publications.reduce((sum, { data, info = "" }) => sum + Buffer.byteLength(data) + info.length, 0);
    if (bytes + outbox.size > shared.settings.queueHard) return "too_large";
    shared.statistics.replayedBytes += bytes;
    return "recovered";
  }

  #begin(subscription: ChannelSubscription, result: SubscribeResult): void {
    const { attempts, client, shared } = this.#parts;
    const { key } = subscription;
    if (subscription.endedBy !== undefined)
      this.#parts.outbox.send(utf8(unsubscribePush(key.channel, subscription.endedBy)));
    if (subscription.isEnded) return;
    if (result.presence) {
      subscription.present = true;
      shared.presence.enter(key, memberOf(client, attempts, result));
    }
    subscription.begin(result);
    this.#attend("joined", subscription);
  }

  #attend(what: "joined" | "left", { parts: { type, key, channel } }: ChannelSubscription): void {
    const { attempts, client, shared } = this.#parts;
    const { tenant, principal } = attempts;
    if (principal !== undefined)
      shared.attended(what, { address: { tenant, type, key }, channel, connection: client, principal });
  }

  #lifetime({ expiresAt }: ChannelSubscription): Answer {
    if (expiresAt === Infinity) return {};
    const ttl = Math.max(1, Math.floor((expiresAt - this.#parts.shared.clock.now()) / 1_000));
    return { expires: true, ttl };
  }

  #drop(subscription: ChannelSubscription): void {
    const { key, isEnded } = subscription;
    if (this.#byName.get(key.channel) === subscription) this.#byName.delete(key.channel);
    if (isEnded) return;
    subscription.end();
    if (subscription.hasBegun) this.#attend("left", subscription);
    if (subscription.present) this.#parts.shared.presence.leave(key, this.#parts.client);
  }
}

function memberOf(client: string, { principal }: ConnectionAttempts, result: SubscribeResult): Member {
  return {
    client,
    user: principal === undefined || principal.type === "anonymous" ? "" : recipientOf(principal),
    ...(result.info === undefined ? {} : { conn_info: result.info }),
    ...(result.channelInfo === undefined ? {} : { chan_info: result.channelInfo }),
  };
}

function subscribeResult(outcome: Success<unknown>): SubscribeResult {
  // What `<type>.subscribe` results in where it succeeds.
  return outcome.value as SubscribeResult;
}
