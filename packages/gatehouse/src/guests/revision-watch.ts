import type { JoinTokens } from "../kernel/ports/join-tokens.ts";
import { StoreUnavailableError, type Store } from "../kernel/ports/store.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";

/** What changes on other servers are noticed with. */
export interface RevisionWatchParts {
  readonly tokens: Pick<JoinTokens, "revision">;
  readonly store: Pick<Store, "read">;
  /** Called for each change of the revision, and where there may have been one because the store does not answer. */
  readonly changed: (certainty: "certain" | "possible") => void;
  readonly report: (error: unknown) => void;
  /** Milliseconds between looks. Default 500. */
  readonly interval?: number;
  readonly timers?: Timers;
}

const INTERVAL = 500;

/**
 * Looks now and then whether tokens were revoked by another server, for messages of the bus that were lost. One row is
 * read each time. Where the store does not answer, everything counts as changed: what is asked for then is not answered
 * from what was known before.
 */
export class RevisionWatch implements AsyncDisposable {
  readonly #parts: RevisionWatchParts;
  readonly #timers: Timers;
  #timer: Disposable | undefined;
  #looking: Promise<void> = Promise.resolve();
  #known: number | undefined;
  #ended = false;

  constructor(parts: RevisionWatchParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? systemTimers;
    this.#next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    await this.#looking;
  }

  #next(): void {
    if (this.#ended) return;
    const { interval = INTERVAL } = this.#parts;
    this.#timer = this.#timers.after(interval, () => void (this.#looking = this.#look()), "background");
  }

  async #look(): Promise<void> {
    const { store, tokens, changed, report } = this.#parts;
    try {
      const revision = await store.read((reading) => tokens.revision(reading));
      if (this.#known !== revision) changed("certain");
      this.#known = revision;
    } catch (error) {
      this.#known = undefined;
      changed("possible");
      if (!(error instanceof StoreUnavailableError)) report(error);
    }
    this.#next();
  }
}
