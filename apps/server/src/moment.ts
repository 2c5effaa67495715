import { UsageError } from "./command.ts";

/** The value of a flag that takes a time, in epoch milliseconds; a time without a zone is UTC, as in the console. */
export function momentOf(name: string, text: string): number {
  const zoned = /[zZ]|[+-]\d{2}:?\d{2}$/.test(text) || !text.includes("T") ? text : `${text}Z`;
  const time = Date.parse(zoned);
  if (Number.isNaN(time)) throw new UsageError(`--${name} takes a time such as 2026-02-28T18:00Z; got "${text}".`);
  return time;
}
