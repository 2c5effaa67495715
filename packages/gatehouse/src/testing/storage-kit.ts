import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { createEventStream } from "../kernel/event-stream.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { createIds } from "../kernel/ids.ts";
import type { ClaimedJob, JobHandler, Jobs } from "../kernel/ports/jobs.ts";
import type { StorageTarget } from "../kernel/ports/storage-target.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { StoredRecord } from "../kernel/ports/stored-files.ts";
import { systemRandom } from "../kernel/random.ts";
import { systemTimers } from "../kernel/timers.ts";
import { createAnnouncer } from "../media/storage/announcer.ts";
import {
  createIntegrityCheck,
  createStrayDeletion,
  createStraySweep,
  type IntegrityParts,
} from "../media/storage/integrity-check.ts";
import { openLocalTarget } from "../media/storage/local-target.ts";
import { createPlanner } from "../media/storage/planner.ts";
import { HEALTH_QUEUE, repeatedJob } from "../media/storage/repeated-job.ts";
import { createTieredTarget } from "../media/storage/tiered-target.ts";
import { createTransferHandlers, TRANSFER_QUEUE, type TransferParts } from "../media/storage/transfers.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { createJobs } from "../store/sql/jobs.ts";
import { createStorageLog } from "../store/sql/media/storage-log.ts";
import { createStoredFiles } from "../store/sql/media/stored-files.ts";

/** What storage is tried with. */
export interface StorageKitOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly hot: StorageTarget;
  readonly archive: StorageTarget;
  readonly grace?: number;
  readonly archiveAfter?: number;
  readonly checkDays?: number;
  readonly patience?: number;
  readonly restoredFor?: number;
}

const HOUR = 3_600_000;
const LEASE = 60_000;
const DAY = 24 * HOUR;

/** A hot target and an archive with everything that moves and checks files, driven by hand: one job after another. */
export class StorageKit {
  readonly parts: TransferParts & IntegrityParts & { readonly archive: StorageTarget };
  readonly target: StorageTarget;
  readonly events: SecurityEvent[] = [];
  readonly handlers: ReadonlyMap<string, JobHandler>;

  constructor({ store, clock, hot, archive, ...times }: StorageKitOptions) {
    const { grace = HOUR, archiveAfter = 0, checkDays = 100, patience = 5000, restoredFor = DAY } = times;
    const ids = createIds(clock, systemRandom);
    const stream = createEventStream((error) => {
      throw error;
    });
    stream.subscribe((event) => this.events.push(event));
    const jobs = createJobs({ store, bus: createMemoryBus(), ids });
    this.parts = {
      ...{ store, jobs, hot, archive, grace, checkDays, patience },
      ...{ files: createStoredFiles(), log: createStorageLog(), timers: systemTimers, restoredFor },
      announce: createAnnouncer({ events: stream, ids, clock }),
    };
    this.target = createTieredTarget({ ...this.parts, archiveAfter });
    const handlers = [
      ...createTransferHandlers(this.parts),
      createPlanner(this.parts),
      createIntegrityCheck(this.parts, "hot"),
      createIntegrityCheck(this.parts, "archive"),
      createStraySweep(this.parts),
      createStrayDeletion(this.parts),
    ];
    this.handlers = new Map(handlers.map((handler) => [handler.kind, handler]));
  }

  get jobs(): Jobs {
    return this.parts.jobs;
  }

  eventNames(): string[] {
    return this.events.map(({ name }) => name);
  }

  record(key: string): Promise<StoredRecord | undefined> {
    return this.parts.store.read((transaction) => this.parts.files.find(transaction, key));
  }

  async state(key: string): Promise<string | undefined> {
    return (await this.record(key))?.state;
  }

  isHalted(): Promise<boolean> {
    const { store, log, archive } = this.parts;
    return store.read(async (transaction) => (await log.halted(transaction, archive.name)) !== undefined);
  }

  /** Does a job the way workers do: a failure puts it back, to be tried at once. */
  async work(job: ClaimedJob, signal: AbortSignal = new AbortController().signal): Promise<void> {
    const { store, jobs } = this.parts;
    const handler = this.handlers.get(job.kind);
    if (handler === undefined) throw new Error(`Nobody does jobs of the kind ${job.kind}.`);
    try {
      const effect = await handler.run(job, signal);
      if (effect === undefined) return;
      await store.write(async (transaction) => {
        if (!(await jobs.complete(transaction, job))) throw new Error("lost");
        await effect(transaction);
      });
    } catch (error) {
      await store.write(async (transaction) => {
        const end = await jobs.fail(transaction, job, { reason: String(error), runAt: 0 });
        if (end === "dead") await handler.dead?.(transaction, job, String(error));
      });
    }
  }

  /** Looks for what is due, and does that and everything that follows at once. */
  async settle(most = 500): Promise<void> {
    await this.begin("PlanTransfers", HEALTH_QUEUE);
    for (let done = 0; done < most; done += 1) {
      const [planned] = await this.claim(HEALTH_QUEUE);
      const [job] = planned === undefined ? await this.claim(TRANSFER_QUEUE) : [planned];
      if (job === undefined) return;
      await this.work(job);
    }
  }

  /** Plans a repeated job for now. */
  async begin(kind: string, queue: string): Promise<void> {
    const { store, jobs } = this.parts;
    await store.write(async (transaction) => {
      await jobs.add(transaction, repeatedJob({ queue, kind }, await transaction.now()));
    });
  }

  claim(queue: string): Promise<readonly ClaimedJob[]> {
    return this.jobs.claim(queue, { limit: 1, duration: LEASE });
  }
}

/** A target in a folder. */
export function openFolder(name: string, directory: string): Promise<StorageTarget> {
  return openLocalTarget({ name, directory, random: systemRandom, clock: systemClock });
}

/** Flips one bit of a file of a target in a folder, behind its back. */
export function flipBit(directory: string, key: string): void {
  const path = join(directory, "files", key);
  const content = readFileSync(path);
  const middle = Math.floor(content.length / 2);
  content.writeUInt8(content.readUInt8(middle) ^ 1, middle);
  writeFileSync(path, content);
}
