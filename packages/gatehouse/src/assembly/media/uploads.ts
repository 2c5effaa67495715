import { join } from "node:path";
import type { Hono } from "hono";
import type { AnyAction } from "../../kernel/action.ts";
import type { MediaGrants } from "../../kernel/ports/media-grants.ts";
import type { MediaIntake, ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { ResumableUploads } from "../../kernel/ports/resumable-uploads.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { createUploadActions, type UploadActionParts } from "../../media/upload/actions.ts";
import { createUploadExpiry } from "../../media/upload/expiry.ts";
import { formAction } from "../../media/upload/form.ts";
import { uploadRoutes } from "../../media/upload/routes.ts";
import { Transfers } from "../../media/upload/transfers.ts";
import { openResumableFiles } from "../../store/files/resumable-files.ts";
import { createResumableUploads } from "../../store/sql/media/resumable-uploads.ts";
import type { ApplicationParts, Services } from "../application.ts";
import type { Foundation } from "../services.ts";
import { createStrayUploadsJob } from "../stray-uploads.ts";

/** Uploads to collections, wired. */
export interface MountedUploads extends Disposable {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  /** The files in quarantine. */
  readonly files: ResumableFiles;
  readonly records: ResumableUploads;
  /** Ends what has expired, deletes what is nobody's. */
  readonly tidy: (signal: AbortSignal) => Promise<void>;
}

/** What uploads are wired with besides the services. */
export interface MountedUploadsParts {
  readonly grants: MediaGrants;
  readonly intake: MediaIntake;
  readonly report: (error: unknown) => void;
  /** Says that uploads were given up because their time had run out. */
  readonly expired: (uploads: number) => void;
  /** Says that there are more files that nobody knows of than before. */
  readonly found: (files: number) => void;
  readonly deleted: (files: number) => void;
}

/** Where files wait until they have been looked at, below the data directory. All servers of one store share it. */
const QUARANTINE = ["media", "quarantine"] as const;

/** Wires uploads to collections: their files in `<data>/media/quarantine`, their rows, actions and routes. */
function mountUploads(services: Services, parts: MountedUploadsParts): MountedUploads {
  const { config, store, clock, ids, random, edge, emergency } = services;
  const { report } = parts;
  const files = openResumableFiles(join(config.dataDirectory, ...QUARANTINE));
  const records = createResumableUploads();
  const transfer = {
    ...{ store, files, clock, report, uploads: records, timers: systemTimers },
    limits: config.media.uploads,
    writer: ids.next(),
  };
  const transfers = new Transfers(transfer);
  const given: UploadActionParts = { ...transfer, transfers, grants: parts.grants, intake: parts.intake, emergency };
  const actions = createUploadActions(given);
  const expire = createUploadExpiry({ store, files, uploads: records, expired: parts.expired });
  const strays = createStrayUploadsJob({
    ...services,
    note: "stray-media",
    uploads: { sink: files, records },
    found: parts.found,
    deleted: parts.deleted,
  });
  return {
    actions: [...actions.all, formAction],
    routes: uploadRoutes({ ...given, edge, actions, random, assets: services.media.assets }),
    files,
    records,
    async tidy(signal) {
      await expire(signal);
      await strays(signal);
    },
    [Symbol.dispose]: () => transfers[Symbol.dispose](),
  };
}

/** Uploads to collections, where the application has any. */
export function mountApplicationUploads(
  { services, systemEvents, report }: Foundation,
  { media }: ApplicationParts,
): MountedUploads | undefined {
  if (media === undefined) return undefined;
  const { mediaUploadsExpired: expired, uploadsUnknown: found, uploadsDeleted: deleted } = systemEvents;
  const { grants, intake } = services.media;
  return mountUploads(services, { intake, ...media, grants, report, expired, found, deleted });
}
