import { z } from "zod";
import { attemptAsWorker, type InternalAttemptParts } from "../../kernel/internal-attempt.ts";
import type { ClaimedJob, JobHandler, Jobs } from "../../kernel/ports/jobs.ts";
import type { AssetFindings, MediaAsset, MediaAssets, MediaVariant } from "../../kernel/ports/media-assets.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { assetTarget, HELD, OPEN_STATES } from "../assets.ts";
import { mediaEvents } from "../events.ts";
import type { Scanner } from "../scan/scanner.ts";
import { PIPELINE, type Announcements } from "./announcements.ts";
import { inspect, type Inspection } from "./inspection.ts";
import { addProcessing, PROCESS_PHOTO } from "./intake.ts";
import { judge, type Judgement, type MediaLimits } from "./judgement.ts";
import { makeVariants, UnmakableError, type VariantParts } from "./variants.ts";

/** What files are processed with. */
export interface ProcessingParts extends VariantParts, InternalAttemptParts {
  readonly store: Store;
  readonly assets: MediaAssets;
  readonly jobs: Jobs;
  /** `undefined` where files are published without having been scanned. */
  readonly scanner: Scanner | undefined;
  readonly limits: MediaLimits;
  readonly announcements: Announcements;
  /** Milliseconds to wait for a scanner after so many vain tries. */
  readonly pauseAfter: (tries: number) => number;
  /** Whether somebody has to look at the files of a collection before others see them. */
  readonly moderates: (
    transaction: ReadTransaction,
    collection: { readonly tenant: string; readonly collection: string },
  ) => Promise<boolean>;
  /** Whether a collection is one that monitors try out. */
  readonly rehearses: (collection: { readonly tenant: string; readonly collection: string }) => boolean;
}

const Payload = z.object({ asset: z.string(), tries: z.int().default(0) });

type Effect = (transaction: WriteTransaction) => Promise<void>;

/** Takes a file from quarantine to where it can be seen, or says why not. It can end anywhere and begin anew. */
export function createProcessing(parts: ProcessingParts): JobHandler {
  return {
    kind: PROCESS_PHOTO,
    async run(job, signal) {
      const { asset: id, tries } = Payload.parse(job.payload);
      const asset = await begin(parts, id);
      if (asset === undefined) return async () => undefined;
      return new Processing(parts, { job, asset, tries, signal }).run();
    },
    async dead(transaction, { tenant, payload }, reason) {
      const { asset: id } = Payload.parse(payload);
      const put = await parts.assets.change(transaction, id, { from: OPEN_STATES, to: "held", reason: HELD.failed });
      if (!put) return;
      const failure = {
        action: "media.process",
        tenant,
        target: assetTarget(id),
        failed: true,
        context: { reason },
      } as const;
      transaction.afterCommit(() => parts.announcements.announce(mediaEvents.media_processing_failed, failure));
    },
  };
}

/** The asset, if there is something left to do for it. */
function begin({ store, assets }: ProcessingParts, id: string): Promise<MediaAsset | undefined> {
  return store.write(async (transaction) => {
    const asset = await assets.find(transaction, id);
    if (asset === undefined || !asset.quarantined || !isWaiting(asset)) return undefined;
    await assets.change(transaction, id, { from: OPEN_STATES, to: "scanning", reason: asset.reason });
    return asset;
  });
}

function isWaiting({ state, reason }: MediaAsset): boolean {
  return state === "held" ? reason === HELD.scanner : OPEN_STATES.some((open) => open === state);
}

interface Task {
  readonly job: ClaimedJob;
  readonly asset: MediaAsset;
  readonly tries: number;
  readonly signal: AbortSignal;
}

class Processing {
  readonly #parts: ProcessingParts;
  readonly #task: Task;

  constructor(parts: ProcessingParts, task: Task) {
    this.#parts = parts;
    this.#task = task;
  }

  async run(): Promise<Effect | undefined> {
    const { scanner, limits } = this.#parts;
    const { asset, tries, signal } = this.#task;
    // Found out before the whole file is read. Old signatures are worth one look: malware they know is malware.
    const status = await scanner?.status();
    const vain = status?.state === "unavailable" || (status?.state === "outdated" && tries > 0);
    if (vain) return this.#wait(status.reason, asset.findings);
    const inspection = await this.#inspect();
    if (inspection === undefined)
      return this.#refuse("rejected", "lost: the received file is not there", asset.findings);
    signal.throwIfAborted();
    const judgement = judge(asset, inspection, limits);
    switch (judgement.kind) {
      case "wait":
        return this.#wait(judgement.reason, judgement.findings);
      case "refuse":
        return this.#refuse(judgement.state, judgement.reason, judgement.findings);
      case "condemn":
        return this.#settle(`media.asset.condemn${this.#parts.rehearses(asset) ? "-rehearsal" : ""}`, {
          ...{ signature: judgement.signature, by: judgement.by.text },
          findings: await this.#scanned(judgement.findings),
        });
      case "publish":
        return this.#publish(judgement);
    }
  }

  async #inspect(): Promise<Inspection | undefined> {
    const { quarantine, scanner } = this.#parts;
    const { asset, signal } = this.#task;
    const body = await quarantine.open(asset.id);
    return body === undefined ? undefined : inspect(body, { bytes: asset.bytes, scanner, signal });
  }

  async #publish(publishing: Extract<Judgement, { readonly kind: "publish" }>): Promise<Effect | undefined> {
    const { store, assets } = this.#parts;
    const { asset, signal } = this.#task;
    const findings = publishing.by === undefined ? publishing.findings : await this.#scanned(publishing.findings);
    const scannedBy = publishing.by === undefined ? {} : { scannedBy: publishing.by.text };
    const clean = { from: ["scanning"], to: "clean", findings, ...scannedBy } as const;
    await store.write((transaction) => assets.change(transaction, asset.id, clean));
    let variants: readonly MediaVariant[];
    try {
      variants = await makeVariants(this.#parts, { asset, publishing, signal });
    } catch (error) {
      if (!(error instanceof UnmakableError)) throw error;
      const reason = `${error.fault}: ${error.message}`;
      return this.#refuse(error.fault === "too-large" ? "rejected" : "suspicious", reason, findings);
    }
    if (await store.read((transaction) => this.#parts.moderates(transaction, asset))) {
      return this.#holdForModeration(findings, variants);
    }
    return this.#settle("media.asset.publish", { findings, variants, ...scannedBy });
  }

  #refuse(state: string, reason: string, findings: AssetFindings): Promise<undefined> {
    return this.#settle("media.asset.refuse", { state, reason, findings });
  }

  async #settle(action: string, more: object): Promise<undefined> {
    const { asset, job } = this.#task;
    const input = { asset: asset.id, job: { id: job.id, epoch: job.epoch }, ...more };
    await attemptAsWorker(this.#parts, PIPELINE, { action, tenant: asset.tenant, input });
  }

  async #scanned(findings: AssetFindings): Promise<AssetFindings> {
    return { ...findings, scannedAt: await this.#parts.store.write((transaction) => transaction.now()) };
  }

  /** Puts the file back until the scanner may have an answer. Waiting is no failure: it can go on for days. */
  #wait(why: string, findings: AssetFindings): Effect {
    const { assets, jobs, pauseAfter } = this.#parts;
    const { asset, tries } = this.#task;
    return async (transaction) => {
      const step = { from: OPEN_STATES, to: "held", reason: HELD.scanner, findings } as const;
      if (!(await assets.change(transaction, asset.id, step))) return;
      const runAt = (await transaction.now()) + pauseAfter(tries + 1);
      await addProcessing(jobs, transaction, { ...asset, tries: tries + 1, runAt });
      if (asset.reason !== HELD.scanner) this.#announceHeld(transaction, { reason: HELD.scanner, why });
    };
  }

  #holdForModeration(findings: AssetFindings, variants: readonly MediaVariant[]): Effect {
    const { assets } = this.#parts;
    const { asset } = this.#task;
    return async (transaction) => {
      const step = { from: OPEN_STATES, to: "held", reason: HELD.moderation, findings } as const;
      if (!(await assets.change(transaction, asset.id, step))) return;
      await assets.setVariants(transaction, asset.id, variants);
      this.#announceHeld(transaction, { reason: HELD.moderation });
    };
  }

  #announceHeld(transaction: WriteTransaction, context: Readonly<Record<string, string>>): void {
    const { asset } = this.#task;
    const held = { action: "media.process", tenant: asset.tenant, target: assetTarget(asset.id), context };
    transaction.afterCommit(() => this.#parts.announcements.announce(mediaEvents.media_asset_held, held));
  }
}
