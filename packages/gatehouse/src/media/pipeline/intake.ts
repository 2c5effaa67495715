import type { Jobs } from "../../kernel/ports/jobs.ts";
import { ASSET_STATES, type MediaAsset, type MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { MediaIntake } from "../../kernel/ports/media-intake.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";

/** The queue of everything that is done with files. */
export const MEDIA_QUEUE = "media-security";
/** The job that scans, scrubs and publishes a file. */
export const PROCESS_PHOTO = "ProcessPhotoSecurityScan";
/** The job that deletes files nobody needs any more. */
export const DELETE_FILES = "DeleteMediaFiles";
/** The job that scans published files again. */
export const RESCAN = "RescanMedia";

/** Attempts before a file whose processing ends in errors is put aside. */
const ATTEMPTS = 5;

/** Takes over files that have arrived: asset and job come to be in the transaction that ends the upload, or neither. */
export function createMediaIntake(parts: { readonly assets: MediaAssets; readonly jobs: Jobs }): MediaIntake {
  return {
    async received(transaction, file) {
      await parts.assets.add(transaction, file);
      await addProcessing(parts.jobs, transaction, file);
    },
  };
}

/** Lets a file be processed, now or later; once, however often it is asked for. */
export async function addProcessing(
  jobs: Jobs,
  transaction: WriteTransaction,
  {
    id,
    tenant,
    tries = 0,
    runAt,
  }: { readonly id: string; readonly tenant: string; readonly tries?: number; readonly runAt?: number },
): Promise<void> {
  const payload = { asset: id, tries };
  await jobs.add(transaction, {
    ...{ queue: MEDIA_QUEUE, kind: PROCESS_PHOTO, tenant, key: id, payload, attempts: ATTEMPTS },
    ...(runAt === undefined ? {} : { runAt }),
  });
}

/** Lets a file that is still in quarantine go its way from the beginning. */
export async function processAgain(
  { assets, jobs }: { readonly assets: MediaAssets; readonly jobs: Jobs },
  transaction: WriteTransaction,
  asset: Pick<MediaAsset, "id" | "tenant">,
): Promise<void> {
  await assets.change(transaction, asset.id, { from: ASSET_STATES, to: "received" });
  await addProcessing(jobs, transaction, asset);
}

/** Lets files be deleted once the transaction is durable, whatever happens to this server then. */
export async function addDeletion(
  jobs: Jobs,
  transaction: WriteTransaction,
  {
    tenant,
    keys,
    quarantined,
    asset,
  }: {
    readonly tenant: string;
    /** Of forms of the asset. */
    readonly keys: readonly string[];
    readonly quarantined?: string;
    readonly asset: string;
  },
): Promise<void> {
  if (keys.length === 0 && quarantined === undefined) return;
  await jobs.add(transaction, {
    queue: MEDIA_QUEUE,
    kind: DELETE_FILES,
    tenant,
    payload: { keys, quarantined, asset },
  });
}
