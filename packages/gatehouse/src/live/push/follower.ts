import type { PushFeed, PushLine } from "../../kernel/ports/push-source.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { PushSettings } from "./options.ts";
import type { Topics } from "./topics.ts";

/** A component that a browser has open. */
export interface Followed {
  /** `name:instance`. */
  readonly id: string;
  readonly topics: Topics;
  /** Whether it was not among those of the stream before this one. */
  readonly joining: boolean;
}

/** Components that are stale as far as is known from before. */
export type Missed = readonly string[] | "everything";

/** Who follows. */
export interface FollowerSubject {
  readonly components: readonly Followed[];
  /** The owner of the components, whose streams are counted together. */
  readonly owner: string;
  /** The session that it ends with, where there is one. */
  readonly session: string | undefined;
  /** Key of the address it comes from. */
  readonly address: string;
  /** Whether it may go on right now. Costs nothing. */
  readonly isBanned: () => boolean;
  /** Whether its session still is one. */
  readonly isCurrent: () => Promise<boolean>;
}

/** What a stream is kept with. */
export interface FollowerParts {
  readonly settings: PushSettings;
  readonly timers: Timers;
  /** From 0 to 1. */
  readonly fraction: () => number;
  /** The point of whoever has heard everything. */
  readonly position: () => string;
  readonly report: (error: unknown) => void;
  readonly ended: (follower: Follower) => void;
}

/** Milliseconds between two messages: what becomes stale meanwhile is gathered into one. */
const SPACING = 200;

/** What a follower tells: that it is there, or which components are stale. */
export interface News extends Readonly<Record<string, unknown>> {
  readonly event: "open" | "beat" | "stale" | "reset";
  /** The point of whoever has heard this. */
  readonly id: string;
  readonly components?: readonly string[];
}

/** One browser that follows. It is told which components are stale, and nothing about them. */
export class Follower implements PushFeed {
  readonly subject: FollowerSubject;
  readonly #parts: FollowerParts;
  readonly #byKey = new Map<string, string[]>();
  readonly #maxAge: Disposable;
  /** Absent: it has not begun to tell. */
  #line: PushLine | undefined;
  #missed: Missed;
  #beat: Disposable | undefined;
  #gathering: Disposable | undefined;
  readonly #gathered = new Set<string>();
  #ended = false;

  /** @param missed - what is stale as far as is known from before */
  constructor(subject: FollowerSubject, missed: Missed, parts: FollowerParts) {
    const { settings, timers, fraction } = parts;
    this.subject = subject;
    this.#missed = missed;
    this.#parts = parts;
    for (const { id, topics } of subject.components) {
      for (const key of topics.keys) this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), id]);
    }
    // Streams that began together, as after a restart, do not end together.
    const age = settings.maxAge * (1 - fraction() / 10);
    this.#maxAge = timers.after(age, () => this.end(), "background");
    this.#scheduleBeat();
  }

  /** Every topic that it hears of. */
  get keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  /** Says what is stale by now, and where it begins. */
  begin(line: PushLine): void {
    this.#line = line;
    if (this.#ended) line.ended();
    else if (this.#missed === "everything") this.reset();
    else if (this.#missed.length + this.#gathered.size > 0) this.#gather(this.#missed);
    else this.#tell("open");
  }

  /** A topic has news. */
  hear(key: string): void {
    const ids = this.#byKey.get(key);
    if (ids === undefined || this.#ended) return;
    if (this.subject.isBanned()) this.end();
    else this.#gather(ids);
  }

  /** Something may have been missed. */
  reset(): void {
    this.#gathered.clear();
    this.#missed = "everything";
    this.#tell(
      "reset",
      this.subject.components.map(({ id }) => id),
    );
  }

  /** Ends it; the browser asks for another one, if it may. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#maxAge[Symbol.dispose]();
    this.#beat?.[Symbol.dispose]();
    this.#gathering?.[Symbol.dispose]();
    this.#parts.ended(this);
    this.#line?.ended();
  }

  #gather(ids: readonly string[]): void {
    for (const id of ids) this.#gathered.add(id);
    if (this.#gathering === undefined && this.#line !== undefined) this.#tellGathered();
  }

  /** Says what has been gathered, so that the position of the next message is the truth. */
  #tellGathered(): void {
    const components = [...this.#gathered];
    if (components.length === 0 || this.#ended || this.#line === undefined) return;
    this.#gathered.clear();
    this.#gathering?.[Symbol.dispose]();
    const next = (): void => {
      this.#gathering = undefined;
      this.#tellGathered();
    };
    this.#gathering = this.#parts.timers.after(SPACING, next, "background");
    this.#tell("stale", components);
  }

  #tell(event: News["event"], components?: readonly string[]): void {
    if (this.#ended) return;
    const news: News = { event, id: this.#parts.position(), ...(components === undefined ? {} : { components }) };
    this.#line?.tell(news);
  }

  #scheduleBeat(): void {
    const { settings, timers, report } = this.#parts;
    const look = (): void => {
      this.#look().catch((error: unknown) => {
        report(error);
        this.end();
      });
    };
    this.#beat = timers.after(settings.heartbeat, look, "background");
  }

  async #look(): Promise<void> {
    const { isBanned, isCurrent } = this.subject;
    if (isBanned() || !(await isCurrent())) return this.end();
    if (this.#ended) return;
    this.#tellGathered();
    this.#tell("beat");
    this.#scheduleBeat();
  }
}
