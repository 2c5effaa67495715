import { z } from "zod";
import type { ClaimedJob, JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { AssetState, MediaAsset, MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { variantKey } from "../assets.ts";
import type { Scanner, ScanVerdict } from "../scan/scanner.ts";
import { MEDIA_QUEUE, processAgain, RESCAN } from "./intake.ts";
import { attemptAsPipeline, type SystemAttemptParts } from "./system-attempt.ts";

/** What published files are scanned again with. */
export interface RescanParts extends SystemAttemptParts {
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

/** Scans published files again, and withdraws at once what holds malware by newer signatures. */
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
  if (asset?.state === "published") await rescan(parts, { asset, signal });
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
      if (asset.state === "published") await rescan(parts, { asset, signal });
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
  const seen = new Set<string>();
  for (;;) {
    const status = await scanner.status();
    if (status.state !== "ready") throw new Error(status.reason);
    const since = (await store.write((transaction) => transaction.now())) - RECENT;
    const query = { by: status.version.text, since, limit: BATCH };
    const batch = await store.read((transaction) => assets.scannedByOthers(transaction, query));
    const left = batch.filter(({ id }) => !seen.has(id));
    if (left.length === 0) return;
    for (const asset of left) {
      signal.throwIfAborted();
      seen.add(asset.id);
      await rescan(parts, { asset, signal, by: status.version.text });
    }
  }
}

async function rescan(
  parts: RescanParts,
  { asset, signal, by }: { readonly asset: MediaAsset; readonly signal: AbortSignal; readonly by?: string },
): Promise<void> {
  const verdict = await scanPublished(parts, asset, signal);
  if (verdict === undefined) return;
  if (verdict.verdict === "unavailable") throw new Error(verdict.reason);
  const { store, assets } = parts;
  if (verdict.verdict === "infected") {
    const { signature, by: found } = verdict;
    const input = { asset: asset.id, findings: asset.findings, signature, by: found.text };
    await attemptAsPipeline(parts, { action: "media.asset.condemn", tenant: asset.tenant, input });
    return;
  }
  const scannedBy = verdict.verdict === "clean" ? verdict.by.text : by;
  if (scannedBy === undefined) return;
  await store.write(async (transaction) => {
    const now = await transaction.now();
    const findings = verdict.verdict === "clean" ? { ...asset.findings, scannedAt: now } : asset.findings;
    await assets.change(transaction, asset.id, { from: ["published"], to: "published", findings, scannedBy });
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
