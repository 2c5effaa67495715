import { httpProblems } from "../../http/problems.ts";
import type { Clock } from "../../kernel/clock.ts";
import { base64url } from "../../kernel/codec.ts";
import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Bus } from "../../kernel/ports/bus.ts";
import { problems } from "../../kernel/problems.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import type { Timers } from "../../kernel/timers.ts";
import { EventBody } from "./event-body.ts";
import { Follower, type Followed, type FollowerSubject, type Missed } from "./follower.ts";
import { NewsLog } from "./news-log.ts";
import type { PushSettings } from "./options.ts";
import { Relay } from "./relay.ts";
import type { Tidings } from "./relay-message.ts";
import { topicKey, TopicTokens } from "./topics.ts";

/** What telling browsers is built on. */
export interface PushParts {
  /** Between the servers of an installation. Absent: there is one. */
  readonly bus: Bus | undefined;
  readonly sealer: Pick<Sealer, "seal" | "open">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly settings: PushSettings;
  /** Milliseconds a page can be followed without being rendered anew. */
  readonly lifetime: number;
  readonly report: (error: unknown) => void;
}

const NAME_BYTES = 9;
/** The clocks of two servers may disagree by this much, in milliseconds; what is told twice does no harm. */
const SKEW = 5_000;
/** Seconds after which it makes sense to ask again for a stream that is one too many. */
const RETRY_AFTER = 5;

/** Tells browsers which of their components are stale: those of this process, and by the relay those of the others. */
export class Push implements AsyncDisposable {
  readonly tokens: TopicTokens;
  readonly #parts: PushParts;
  readonly #name: string;
  readonly #log: NewsLog;
  readonly #relay: Relay | undefined;
  readonly #followers = new Set<Follower>();
  readonly #byKey = new Map<string, Set<Follower>>();
  #stopping = false;

  constructor(parts: PushParts) {
    const { bus, sealer, clock, random, settings, lifetime } = parts;
    const newEpoch = (): string => base64url(random.bytes(NAME_BYTES));
    this.#parts = parts;
    this.#name = newEpoch();
    this.tokens = new TopicTokens({ sealer, lifetime, maker: this.#name });
    this.#log = new NewsLog({ size: settings.remembered, newEpoch, now: clock.now() });
    if (bus === undefined) return;
    const heard = (tidings: Tidings): void => this.#hear(tidings);
    this.#relay = new Relay({ ...parts, bus, name: this.#name, heard, missed: () => this.#reset() });
    this.#relay.open();
  }

  /** Streams that are open. */
  get open(): number {
    return this.#followers.size;
  }

  /**
   * Says that whatever follows a topic is stale, on every server.
   * @throws {TypeError} when the topic is malformed
   */
  publish(tenant: string, topic: string): void {
    const tidings: Tidings = { kind: "stale", key: topicKey(tenant, topic) };
    this.#hear(tidings);
    this.#relay?.tell(tidings);
  }

  /** Ends the streams of a session that has ended, on every server. */
  endSession(session: string): void {
    const tidings: Tidings = { kind: "ended", session };
    this.#hear(tidings);
    this.#relay?.tell(tidings);
  }

  /** Has a browser follow: it is told first what it has missed, as far as that can be told. */
  follow(subject: FollowerSubject, lastEventId: string | undefined): Follower | Denial {
    if (this.#stopping) return deny(httpProblems.SERVER_STOPPING, { retryAfter: 1 });
    const crowded = this.#crowded(subject);
    if (crowded !== undefined) return crowded;
    const { settings, timers, random, report } = this.#parts;
    const follower = new Follower(subject, this.#missed(subject.components, lastEventId), {
      ...{ settings, timers, report },
      fraction: () => (random.bytes(1)[0] ?? 0) / 256,
      position: () => this.#log.position,
      ended: () => this.#forget(follower),
    });
    this.#followers.add(follower);
    for (const key of follower.keys) this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(follower));
    if (this.#relay !== undefined) this.#relay.awake = true;
    return follower;
  }

  /** What a follower tells, as the body of a response. `cut` closes the connection of a reader that takes nothing. */
  bodyOf(follower: Follower, cut: (() => void) | undefined): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { settings, timers } = this.#parts;
    return new EventBody(follower, { buffer: settings.buffer, timers, cut }).stream;
  }

  /** Ends every stream, and begins none any more. */
  stop(): void {
    this.#stopping = true;
    for (const follower of this.#followers) follower.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#relay?.[Symbol.asyncDispose]();
  }

  #hear(tidings: Tidings): void {
    if (tidings.kind === "stale") {
      this.#log.append(tidings.key, this.#parts.clock.now());
      for (const follower of this.#byKey.get(tidings.key) ?? []) follower.hear(tidings.key);
    } else if (tidings.kind === "ended") {
      for (const follower of this.#followers) if (follower.subject.session === tidings.session) follower.end();
    }
  }

  #reset(): void {
    this.#log.reset(this.#parts.clock.now());
    for (const follower of this.#followers) follower.reset();
  }

  #missed(components: readonly Followed[], lastEventId: string | undefined): Missed {
    const after = lastEventId === undefined ? undefined : this.#log.after(lastEventId);
    if (lastEventId !== undefined && after === undefined) return "everything";
    const isStale = ({ topics, joining }: Followed): boolean => {
      const { keys, madeAt, maker } = topics;
      const isNews =
        after === undefined || joining ? this.#log.since(madeAt - (maker === this.#name ? 0 : SKEW)) : after;
      return isNews === undefined || keys.some(isNews);
    };
    return components.filter(isStale).map(({ id }) => id);
  }

  #crowded({ owner, address }: FollowerSubject): Denial | undefined {
    const { perSession, perAddress, streams } = this.#parts.settings;
    const count = (isOne: (subject: FollowerSubject) => boolean): number =>
      [...this.#followers].filter(({ subject }) => isOne(subject)).length;
    const policy =
      this.#followers.size >= streams
        ? "live.streams"
        : count((subject) => subject.owner === owner) >= perSession
          ? "live.streams-session"
          : count((subject) => subject.address === address) >= perAddress
            ? "live.streams-address"
            : undefined;
    if (policy === undefined) return undefined;
    return deny(problems.TOO_MANY_CONCURRENT, {
      retryAfter: RETRY_AFTER,
      event: events.excess_concurrency,
      context: { policy },
    });
  }

  #forget(follower: Follower): void {
    this.#followers.delete(follower);
    for (const key of follower.keys) {
      const followers = this.#byKey.get(key);
      followers?.delete(follower);
      if (followers?.size === 0) this.#byKey.delete(key);
    }
    if (this.#relay !== undefined) this.#relay.awake = this.#followers.size > 0;
  }
}
