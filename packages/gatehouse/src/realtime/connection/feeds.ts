import { utf8 } from "../../kernel/codec.ts";
import { deny, type Denial, type Outcome, type Success } from "../../kernel/outcome.ts";
import type { PushFeed, PushLine } from "../../kernel/ports/push-source.ts";
import { realtimeProblems } from "../problems.ts";
import { UNSUBSCRIBE } from "../protocol/codes.ts";
import type { SubscribeCommand } from "../protocol/command.ts";
import { publicationPush, unsubscribePush } from "../protocol/encode.ts";
import { otherActor, type ConnectionAttempts } from "./attempts.ts";
import { Begun } from "./channels.ts";
import type { Outbox } from "./outbox.ts";
import type { Shared } from "./shared.ts";

/** What the feeds of a connection are kept with. */
export interface FeedsParts {
  readonly shared: Pick<Shared, "sources">;
  readonly attempts: ConnectionAttempts;
  readonly outbox: Outbox;
}

/** A feed that is asked for, or heard. */
interface Heard {
  readonly channel: string;
  feed: PushFeed | undefined;
  hasBegun: boolean;
  isEnded: boolean;
}

/** What one connection hears that no actor publishes: each of the sources once at most. */
export class Feeds {
  readonly #parts: FeedsParts;
  readonly #byChannel = new Map<string, Heard>();

  constructor(parts: FeedsParts) {
    this.#parts = parts;
  }

  /** Channels that are heard. */
  get names(): readonly string[] {
    return [...this.#byChannel.keys()];
  }

  /** Whether a channel is one of these. */
  offers(channel: string): boolean {
    return this.#parts.shared.sources.some((source) => source.channel === channel);
  }

  async subscribe({ channel, data }: SubscribeCommand): Promise<Begun | Denial> {
    const { shared, attempts } = this.#parts;
    const source = shared.sources.find((one) => one.channel === channel);
    if (source === undefined) return deny(realtimeProblems.METHOD_UNKNOWN);
    if (this.#byChannel.has(channel)) return deny(realtimeProblems.ALREADY_SUBSCRIBED);
    if (attempts.isBound) return otherActor();
    const heard: Heard = { channel, feed: undefined, hasBegun: false, isEnded: false };
    this.#byChannel.set(channel, heard);
    let outcome: Outcome | undefined;
    try {
      outcome = await attempts.make(source.action, data);
    } finally {
      if (outcome?.ok !== true) this.#drop(heard);
    }
    if (!outcome.ok) return outcome;
    heard.feed = feedOf(outcome);
    if (heard.isEnded) heard.feed.end();
    return new Begun({}, () => this.#begin(heard));
  }

  /** Hears a channel no more, because the client says so. */
  unsubscribe(channel: string): void {
    const heard = this.#byChannel.get(channel);
    if (heard !== undefined) this.#drop(heard);
  }

  /** Ends all of them, so that they are asked for again: what the connection may do has changed. */
  restart(): void {
    for (const heard of [...this.#byChannel.values()]) this.#end(heard);
  }

  /** Ends all of them with the connection. */
  close(): void {
    for (const heard of [...this.#byChannel.values()]) this.#drop(heard);
  }

  #begin(heard: Heard): void {
    heard.hasBegun = true;
    if (heard.isEnded) return this.#tellEnd(heard);
    const { outbox } = this.#parts;
    const line: PushLine = {
      tell: (message) => {
        const push = publicationPush(heard.channel, { data: JSON.stringify(message) });
        if (!heard.isEnded) outbox.send(utf8(push));
      },
      ended: () => this.#end(heard),
    };
    heard.feed?.begin(line);
  }

  /** Ends one by the server's will. One that has not begun is told of its end once its reply is on the way. */
  #end(heard: Heard): void {
    if (heard.isEnded) return;
    this.#drop(heard);
    if (heard.hasBegun) this.#tellEnd(heard);
  }

  #tellEnd({ channel }: Heard): void {
    this.#parts.outbox.send(utf8(unsubscribePush(channel, UNSUBSCRIBE.server)));
  }

  #drop(heard: Heard): void {
    if (heard.isEnded) return;
    heard.isEnded = true;
    this.#byChannel.delete(heard.channel);
    heard.feed?.end();
  }
}

function feedOf(outcome: Success<unknown>): PushFeed {
  // What the action of a source results in where it succeeds.
  return outcome.value as PushFeed;
}
