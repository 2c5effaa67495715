import type { Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { ShowOptions } from "./pages.ts";
import type { ScreenWords } from "./texts.ts";

/** The fields of a form as they were typed. */
export type Typed = Readonly<Record<string, string>>;

/** What was wrong with a form. */
export interface Refusal {
  readonly alert?: string | undefined;
  readonly faults?: Readonly<Record<string, string>>;
}

/** The fields of a form that are there once. */
export function textsOf(value: unknown): Typed {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** How a form is sent that was refused and is shown again. */
export function refusedOptions({ problem, retryAfter }: Denial): ShowOptions {
  const status = problem === problems.RATE_LIMIT_EXCEEDED ? problem.status : problems.VALIDATION_ERROR.status;
  return retryAfter === undefined ? { status } : { status, headers: { "retry-after": String(retryAfter) } };
}

/** What a form says that was sent too often. */
export function tooFast(words: ScreenWords, { retryAfter: seconds = 1 }: Denial): Refusal {
  const wait = seconds < 2 * MINUTE ? words.seconds(seconds) : words.minutes(Math.ceil(seconds / MINUTE));
  return { alert: `${words.tooFast} ${words.retryIn(wait)}` };
}

const MINUTE = 60;
