import type { Timers } from "../../kernel/timers.ts";

/** Code of an application took longer than it may. */
export class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";
}

/**
 * What `work` answers, or a rejection after so many milliseconds. What is answered at once costs no timer.
 * @throws {OutOfTimeError} when the time is up
 */
export function withinTime<Value>(
  work: Value | Promise<Value>,
  milliseconds: number,
  timers: Timers,
): Value | Promise<Value> {
  if (!(work instanceof Promise)) return work;
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const timer = timers.after(milliseconds, () => {
    reject(new OutOfTimeError(`A function of an actor took longer than ${milliseconds} ms.`));
  });
  work
    .then(resolve, reject)
    .finally(() => timer[Symbol.dispose]())
    .catch(() => undefined);
  return promise;
}
