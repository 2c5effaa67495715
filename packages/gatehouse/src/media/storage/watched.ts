import type { Timers } from "../../kernel/timers.ts";
import { StorageTargetError } from "./storage-error.ts";

/** How long a target may show no sign of life. */
export interface Patience {
  readonly timers: Timers;
  /** Milliseconds. */
  readonly patience: number;
}

/** What watched work is done with. */
export interface Watch {
  /** Aborted when the work is given up. */
  readonly signal: AbortSignal;
  /** To be called whenever something happens. */
  readonly alive: () => void;
}

/**
 * Does work at a target, and gives it up where nothing happens for once to twice the patience: a disk behind a network
 * that hangs never answers at all.
 */
export async function watched<Result>(
  { timers, patience, target, signal }: Patience & { readonly target: string; readonly signal: AbortSignal },
  work: (watch: Watch) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const silence = new AbortController();
  const given = Promise.withResolvers<never>();
  const either = AbortSignal.any([silence.signal, signal]);
  either.addEventListener("abort", () => given.reject(either.reason), { once: true });
  let signs = 0;
  let seen = -1;
  let timer: Disposable | undefined;
  const look = (): void => {
    if (signs === seen) {
      const message = `has given no sign of life for ${patience} ms.`;
      return silence.abort(new StorageTargetError(target, "unavailable", { message }));
    }
    seen = signs;
    timer = timers.after(patience, look);
  };
  look();
  try {
    return await Promise.race([work({ signal: either, alive: () => (signs += 1) }), given.promise]);
  } finally {
    timer?.[Symbol.dispose]();
  }
}
