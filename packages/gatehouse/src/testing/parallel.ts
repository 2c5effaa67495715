/**
 * Starts calls at once and waits for all of them, for tests of races: `parallel(() => ada.callAction(...), () =>
 * bob.callAction(...))`. None is started later than another one has begun to wait.
 */
export function parallel<Result>(
  ...calls: readonly (() => Promise<Result>)[]
): Promise<PromiseSettledResult<Result>[]> {
  return Promise.allSettled(calls.map((call) => call()));
}
