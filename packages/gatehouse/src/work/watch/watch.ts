import { attemptAsWorker, type InternalAttemptParts } from "../../kernel/internal-attempt.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { WorkWatch } from "../../kernel/ports/work-watch.ts";
import type { Timers } from "../../kernel/timers.ts";
import { WORKER } from "../actors.ts";
import { startRounds } from "../rounds.ts";
import { DEAD_LETTER, TELL_OVERDUE, type WorkPatience } from "./watch-actions.ts";

/** What finds orders that nobody does anything about. */
export interface LookParts extends InternalAttemptParts {
  readonly store: Pick<Store, "read">;
  readonly watch: WorkWatch;
  readonly patience: WorkPatience;
  /** Receives what went wrong with one order; the others have their turn all the same. */
  readonly report: (error: unknown) => void;
}

/** What does so again and again. */
export interface WatchParts extends LookParts {
  readonly timers: Timers;
  /** Milliseconds between looks. Default: a minute. */
  readonly interval?: number;
}

const INTERVAL = 60_000;
const AT_ONCE = 100;

/** Tells of orders that wait for too long and gives failed ones up, until disposed. Any number of servers may do it at once. */
export function startWatch({ interval = INTERVAL, ...parts }: WatchParts): AsyncDisposable {
  return startRounds({ ...parts, interval }, () => look(parts));
}

/** One look; how many orders something was done about. */
export async function look(parts: LookParts): Promise<number> {
  const { patience } = parts;
  const told = await forEach(parts, { what: "overdue", longer: patience.overdueAfter, action: TELL_OVERDUE });
  return told + (await forEach(parts, { what: "failed", longer: patience.deadLetterAfter, action: DEAD_LETTER }));
}

interface Task {
  readonly what: "overdue" | "failed";
  readonly longer: number;
  readonly action: string;
}

async function forEach(parts: LookParts, { what, longer, action }: Task): Promise<number> {
  const { store, watch, report } = parts;
  let all = 0;
  for (;;) {
    const found = await store.read((transaction) => watch[what](transaction, { longer, limit: AT_ONCE }));
    let done = 0;
    for (const { tenant, id } of found) {
      const attempted = attemptAsWorker(parts, WORKER, { action, tenant, input: { order: id } });
      if (await attempted.catch((error: unknown) => void report(error))) done += 1;
    }
    all += done;
    // Where another server has done them all, there may be more: that one sees to it.
    if (done === 0 || found.length < AT_ONCE) return all;
  }
}
