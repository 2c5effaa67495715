import type { StorageChecks, StorageLog } from "../../kernel/ports/storage-log.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { Announce } from "./announcer.ts";
import { storageEvents } from "./events.ts";

const HOUR = 3_600_000;
const MOST_DAMAGED = 3;
const MOST_DAMAGED_SHARE = 0.001;
/** From how many checks on a share says something: fewer would make the first damaged copy stop everything. */
const CHECKS_OF_A_SHARE = 1000;

/** Whether so many damaged copies within an hour are more than single disks and lines explain. */
function isTooDamaged({ intact, damaged }: StorageChecks): boolean {
  const all = intact + damaged;
  return damaged >= MOST_DAMAGED || (all >= CHECKS_OF_A_SHARE && damaged > all * MOST_DAMAGED_SHARE);
}

/** What checks are counted with. */
export interface BreakerParts {
  readonly log: StorageLog;
  readonly announce: Announce;
}

/** Counts a check of a copy; stops transfers and deletions where there are too many damaged ones. */
export async function countCheck(
  { log, announce }: BreakerParts,
  transaction: WriteTransaction,
  { target, intact }: { readonly target: string; readonly intact: boolean },
): Promise<void> {
  await log.count(transaction, target, { intact: intact ? 1 : 0, damaged: intact ? 0 : 1 });
  if (intact) return;
  const counted = await log.checks(transaction, target, (await transaction.now()) - HOUR);
  if (!isTooDamaged(counted)) return;
  const reason = `${counted.damaged} damaged copies among ${counted.intact + counted.damaged} checked within an hour.`;
  if (!(await log.halt(transaction, target, reason))) return;
  transaction.afterCommit(() => {
    const context = { reason, playbook: "docs/runbooks/archive-mismatch.md" };
    announce(storageEvents.storage_transfers_halted, { action: "storage.transfer", target, failed: true, context });
  });
}
