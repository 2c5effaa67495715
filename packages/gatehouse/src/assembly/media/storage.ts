import { join } from "node:path";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../../console/operator.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Config } from "../../kernel/config.ts";
import type { JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { createAnnouncer, type AnnouncerParts } from "../../media/storage/announcer.ts";
import { createHealthCheck, type HealthParts } from "../../media/storage/health.ts";
import {
  createIntegrityCheck,
  createStrayDeletion,
  createStraySweep,
  type IntegrityParts,
} from "../../media/storage/integrity-check.ts";
import { createLateTarget } from "../../media/storage/late-target.ts";
import { openLocalTarget } from "../../media/storage/local-target.ts";
import { createManifestWriter } from "../../media/storage/manifest-job.ts";
import { createStorageOperations } from "../../media/storage/operations.ts";
import { createPlanner } from "../../media/storage/planner.ts";
import { HEALTH_QUEUE, repeatedJob, type RepeatedJob } from "../../media/storage/repeated-job.ts";
import { createTieredTarget } from "../../media/storage/tiered-target.ts";
import { createTransferHandlers, TRANSFER_QUEUE } from "../../media/storage/transfers.ts";
import { createStorageLog } from "../../store/sql/media/storage-log.ts";
import { createStoredFiles } from "../../store/sql/media/stored-files.ts";
import { startJobWorkers } from "../job-workers.ts";

/** Where published files are, with all that looks after them. */
export interface MountedStorage {
  /** Where files are put and found, wherever they are by now. */
  readonly target: StorageTarget;
  readonly actions: readonly AnyAction[];
  /** Begins to move, check and probe. What is started joins `stack` and ends with it. */
  readonly start: (stack: AsyncDisposableStack) => Promise<void>;
}

/** What storage is opened with. */
export interface StorageOptions {
  readonly services: AnnouncerParts & {
    readonly config: Config;
    readonly random: Random;
    readonly store: Store;
    readonly jobs: Jobs;
  };
  readonly assets: MediaAssets;
  readonly report: (error: unknown) => void;
}

/** Milliseconds without a sign of life before a target is given up. */
const PATIENCE = 30_000;
/** Transfers at a time: enough to fill a line, few enough to leave disks to visitors. */
const TRANSFERS = 2;

/** Opens the storage that is configured. */
export async function openStorage({ services, assets, report }: StorageOptions): Promise<MountedStorage> {
  const { config, clock, random, store, jobs } = services;
  const { hot: own, archive: second, checkDays } = config.media.storage;
  const directory = own.directory ?? join(config.dataDirectory, "media", "hot");
  const hot = await openLocalTarget({ name: "hot", directory, random, clock });
  const archive = openArchive(services);
  const files = createStoredFiles();
  const kept = { store, jobs, files, log: createStorageLog(), hot, archive };
  const watch = { timers: systemTimers, patience: PATIENCE, announce: createAnnouncer(services) };
  const times = { grace: second.grace, restoredFor: second.restoredFor, checkDays };
  const integrity: IntegrityParts = { ...kept, ...watch, ...times };
  const archived = archive === undefined ? [] : [{ place: "archive" as const, target: archive, quota: second.quota }];
  const health: HealthParts = {
    ...{ ...kept, ...watch, clock, random },
    targets: [{ place: "hot", target: hot, quota: own.quota }, ...archived],
  };
  return {
    target: createTieredTarget({ ...kept, archiveAfter: second.after }),
    actions: createStorageOperations({ health, integrity, assets, operatorsOnly, entrances: OPERATOR_ENTRANCES }),
    async start(stack) {
      if (archive !== undefined) stack.use(archive);
      // An embedded store has one process: what was being written when it ended never will be whole.
      if (store.dialect === "sqlite") await hot.removeUnfinished(Number.MAX_SAFE_INTEGER);
      const transfers = archive === undefined ? [] : archiveHandlers({ ...integrity, archive }, assets);
      const checks = [createHealthCheck(health), createIntegrityCheck(integrity, "hot"), ...transfers];
      await begin({ services, report }, checks, stack);
    },
  };
}

function archiveHandlers(
  parts: IntegrityParts & { readonly archive: StorageTarget },
  assets: MediaAssets,
): readonly (JobHandler & Partial<RepeatedJob>)[] {
  return [
    ...createTransferHandlers(parts),
    createPlanner(parts),
    createIntegrityCheck(parts, "archive"),
    createStraySweep(parts),
    createStrayDeletion(parts),
    createManifestWriter({ ...parts, assets }),
  ];
}

async function begin(
  { services, report }: Pick<StorageOptions, "services" | "report">,
  handlers: readonly (JobHandler & Partial<RepeatedJob>)[],
  stack: AsyncDisposableStack,
): Promise<void> {
  const { store, jobs } = services;
  await store.write(async (transaction) => {
    for (const { queue, kind } of handlers) {
      if (queue !== undefined) await jobs.add(transaction, repeatedJob({ queue, kind }));
    }
  });
  for (const queue of [TRANSFER_QUEUE, HEALTH_QUEUE]) {
    const background = { ...services, timers: systemTimers, report, concurrency: TRANSFERS };
    stack.use(await startJobWorkers({ ...background, queue, handlers: [...handlers] }));
  }
}

/** Opened when it is first needed: a server starts while its archive is away. */
function openArchive({
  config,
  random,
  clock,
}: StorageOptions["services"]): (StorageTarget & AsyncDisposable) | undefined {
  const { archive } = config.media.storage;
  const name = "archive";
  if (archive.target === "none") return undefined;
  if (archive.target === "local") {
    const { directory = "" } = archive;
    return createLateTarget(name, () => openLocalTarget({ name, directory, random, clock }));
  }
  return createLateTarget(name, async () => {
    const { openS3Target } = await import("../../media/storage/adapters/s3-target.ts");
    const { bucket = "", region, endpoint, prefix, pathStyle, accessKeyId, secretAccessKey } = archive;
    return openS3Target({
      ...{ name, bucket, region, random },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(prefix === undefined ? {} : { prefix }),
      ...(pathStyle === undefined ? {} : { pathStyle }),
      ...(accessKeyId === undefined || secretAccessKey === undefined
        ? {}
        : { credentials: { accessKeyId, secretAccessKey } }),
    });
  });
}
