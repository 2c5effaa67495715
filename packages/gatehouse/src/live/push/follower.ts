import { utf8 } from "../../kernel/codec.ts";
import type { Timers } from "../../kernel/timers.ts";
import { eventText, type EventFields } from "./event-text.ts";
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
/** Milliseconds in which a reader has to take what is left of a stream that has ended. */
const LAST_WORDS = 5_000;

/** One open stream. It says which components are stale, and nothing about them. */
export class Follower {
  readonly subject: FollowerSubject;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #parts: FollowerParts;
  readonly #byKey = new Map<string, string[]>();
  readonly #maxAge: Disposable;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #beat: Disposable | undefined;
  #gathering: Disposable | undefined;
  readonly #gathered = new Set<string>();
  #cut: (() => void) | undefined;
  #ended = false;

  constructor(subject: FollowerSubject, parts: FollowerParts) {
    const { settings, timers, fraction } = parts;
    this.subject = subject;
    this.#parts = parts;
    for (const { id, topics } of subject.components) {
      for (const key of topics.keys) this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), id]);
    }
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#finish(),
      },
      { highWaterMark: settings.buffer, size: ({ byteLength }) => byteLength },
    );
    // Streams that began together, as after a restart, do not end together.
    const age = settings.maxAge * (1 - fraction() / 10);
    this.#maxAge = timers.after(age, () => this.end(), "background");
    this.#scheduleBeat();
  }

  /** Every topic that it hears of. */
  get keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  /** How the connection is closed when its reader takes nothing. */
  set cut(cut: (() => void) | undefined) {
    this.#cut = cut;
  }

  /** Says which components are stale as far as is known from before, and where the stream begins. */
  begin(stale: readonly string[] | "everything"): void {
    const comment = "open";
    if (stale === "everything") this.reset();
    else if (stale.length > 0) this.#gather(stale);
    else this.#write({ comment, id: this.#parts.position() });
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
    const components = this.subject.components.map(({ id }) => id);
    this.#write({ id: this.#parts.position(), event: "reset", data: JSON.stringify({ components }) });
  }

  /** Ends the stream; the browser asks for another one, if it may. */
  end(): void {
    if (this.#ended) return;
    this.#finish();
    this.#controller?.close();
    this.#parts.timers.after(LAST_WORDS, () => this.#cut?.(), "background");
  }

  #gather(ids: readonly string[]): void {
    for (const id of ids) this.#gathered.add(id);
    if (this.#gathering === undefined) this.#tell();
  }

  /** Says what has been gathered, so that the position of the next message is the truth. */
  #tell(): void {
    const components = [...this.#gathered];
    this.#gathered.clear();
    if (components.length === 0 || this.#ended) return;
    this.#gathering?.[Symbol.dispose]();
    const next = (): void => {
      this.#gathering = undefined;
      this.#tell();
    };
    this.#gathering = this.#parts.timers.after(SPACING, next, "background");
    this.#write({ id: this.#parts.position(), event: "stale", data: JSON.stringify({ components }) });
  }

  #write(fields: EventFields): void {
    if (this.#ended || this.#controller === undefined) return;
    this.#controller.enqueue(utf8(eventText(fields)));
    if ((this.#controller.desiredSize ?? 0) > 0) return;
    // It gets news again once it asks for them; nothing is kept for it meanwhile.
    this.#finish();
    if (this.#cut === undefined) this.#controller.error(new Error("The reader was too slow."));
    else this.#cut();
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
    this.#tell();
    this.#write({ comment: "beat", id: this.#parts.position() });
    this.#scheduleBeat();
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#maxAge[Symbol.dispose]();
    this.#beat?.[Symbol.dispose]();
    this.#gathering?.[Symbol.dispose]();
    this.#parts.ended(this);
  }
}
