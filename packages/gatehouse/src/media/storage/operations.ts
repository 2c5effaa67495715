import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { Entrance } from "../../kernel/attempt.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { StorageRole, StoredTotal } from "../../kernel/ports/stored-files.ts";
import { problems } from "../../kernel/problems.ts";
import { storageEvents } from "./events.ts";
import { healthOf, probeAndRecord, type HealthParts, type TargetHealth } from "./health.ts";
import { checkCopy, type CheckResult, type IntegrityParts } from "./integrity-check.ts";
import { manifestOf, variantsOf } from "./manifest.ts";
import { manifestJob } from "./manifest-job.ts";
import { transferJob, TRANSFER_QUEUE } from "./transfers.ts";

/** What operators of storage work with. */
export interface StorageOperationsParts {
  readonly health: HealthParts;
  readonly integrity: IntegrityParts;
  readonly assets: MediaAssets;
  readonly operatorsOnly: Authorise<unknown>;
  readonly entrances: readonly Entrance[];
}

/** How storage is: what `storage.list` answers. */
export interface StorageState {
  readonly targets: readonly TargetHealth[];
  readonly files: readonly StoredTotal[];
  /** Transfers that failed for good, newest first. */
  readonly failed: readonly {
    readonly kind: string;
    readonly key: string;
    readonly at: number;
    readonly reason: string;
  }[];
  /** Whether there is an archive. */
  readonly archives: boolean;
}

const MOST_FAILED = 20;
const Failed = z.object({ key: z.string() });
const Selection = z
  .strictObject({ collection: z.string().min(1).max(200).optional(), asset: z.string().min(1).max(64).optional() })
  .refine(({ collection, asset }) => (collection === undefined) !== (asset === undefined), {
    message: "Say which: a collection or an asset.",
  });
type Selection = z.infer<typeof Selection>;

/** Looking at storage and having files moved and checked, the same from the console and the command line. */
export function createStorageOperations(parts: StorageOperationsParts): readonly AnyAction[] {
  return [list(parts), probe(parts), archive(parts), restore(parts), verify(parts), manifest(parts), resume(parts)];
}

function list({ health, integrity, operatorsOnly, entrances }: StorageOperationsParts): AnyAction {
  const { files, jobs, archive: second } = integrity;
  return defineAction({
    ...{ name: "storage.list", entrances, input: z.strictObject({}), effects: "none", authorise: operatorsOnly },
    run: async ({ transaction }): Promise<StorageState> => {
      const dead = await jobs.dead(transaction, TRANSFER_QUEUE, MOST_FAILED);
      const failed = dead.map(({ kind, payload, deadAt, reason }) => {
        const { success, data } = Failed.safeParse(payload);
        return { kind, key: success ? data.key : "", at: deadAt, reason };
      });
      const targets = await healthOf(health, transaction);
      return { targets, files: await files.totals(transaction), failed, archives: second !== undefined };
    },
  });
}

function probe({ health, operatorsOnly, entrances }: StorageOperationsParts): AnyAction {
  return defineAction({
    ...{ name: "storage.probe", entrances, input: z.strictObject({}), effects: "external", authorise: operatorsOnly },
    idempotency: false,
    run: async ({ store }) => {
      for (const placed of health.targets) await probeAndRecord(health, placed);
      return { targets: await store.read((transaction) => healthOf(health, transaction)) };
    },
  });
}

function archive({ integrity, assets, operatorsOnly, entrances }: StorageOperationsParts): AnyAction {
  const { files, jobs } = integrity;
  return defineAction({
    ...{ name: "storage.archive", entrances, input: Selection, effects: "store", authorise: operatorsOnly },
    audit: {
      event: storageEvents.storage_archived,
      target: nameOf,
      context: (_input, { files: count }: Moved) => ({ files: count }),
    },
    run: async ({ attempt, input, transaction }) => {
      const keys = await keysOf(assets, transaction, { tenant: attempt.tenant, selection: input });
      if (isDenial(keys)) return keys;
      if (integrity.archive === undefined) return deny(problems.VALIDATION_ERROR, { detail: NO_ARCHIVE });
      let count = 0;
      for (const key of keys) {
        if (!(await files.hasten(transaction, key))) continue;
        count += 1;
        const record = await files.find(transaction, key);
        await jobs.add(transaction, transferJob(record?.state === "hot" ? "copy" : "evict", key));
      }
      const { collection } = input;
      if (collection !== undefined) await jobs.add(transaction, manifestJob({ tenant: attempt.tenant, collection }));
      return { files: count };
    },
  });
}

interface Moved {
  readonly files: number;
}

function restore({ integrity, assets, operatorsOnly, entrances }: StorageOperationsParts): AnyAction {
  const { files, jobs } = integrity;
  return defineAction({
    ...{ name: "storage.restore", entrances, input: Selection, effects: "store", authorise: operatorsOnly },
    audit: {
      event: storageEvents.storage_restored,
      target: nameOf,
      context: (_input, { files: count }: Moved) => ({ files: count }),
    },
    run: async ({ attempt, input, transaction }) => {
      const keys = await keysOf(assets, transaction, { tenant: attempt.tenant, selection: input });
      if (isDenial(keys)) return keys;
      let count = 0;
      for (const key of keys) {
        const record = await files.find(transaction, key);
        if (record === undefined || record.state === "hot") continue;
        count += 1;
        await jobs.add(transaction, transferJob("restore", key));
      }
      return { files: count };
    },
  });
}

/** What was found of each copy of a selection. */
interface Verified {
  readonly results: readonly { readonly key: string; readonly place: StorageRole; readonly result: CheckResult }[];
}

function verify({ integrity, assets, operatorsOnly, entrances }: StorageOperationsParts): AnyAction {
  const { files } = integrity;
  return defineAction({
    ...{ name: "storage.verify", entrances, input: Selection, effects: "external", authorise: operatorsOnly },
    idempotency: false,
    audit: {
      event: storageEvents.storage_verified,
      target: nameOf,
      context: (_input, { results }: Verified) => ({
        copies: results.length,
        damaged: results.filter(({ result }) => result !== "intact").length,
      }),
    },
    run: async ({ attempt, input, store }) => {
      const { tenant } = attempt;
      const keys = await store.read((transaction) => keysOf(assets, transaction, { tenant, selection: input }));
      if (isDenial(keys)) return keys;
      const signal = new AbortController().signal;
      const results: { key: string; place: StorageRole; result: CheckResult }[] = [];
      for (const key of keys) {
        for (const place of ["hot", "archive"] as const) {
          const record = await store.read((transaction) => files.find(transaction, key));
          if (record === undefined || !HOLDERS[place].includes(record.state)) continue;
          results.push({ key, place, result: await checkCopy(integrity, record, { place, signal }) });
        }
      }
      return { results };
    },
  });
}

const HOLDERS: Readonly<Record<StorageRole, readonly string[]>> = {
  hot: ["hot", "copied"],
  archive: ["copied", "archived"],
};

function manifest({ assets, operatorsOnly, entrances }: StorageOperationsParts): AnyAction {
  const input = z.strictObject({ collection: z.string().min(1).max(200) });
  return defineAction({
    ...{ name: "storage.manifest", entrances, input, effects: "none", authorise: operatorsOnly },
    run: async ({ attempt: { tenant }, input: { collection }, transaction }) => {
      const variants = await variantsOf(assets, transaction, { tenant, collection });
      return { files: variants.length, manifest: manifestOf(variants) };
    },
  });
}

function resume({ integrity, operatorsOnly, entrances }: StorageOperationsParts): AnyAction {
  const input = z.strictObject({ target: z.string().min(1).max(64) });
  return defineAction({
    ...{ name: "storage.resume", entrances, input, effects: "store", authorise: operatorsOnly },
    idempotency: false,
    audit: { event: storageEvents.storage_transfers_resumed, target: ({ target }) => target },
    run: async ({ input: { target }, transaction }) =>
      (await integrity.log.resume(transaction, target))
        ? { target }
        : deny(problems.NOT_FOUND, { detail: `Transfers to ${target} are not stopped.` }),
  });
}

const NO_ARCHIVE = "There is no archive: set media.storage.archive.target.";

/** The keys of a selection, of one tenant. */
async function keysOf(
  assets: MediaAssets,
  transaction: ReadTransaction | WriteTransaction,
  { tenant, selection: { collection, asset = "" } }: { readonly tenant: string; readonly selection: Selection },
): Promise<readonly string[] | Denial> {
  if (collection !== undefined) {
    const variants = await variantsOf(assets, transaction, { tenant, collection });
    return variants.map(({ key }) => key);
  }
  const found = await assets.find(transaction, asset);
  if (found?.tenant !== tenant) return deny(problems.NOT_FOUND, { detail: `There is no asset ${asset}.` });
  return ((await assets.variants(transaction, [asset])).get(asset) ?? []).map(({ key }) => key);
}

function nameOf({ collection, asset }: Selection): string {
  return collection === undefined ? `asset:${asset}` : `collection:${collection}`;
}
