import { deny, type Denial } from "../kernel/outcome.ts";
import type { Jobs } from "../kernel/ports/jobs.ts";
import { ASSET_STATES, type MediaAsset, type MediaAssets } from "../kernel/ports/media-assets.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { HELD, isComplete } from "./assets.ts";
import { addDeletion } from "./pipeline/intake.ts";
import { withdraw } from "./pipeline/settlement.ts";
import { mediaProblems } from "./problems.ts";
import type { Scanner } from "./scan/scanner.ts";

/** Whose word it is. An operator's outranks a host's. */
export type Decider = "operator" | "host";

/** What somebody has decided about a file. */
export interface Decision {
  readonly asset: MediaAsset;
  readonly decision: "publish" | "hide" | "reject";
  readonly reason: string;
  readonly by: Decider;
}

/** What decisions are carried out with. */
export interface DecisionParts {
  readonly assets: MediaAssets;
  readonly jobs: Jobs;
  readonly scanner: Scanner | undefined;
}

/** Does what somebody has decided about a file, where that can be done. */
export async function decide(
  { assets, jobs, scanner }: DecisionParts,
  transaction: WriteTransaction,
  { asset, decision, reason, by }: Decision,
): Promise<Denial | undefined> {
  const { id, tenant, state } = asset;
  if (decision === "reject") {
    const step = { from: ASSET_STATES, to: "rejected", reason: `moderated: ${reason}`, quarantined: false } as const;
    await assets.change(transaction, id, step);
    await withdraw({ assets, jobs }, transaction, { tenant, id, deleted: true });
    return undefined;
  }
  if (decision === "hide") {
    // An operator's word also takes the place of a host's.
    if (state !== "published" && !(by === "operator" && isComplete(asset)))
      return deny(problems.STATE_CONFLICT, { detail: "It is not published." });
    const hidden = by === "operator" ? HELD.operator : HELD.hidden;
    await assets.change(transaction, id, { from: ["published", "held"], to: "held", reason: hidden });
    return undefined;
  }
  if (state === "published") return undefined;
  // One that was let through while there was no scanner is not let through again once there is.
  if (!isComplete(asset) || (asset.scannedBy === undefined && scanner !== undefined))
    return deny(mediaProblems.MEDIA_NOT_SCANNED);
  const published = by === "operator" ? { reason: HELD.operator } : {};
  await assets.change(transaction, id, { from: ["held"], to: "published", quarantined: false, ...published });
  await addDeletion(jobs, transaction, { tenant, keys: [], quarantined: id, asset: id });
  return undefined;
}
