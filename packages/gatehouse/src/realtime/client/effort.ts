import { RealtimeError } from "./realtime-error.ts";

/** The time for which something is tried, which its caller can cut short. */
export class Effort {
  readonly #until: number;
  readonly #over = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;
  readonly #giveUp = (): void => this.#over.abort(this.#signal?.reason);

  constructor(milliseconds: number, signal?: AbortSignal) {
    this.#until = performance.now() + milliseconds;
    this.#timer = setTimeout(() => this.#over.abort(timedOut()), milliseconds);
    this.#signal = signal;
    signal?.addEventListener("abort", this.#giveUp, { once: true });
    if (signal?.aborted === true) this.#giveUp();
  }

  /** Milliseconds that are left. */
  get left(): number {
    return this.#until - performance.now();
  }

  /** Whether the time is up or its caller has given up. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Begins something and waits for it, but no longer than there is time. It is not begun where there is none. */
  async within<Result>(begin: () => Promise<Result>): Promise<Result> {
    const { signal } = this.#over;
    signal.throwIfAborted();
    const { promise: over, reject } = Promise.withResolvers<never>();
    // Whatever the caller gave up with.
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([begin(), over]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#giveUp);
  }
}

function timedOut(): RealtimeError {
  return new RealtimeError("No answer came in time.", { code: "TIMED_OUT", temporary: true });
}
