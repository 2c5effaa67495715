import { z } from "zod";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Jobs } from "../../kernel/ports/jobs.ts";
import type { AssetCount, MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Timers } from "../../kernel/timers.ts";
import { HELD } from "../assets.ts";
import { mediaEvents } from "../events.ts";
import type { Scanner, ScannerStatus } from "../scan/scanner.ts";
import type { Announcements } from "./announcements.ts";
import { addRescan } from "./rescan.ts";

/** What the pipeline is watched with. */
export interface MediaWatchParts {
  readonly store: Store;
  readonly documents: Documents;
  readonly assets: MediaAssets;
  readonly jobs: Jobs;
  readonly scanner: Scanner | undefined;
  readonly announcements: Announcements;
  readonly timers: Timers;
  readonly report: (error: unknown) => void;
  /** Milliseconds that a file may wait before somebody is told. */
  readonly alertAfter: number;
}

/** The longest time between looks, in milliseconds. */
const LONGEST_INTERVAL = 30_000;
const NOTE = { kind: "media-watch", tenant: "-", id: "-" } as const;
const Note = z.object({ late: z.boolean(), version: z.string().optional(), away: z.boolean().default(false) });
type Note = z.infer<typeof Note>;
const ACTION = { action: "media.watch" } as const;

/**
 * Tells when files wait for too long, and once when they do not any more; and has recent files scanned again when the
 * scanner has other signatures or is back. Servers that share a store share the note of it: each thing is said once.
 */
export function startMediaWatch(parts: MediaWatchParts): AsyncDisposable {
  const { timers, alertAfter } = parts;
  const interval = Math.min(LONGEST_INTERVAL, Math.ceil(alertAfter / 2));
  let ended = false;
  let timer: Disposable | undefined;
  let looking = Promise.resolve();
  const again = (): void => {
    if (!ended) timer = timers.after(interval, start, "background");
  };
  const start = (): void => {
    looking = look(parts).catch(parts.report).then(again);
  };
  start();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      timer?.[Symbol.dispose]();
      await looking;
    },
  };
}

async function look(parts: MediaWatchParts): Promise<void> {
  const status = await parts.scanner?.status();
  await parts.store.write(async (transaction) => {
    const document = await parts.documents.get(transaction, NOTE);
    const note = document === undefined ? { late: false, away: false } : Note.parse(JSON.parse(document.body));
    const version = await noteVersion(parts, transaction, { note, status });
    const late = await noteQueue(parts, transaction, { note, status });
    const away = status !== undefined && status.state !== "ready";
    if (late === note.late && version === note.version && away === note.away) return;
    const body = JSON.stringify({ late, version, away });
    await parts.documents.put(transaction, NOTE, { expected: document?.version ?? 0, body });
  });
}

interface Looked {
  readonly note: Note;
  readonly status: ScannerStatus | undefined;
}

async function noteVersion(
  { jobs, announcements }: MediaWatchParts,
  transaction: WriteTransaction,
  { note, status }: Looked,
): Promise<string | undefined> {
  if (status?.state !== "ready") return note.version;
  const { text } = status.version;
  // While it was away, scanning again may have been given up.
  if (note.away || text !== note.version) await addRescan(jobs, transaction, { tenant: "-" });
  if (text === note.version) return text;
  const started = { ...ACTION, context: { from: note.version, to: text } };
  transaction.afterCommit(() => announcements.announce(mediaEvents.media_rescan_started, started));
  return text;
}

async function noteQueue(
  { assets, announcements, alertAfter }: MediaWatchParts,
  transaction: WriteTransaction,
  { note, status }: Looked,
): Promise<boolean> {
  const { files, oldest } = waitingOf(await assets.counts(transaction));
  const age = oldest === undefined ? 0 : (await transaction.now()) - oldest;
  const late = age >= alertAfter;
  if (late === note.late) return late;
  const context = { files, seconds: Math.floor(age / 1000), scanner: describe(status) };
  const event = late ? mediaEvents.media_queue_late : mediaEvents.media_queue_recovered;
  transaction.afterCommit(() => announcements.announce(event, { ...ACTION, context }));
  return late;
}

function describe(status: ScannerStatus | undefined): string {
  if (status === undefined) return "none";
  return status.state === "ready" ? "ready" : `${status.state}: ${status.reason}`;
}

/** How many files wait for the pipeline, and since when the first of them: not those that wait for a person. */
export function waitingOf(counts: readonly AssetCount[]): {
  readonly files: number;
  readonly oldest: number | undefined;
} {
  const waiting = counts.filter(
    ({ state, reason }) =>
      state === "received" ||
      state === "scanning" ||
      state === "clean" ||
      (state === "held" && reason === HELD.scanner),
  );
  const files = waiting.reduce((sum, { count }) => sum + count, 0);
  return { files, oldest: files === 0 ? undefined : Math.min(...waiting.map(({ oldest }) => oldest)) };
}
