import { z } from "zod";
import { attemptAsWorker, type InternalAttemptParts } from "../../kernel/internal-attempt.ts";
import type { ClaimedJob, JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { AssetFindings, AssetState, MediaAsset, MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { HELD, isComplete, variantKey } from "../assets.ts";
import type { Scanner, ScanVerdict } from "../scan/scanner.ts";
import { MEDIA_QUEUE, processAgain, RESCAN } from "./intake.ts";
import { PIPELINE } from "./announcements.ts";

/** What published files are scanned again with. */
export interface RescanParts extends InternalAttemptParts {
  readonly store: Store;
  readonly assets: MediaAssets;
  readonly target: StorageTarget;
  readonly scanner: Scanner;
  readonly jobs: Jobs;
}

const Payload = z.object({ asset: z.string().optional(), collection: z.string().optional() });
const BATCH = 50;
/** How old published files are that new signatures are tried on, in milliseconds. */
const RECENT = 7 * 86_400_000;

/** Lets published files be scanned again: one, or all recent ones that other signatures have looked at. */
export async function addRescan(
  jobs: Jobs,
  transaction: WriteTransaction,
  { tenant, asset }: { readonly tenant: string; readonly asset?: string },
): Promise<void> {
  const payload = asset === undefined ? {} : { asset };
  const key = `rescan ${asset ?? "recent"}`;
  await jobs.add(transaction, { queue: MEDIA_QUEUE, kind: RESCAN, tenant, key, payload });
}

/** Lets all files of a collection be looked at again. */
export async function addRescanOfCollection(
  jobs: Jobs,
  transaction: WriteTransaction,
  { tenant, collection }: { readonly tenant: string; readonly collection: string },
): Promise<void> {
  const key = `rescan collection ${tenant} ${collection}`;
  await jobs.add(transaction, { queue: MEDIA_QUEUE, kind: RESCAN, tenant, key, payload: { collection } });
}

/**
 * Scans files again that were published or may be, and withdraws at once what holds malware by newer signatures. What
 * can be scanned no more is held.
 */
export function createRescan(parts: RescanParts): JobHandler {
  return {
    kind: RESCAN,
    async run(job, signal) {
      const { asset, collection } = Payload.parse(job.payload);
      if (asset !== undefined) await rescanOne(parts, asset, signal);
      else if (collection !== undefined) await rescanCollection(parts, { job, collection, signal });
      else await rescanRecent(parts, signal);
      return async () => undefined;
    },
  };
}

async function rescanOne(parts: RescanParts, id: string, signal: AbortSignal): Promise<void> {
  const asset = await parts.store.read((transaction) => parts.assets.find(transaction, id));
  if (asset !== undefined && isComplete(asset)) await rescan(parts, { asset, signal });
}

/** Another attempt goes on where the one before has ended: what was scanned since the job was made is not again. */
async function rescanCollection(
  parts: RescanParts,
  { job, collection, signal }: { readonly job: ClaimedJob; readonly collection: string; readonly signal: AbortSignal },
): Promise<void> {
  const { store, assets } = parts;
  const { tenant, createdAt } = job;
  let after: MediaAsset | undefined;
  do {
    const query = { tenant, collection, limit: BATCH, ...(after === undefined ? {} : { after }) };
    const page = await store.read((transaction) => assets.list(transaction, query));
    for (const asset of page) {
      signal.throwIfAborted();
      if ((asset.findings.scannedAt ?? 0) >= createdAt) continue;
      if (isComplete(asset)) await rescan(parts, { asset, signal });
      else if (asset.quarantined && !IN_HANDS.has(asset.state))
        await store.write((transaction) => processAgain(parts, transaction, asset));
    }
    after = page.at(-1);
  } while (after !== undefined);
}

/** States of files that a job is about to look at, or looks at now. */
const IN_HANDS: ReadonlySet<AssetState> = new Set(["received", "scanning", "clean"]);

async function rescanRecent(parts: RescanParts, signal: AbortSignal): Promise<void> {
  const { store, assets, scanner } = parts;
  let after: MediaAsset | undefined;
  do {
    const status = await scanner.status();
    if (status.state !== "ready") throw new Error(status.reason);
    const since = (await store.write((transaction) => transaction.now())) - RECENT;
    const query = { by: status.version.text, since, limit: BATCH, ...(after === undefined ? {} : { after }) };
    const batch = await store.read((transaction) => assets.scannedByOthers(transaction, query));
    for (const asset of batch) {
      signal.throwIfAborted();
      if (isComplete(asset)) await rescan(parts, { asset, signal });
    }
    after = batch.at(-1);
  } while (after !== undefined);
}

async function rescan(
  parts: RescanParts,
  { asset, signal }: { readonly asset: MediaAsset; readonly signal: AbortSignal },
): Promise<void> {
  const verdict = await scanPublished(parts, asset, signal);
  if (verdict === undefined) return;
  const { id, tenant, findings } = asset;
  const settle = (action: string, more: object): Promise<boolean> =>
    attemptAsWorker(parts, PIPELINE, { action, tenant, input: { asset: id, ...more } });
  switch (verdict.verdict) {
    case "unavailable":
      throw new Error(verdict.reason);
    case "infected":
      await settle("media.asset.condemn", { findings, signature: verdict.signature, by: verdict.by.text });
      return;
    case "unscannable":
      if (asset.state === "published" && asset.reason !== HELD.operator)
        await settle("media.asset.withhold", { reason: verdict.reason });
      return;
    case "clean": {
      const scannedBy = verdict.by.text;
      const scanned = { ...findings, scannedAt: await parts.store.write((transaction) => transaction.now()) };
      if (asset.reason === HELD.unscannable) await settle("media.asset.release", { findings: scanned, scannedBy });
      else await noteScan(parts, { asset, findings: scanned, scannedBy });
    }
  }
}

/** Notes that a file is still clean; one about which something was decided meanwhile stays as that was. */
function noteScan(
  { store, assets }: RescanParts,
  {
    asset: { id, state, reason },
    ...scan
  }: { readonly asset: MediaAsset; readonly findings: AssetFindings; readonly scannedBy: string },
): Promise<unknown> {
  return store.write(async (transaction) => {
    const now = await assets.find(transaction, id);
    if (now?.state !== state || now.reason !== reason) return;
    await assets.change(transaction, id, { from: [state], to: state, reason, ...scan });
  });
}

/** What a scanner says of the original as it is published; `undefined` where it is gone. */
async function scanPublished(
  { target, scanner }: RescanParts,
  asset: MediaAsset,
  signal: AbortSignal,
): Promise<ScanVerdict | undefined> {
  const file = await target.get(variantKey(asset, "original"));
  if (file === undefined) return undefined;
  using scan = scanner.begin(file.bytes, signal);
  for await (const chunk of file.body) await scan.write(chunk);
  return await scan.end();
}
