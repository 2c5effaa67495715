import type { Store } from "../../kernel/ports/store.ts";
import type { WorkLeases } from "../../kernel/ports/work-leases.ts";
import type { Timers } from "../../kernel/timers.ts";
import { startRounds } from "../rounds.ts";

/** What puts expired items back. */
export interface ReaperParts {
  readonly store: Pick<Store, "write">;
  readonly leases: Pick<WorkLeases, "reclaim">;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** Milliseconds between rounds. Default 1000. */
  readonly interval?: number;
}

const INTERVAL = 1000;
const AT_ONCE = 100;

/**
 * Puts items back whose leases have run out, until disposed. Claims do so, too, where they find nothing else: this is for
 * those who wait, and for whoever looks. Any number of servers may do it at once.
 */
export function startReaper({ timers, report, interval = INTERVAL, ...parts }: ReaperParts): AsyncDisposable {
  return startRounds({ timers, report, interval }, () => reap(parts));
}

/** One round; how many items were put back. */
export async function reap({ store, leases }: Pick<ReaperParts, "store" | "leases">): Promise<number> {
  let all = 0;
  for (;;) {
    const { length } = await store.write((transaction) => leases.reclaim(transaction, AT_ONCE), {
      isolation: "read committed",
    });
    all += length;
    // Orders that somebody is at are left out, so a full round is the only sign of more.
    if (length < AT_ONCE) return all;
  }
}
