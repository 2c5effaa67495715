import { pause, type Timers } from "../kernel/timers.ts";

/** What something is done again and again with. */
export interface RoundsParts {
  readonly timers: Timers;
  /** Receives what a round has failed with; the next one comes all the same. */
  readonly report: (error: unknown) => void;
  /** Milliseconds between rounds. */
  readonly interval: number;
}

/** Does something again and again until disposed, which waits for the round under way. */
export function startRounds(parts: RoundsParts, round: () => Promise<unknown>): AsyncDisposable {
  const stop = new AbortController();
  const running = run(parts, { round, signal: stop.signal });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function run(
  { timers, report, interval }: RoundsParts,
  { round, signal }: { readonly round: () => Promise<unknown>; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await pause(timers, interval, { signal });
    try {
      if (!signal.aborted) await round();
    } catch (error) {
      report(error);
    }
  }
}
