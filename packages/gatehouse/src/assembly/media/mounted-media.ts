import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../../console/operator.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Config } from "../../kernel/config.ts";
import type { MediaGrants } from "../../kernel/ports/media-grants.ts";
import { systemTimers } from "../../kernel/timers.ts";
import { mediaEvents } from "../../media/events.ts";
import { createMediaDesk } from "../../media/desk.ts";
import { createPictures } from "../../media/images/pictures.ts";
import { createMediaOperations } from "../../media/operations.ts";
import { createAnnouncements, type Announcements } from "../../media/pipeline/announcements.ts";
import { createDeletion } from "../../media/pipeline/deletion.ts";
import { createMediaIntake, MEDIA_QUEUE } from "../../media/pipeline/intake.ts";
import { createProcessing, type ProcessingParts } from "../../media/pipeline/processing.ts";
import { createRescan } from "../../media/pipeline/rescan.ts";
import { createSettlements } from "../../media/pipeline/settlement.ts";
import { startMediaWatch } from "../../media/pipeline/watch.ts";
import type { Scanner } from "../../media/scan/scanner.ts";
import { pauseAfter } from "../../store/backoff.ts";
import { openResumableFiles } from "../../store/files/resumable-files.ts";
import { createMediaAssets } from "../../store/sql/media/media-assets.ts";
import type { ApplicationParts, Ports, Services } from "../application.ts";
import { startJobWorkers } from "../job-workers.ts";
import { openMediaAddresses } from "./delivery.ts";
import { GrantSources } from "./media-grants.ts";
import type { MediaServices } from "./media-services.ts";
import { createTakeOver } from "../../media/take-over.ts";
import { openScanner } from "./scanner.ts";
import { openStorage } from "./storage.ts";

/** Media with all that is mounted. */
export interface MountedMedia {
  readonly services: MediaServices;
  readonly actions: readonly AnyAction[];
  /** Lets another source of grants be asked. */
  readonly addGrants: (source: MediaGrants) => void;
  /** Begins to process files, once the gate is there. What is started joins `stack` and ends with it. */
  readonly start: (parts: ApplicationParts, stack: AsyncDisposableStack) => Promise<void>;
  /** Says that nothing scans files, where that is so: once the server has started. */
  readonly warn: () => void;
}

/** What media are opened with. */
export interface MediaOptions {
  readonly services: Ports;
  readonly report: (error: unknown) => void;
}

/** Opens what is configured for files that people bring. */
export async function openMedia({ services, report }: MediaOptions): Promise<MountedMedia> {
  const { config, clock, jobs } = services;
  const folder = join(config.dataDirectory, "media");
  const scanner = openScanner(config, clock);
  const assets = createMediaAssets();
  const grants = new GrantSources();
  const storage = await openStorage({ services, assets, report });
  const media: MediaServices = {
    ...{ assets, grants, scans: scanner !== undefined },
    desk: createMediaDesk({ assets, jobs, scanner }),
    intake: createMediaIntake({ assets, jobs }),
    quarantine: openResumableFiles(join(folder, "quarantine")),
    addresses: openMediaAddresses(services),
    target: storage.target,
  };
  const { noneReason: unscannedReason, infected } = config.media.scanner;
  const who = { operatorsOnly, entrances: OPERATOR_ENTRANCES };
  const operations = createMediaOperations({ ...services, ...media, ...who, scanner, unscannedReason });
  const takeOver = createTakeOver({ ...services, ...media, ...who, directory: config.media.takeOver.directory });
  return {
    services: media,
    actions: [...operations, ...takeOver, ...storage.actions, ...createSettlements({ assets, jobs, infected })],
    addGrants: (source) => grants.add(source),
    async start(parts, stack) {
      await storage.start(stack);
      await start({ services, media, scanner, folder, report }, parts, stack);
    },
    warn: () => (scanner === undefined ? announceOff(createAnnouncements(services), config) : undefined),
  };
}

interface Opened extends MediaOptions {
  readonly media: MediaServices;
  readonly scanner: Scanner | undefined;
  readonly folder: string;
}

/** The longest and the first pause between questions to a scanner that is away, in milliseconds. */
const LONGEST_PAUSE = 30_000;
const FIRST_PAUSE = 1000;

async function start(opened: Opened, parts: ApplicationParts, stack: AsyncDisposableStack): Promise<void> {
  const { services, media, scanner, report } = opened;
  const { config, random, store } = services;
  const announcements = createAnnouncements(services);
  const folder = nameWorkFolder(join(opened.folder, "work"), services);
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { pixels, frames, decodeTime: time, decodeMemory: memory, workers } = config.media.limits;
  const processing: ProcessingParts = {
    ...{ ...services, ...media, scanner, folder, announcements, limits: { pixels, frames } },
    pictures: stack.use(createPictures({ folder, pixels, time, memory, workers })),
    pauseAfter: (tries) => Math.round(pauseAfter(tries, { first: FIRST_PAUSE, limit: LONGEST_PAUSE, random })),
    moderates: parts.media?.moderates ?? (async () => false),
    rehearses: parts.media?.rehearses ?? (() => false),
  };
  const rescan = scanner === undefined ? [] : [createRescan({ ...services, ...media, scanner })];
  const handlers = [createProcessing(processing), createDeletion({ ...media, store }), ...rescan];
  const background = { ...services, store, timers: systemTimers, report };
  // An embedded store has one process: what another had in hands, it has no more.
  if (store.dialect === "sqlite") await store.write((transaction) => services.jobs.takeBack(transaction, MEDIA_QUEUE));
  stack.use(await startJobWorkers({ ...background, queue: MEDIA_QUEUE, handlers, concurrency: workers }));
  const { alertAfter } = config.media.scanner;
  stack.use(startMediaWatch({ ...background, ...media, scanner, announcements, alertAfter }));
}

function announceOff(announcements: Announcements, { media }: Config): void {
  const context = { reason: media.scanner.noneReason ?? "No clamd was found." };
  announcements.announce(mediaEvents.media_scanner_off, { action: "media.watch", context });
}

/** Milliseconds after which a folder is one that a server which was killed has left behind. */
const ABANDONED = 86_400_000;
const NAME_BYTES = 8;

/** Names a folder of this process alone, made when it is needed: servers of one PostgreSQL may share the volume. */
function nameWorkFolder(
  parent: string,
  { clock, random, store }: Pick<Services, "clock" | "random" | "store">,
): string {
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const path = join(parent, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (store.dialect === "sqlite" || clock.now() - changed > ABANDONED) rmSync(path, { recursive: true, force: true });
  }
  return join(parent, Buffer.from(random.bytes(NAME_BYTES)).toString("hex"));
}
