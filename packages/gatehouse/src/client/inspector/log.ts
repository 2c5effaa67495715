import type { Timing } from "./server-timing.ts";

/** One request to the server and what came of it. Never holds what was sent or told, only how much. */
export interface Exchange {
  /** Name of the action, or `load`. */
  readonly what: string;
  /** The component whose action it was. */
  readonly actor: string | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Milliseconds until the whole answer was there. */
  readonly roundTrip: number;
  /** `undefined` where it succeeded. */
  readonly code: string | undefined;
  /** Whether the answer was kept from an earlier attempt. */
  readonly replayed: boolean;
  readonly requestId: string | undefined;
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** How many components the request was for. */
  readonly components: number;
  readonly timings: readonly Timing[];
}

/** How the content of a component last came, in bytes as they were sent. */
export interface ContentTransfer {
  readonly kind: "patch" | "whole" | "unchanged";
  readonly sent: number;
  /** What the whole content would have taken. */
  readonly whole: number;
}

/** What an exchange brought for one component. */
export interface Visit {
  readonly exchange: Exchange;
  readonly content: ContentTransfer | undefined;
}

/** What has been seen of one component. */
export interface ComponentRecord {
  /** Its own last action, */
  action: Visit | undefined;
  /** and what it last heard without one: by being loaded, or because of another component's action. */
  update: Visit | undefined;
  retries: number;
  replays: number;
  conflicts: number;
}

/** One refusal. */
export interface RefusalRecord {
  readonly code: string;
  readonly message: string;
  readonly at: number;
  /** Ids of the components it was about; none for a stream. */
  readonly components: readonly string[];
  /** The action, or what else was asked for. */
  readonly what: string;
  readonly requestId: string | undefined;
  /** JSON Pointers to what was wrong with the input. */
  readonly pointers: readonly string[];
  /** Seconds. */
  readonly retryAfter: number | undefined;
}

/** Refusals that are kept; the oldest goes first. */
const MOST_REFUSALS = 20;
/** Components of which something is kept; the one that was longest not heard of goes first. */
export const MOST_COMPONENTS = 200;

/** What has happened on this page, as far back as it is kept. */
export class InspectorLog {
  readonly #components = new Map<string, ComponentRecord>();
  readonly #changed: () => void;
  /** Newest first. */
  readonly refusals: RefusalRecord[] = [];
  /** Refusals that nobody has looked at. */
  unseen = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What is known of a component, if there is anything. */
  find(id: string): ComponentRecord | undefined {
    return this.#components.get(id);
  }

  /** Notes something about a component. */
  note(id: string, change: (record: ComponentRecord) => void): void {
    const record = this.#components.get(id) ?? {
      ...{ action: undefined, update: undefined, retries: 0, replays: 0, conflicts: 0 },
    };
    this.#components.delete(id);
    this.#components.set(id, record);
    for (const oldest of this.#components.keys()) {
      if (this.#components.size <= MOST_COMPONENTS) break;
      this.#components.delete(oldest);
    }
    change(record);
    this.#changed();
  }

  refuse(refusal: RefusalRecord): void {
    this.refusals.unshift(refusal);
    this.refusals.length = Math.min(this.refusals.length, MOST_REFUSALS);
    this.unseen = Math.min(this.unseen + 1, MOST_REFUSALS);
    this.#changed();
  }

  /** Somebody looks at the refusals. */
  see(): void {
    this.unseen = 0;
  }

  forgetRefusals(): void {
    this.refusals.length = 0;
    this.unseen = 0;
    this.#changed();
  }
}
