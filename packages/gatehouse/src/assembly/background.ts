import { createRecorder } from "../audit/recorder.ts";
import { createRetentionJob } from "../audit/retention.ts";
import { createPenalties } from "../guards/penalty.ts";
import { createKeyReminder } from "./key-reminder.ts";
import { createResealingJob } from "./identity/resealing.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { createStrayUploadsJob } from "./stray-uploads.ts";
import type { MountedUploads } from "./media/uploads.ts";
import type { MountedRealtime } from "./realtime/mounted-realtime.ts";
import type { Foundation } from "./services.ts";
import type { MountedWork } from "./work/mounted-work.ts";

const DAY = 86_400_000;

/** What has something to do besides answering, where the application has it. */
export interface Background {
  readonly uploads: MountedUploads | undefined;
  readonly realtime: MountedRealtime | undefined;
  readonly work: MountedWork | undefined;
}

/** Starts what goes on beside the answers; it ends with `stack`. */
export function startBackground(
  foundation: Foundation,
  stack: AsyncDisposableStack,
  { uploads, realtime, work }: Background,
): void {
  const { services, sessions, records, keyKeeper: keys, systemEvents, report } = foundation;
  const { config } = services;
  stack.use(createRecorder({ ...services, report }));
  stack.use(
    createPenalties({ ...services, settings: config.penalties, trustedCidrs: config.limits.trustedCidrs, report }),
  );
  const prune = createRetentionJob({ ...services, keep: config.audit.retentionDays * DAY });
  const { rotateAfter } = config.keys;
  const remind = createKeyReminder({ ...services, keys, rotateAfter, remind: systemEvents.keyRotationDue });
  const strays = createStrayUploadsJob({
    ...services,
    note: "stray-uploads",
    found: systemEvents.uploadsUnknown,
    deleted: systemEvents.uploadsDeleted,
  });
  const { identity } = services;
  const { artifacts, clients, grantRecord } = identity ?? {};
  const reseal = identity && createResealingJob({ ...services, ...identity, keys, signingKeys: identity.keys });
  const { guests } = foundation;
  const jobs = {
    strays,
    media: uploads?.tidy,
    prune,
    remind,
    reseal,
    joinTokens: guests,
    look: guests.alerts,
    realtime,
    work,
  };
  stack.use(startHousekeeping({ ...services, sessions, records, artifacts, clients, grantRecord, ...jobs, report }));
}
