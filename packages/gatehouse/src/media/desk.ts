import type { Denial } from "../kernel/outcome.ts";
import type { Jobs } from "../kernel/ports/jobs.ts";
import type { MediaAsset, MediaAssets } from "../kernel/ports/media-assets.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import { decide, type Decision } from "./decision.ts";
import { withdraw } from "./pipeline/settlement.ts";
import type { Scanner } from "./scan/scanner.ts";

/**
 * Decides about files and erases them within a transaction of the application's own. The application has made sure that
 * this may be done, and that no job has the file in hands.
 */
export interface MediaDesk {
  /** Does what a host may; else says why it cannot be done. What is withheld is for operators. */
  decide(transaction: WriteTransaction, decision: Omit<Decision, "by">): Promise<Denial | undefined>;
  /** Forgets a file with all its forms: none can be fetched any more, and a job deletes what is stored of it. */
  erase(transaction: WriteTransaction, asset: Pick<MediaAsset, "id" | "tenant">): Promise<void>;
}

/** What the desk works with. */
export interface MediaDeskParts {
  readonly assets: MediaAssets;
  readonly jobs: Jobs;
  readonly scanner: Scanner | undefined;
}

/** Makes the desk. */
export function createMediaDesk(parts: MediaDeskParts): MediaDesk {
  return {
    decide: (transaction, decision) => decide(parts, transaction, { ...decision, by: "host" }),
    async erase(transaction, { id, tenant }) {
      await withdraw(parts, transaction, { tenant, id, deleted: true });
      await parts.assets.remove(transaction, id);
    },
  };
}
