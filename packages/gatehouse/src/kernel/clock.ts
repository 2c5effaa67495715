/** Where time comes from. Nothing outside this file reads the machine's clock. */
export interface Clock {
  /** Wall-clock time in epoch milliseconds. May step backwards when the machine's clock is corrected. */
  now(): number;
  /** Milliseconds since an arbitrary start; never steps backwards. For durations and time-outs. */
  monotonic(): number;
}

/** Held on to, because the global is a getter that costs half as much as reading the time. */
const timer = performance;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => timer.now(),
};
