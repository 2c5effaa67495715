/** Where delays come from. Nothing in kernel and guards starts a timer of the machine's by itself. */
export interface Timers {
  /**
   * Runs `task` once after `milliseconds`; disposing the result before then prevents it. A `background` timer
   * does not keep the process alive.
   */
  after(milliseconds: number, task: () => void, kind?: "background"): Disposable;
}

/** The machine's timers. */
export const systemTimers: Timers = {
  after(milliseconds, task, kind) {
    const timer = setTimeout(task, milliseconds);
    if (kind === "background") timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Resolves after `milliseconds`, or as soon as `signal` is aborted or `sooner` is settled. */
export function pause(
  timers: Timers,
  milliseconds: number,
  { signal, sooner }: { readonly signal?: AbortSignal | undefined; readonly sooner?: Promise<void> | undefined } = {},
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      timer[Symbol.dispose]();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = timers.after(milliseconds, end);
    signal?.addEventListener("abort", end);
    sooner?.then(end, end);
  });
}
