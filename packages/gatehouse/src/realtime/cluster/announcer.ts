import type { Clock } from "../../kernel/clock.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { Pushed } from "../pushed.ts";
import { channelTopic } from "./hub-messages.ts";
import type { SeatChange } from "./seats.ts";
import { memberPush } from "../protocol/encode.ts";

/** What announcing needs. */
export interface AnnouncerParts {
  /** Tells the subscribers of this node. */
  readonly tell: (pushed: Pushed) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Joins and leaves of a channel that are announced in a second; the rest follows, less what has become out of date. */
  readonly most: number;
}

interface Pace {
  begun: number;
  told: number;
  readonly waiting: Map<string, SeatChange>;
}

const SECOND = 1_000;
/** Seconds' worth of announcements that may wait for each channel; beyond them the oldest are dropped. */
const MOST_SECONDS = 20;

/** Announces who joins and leaves channels, no faster than its readers can follow. */
export class Announcer implements Disposable {
  readonly #parts: AnnouncerParts;
  readonly #paces = new Map<string, Pace>();
  #timer: Disposable | undefined;

  constructor(parts: AnnouncerParts) {
    this.#parts = parts;
  }

  /** Announces a change, now or as soon as there is room for it; of one seat only the latest is. */
  announce(change: SeatChange): void {
    const pace = this.#paceOf(channelTopic(change.key));
    const { client } = change.member;
    if (pace.waiting.size === 0 && this.#hasRoom(pace)) return this.#tell(pace, change);
    pace.waiting.delete(client);
    pace.waiting.set(client, change);
    if (pace.waiting.size > this.#parts.most * MOST_SECONDS) {
      const [oldest] = pace.waiting.keys();
      if (oldest !== undefined) pace.waiting.delete(oldest);
    }
    this.#goOnLater();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#paces.clear();
  }

  #paceOf(name: string): Pace {
    const known = this.#paces.get(name);
    if (known !== undefined) return known;
    const pace = { begun: this.#parts.clock.monotonic(), told: 0, waiting: new Map<string, SeatChange>() };
    this.#paces.set(name, pace);
    this.#goOnLater();
    return pace;
  }

  #hasRoom(pace: Pace): boolean {
    const now = this.#parts.clock.monotonic();
    if (now - pace.begun >= SECOND) [pace.begun, pace.told] = [now, 0];
    return pace.told < this.#parts.most;
  }

  #tell(pace: Pace, { key, kind, member }: SeatChange): void {
    pace.told += 1;
    const { tenant, channel } = key;
    this.#parts.tell({ tenant, channel, kind, message: memberPush(kind, channel, member) });
  }

  #goOnLater(): void {
    this.#timer ??= this.#parts.timers.after(SECOND, () => this.#goOn(), "background");
  }

  #goOn(): void {
    this.#timer = undefined;
    for (const [name, pace] of this.#paces) {
      for (const [client, change] of pace.waiting) {
        if (!this.#hasRoom(pace)) break;
        pace.waiting.delete(client);
        this.#tell(pace, change);
      }
      const isQuiet = this.#parts.clock.monotonic() - pace.begun >= SECOND;
      if (pace.waiting.size === 0 && isQuiet) this.#paces.delete(name);
    }
    if (this.#paces.size > 0) this.#goOnLater();
  }
}
