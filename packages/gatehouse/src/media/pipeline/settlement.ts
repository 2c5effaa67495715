import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import { deny } from "../../kernel/outcome.ts";
import type { Jobs } from "../../kernel/ports/jobs.ts";
import type { AssetFindings, MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import { assetTarget, HELD, OPEN_STATES, variantKeys } from "../assets.ts";
import { mediaEvents } from "../events.ts";
import { PIPELINE } from "./announcements.ts";
import { addDeletion } from "./intake.ts";

/** What settling a file works with. */
export interface SettlementParts {
  readonly assets: MediaAssets;
  readonly jobs: Jobs;
  /** What becomes of files that hold malware: they stay in quarantine, out of everybody's reach, or are deleted. */
  readonly infected: "keep" | "delete";
}

const Id = z.string().regex(/^[0-9a-f]{32}$/);
const Job = z.strictObject({ id: z.string(), epoch: z.int() });
const Findings = z.custom<AssetFindings>((value) => typeof value === "object" && value !== null);
const Variant = z.strictObject({
  name: z.string(),
  key: z.string(),
  type: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  width: z.int().exactOptional(),
  height: z.int().exactOptional(),
});

/** Only the pipeline may, over the job entrance: no operator can call a file clean that no scanner has. */
const pipelineOnly: Authorise<unknown> = ({ principal }) =>
  principal.type === PIPELINE.type && principal.id === PIPELINE.id;
const SYSTEM = { entrances: ["job"], effects: "store", authorise: pipelineOnly, idempotency: false } as const;

/**
 * The ends of a file's way, each in one transaction with the end of its job: where that went to another worker, nothing
 * is changed. They are actions, because they change what people see.
 */
export function createSettlements(parts: SettlementParts): readonly AnyAction[] {
  const real = { name: "media.asset.condemn", event: mediaEvents.malicious_media_found };
  const rehearsal = { name: "media.asset.condemn-rehearsal", event: mediaEvents.media_rehearsal_blocked };
  return [
    ...[publish(parts), refuse(parts), condemn(parts, real), condemn(parts, rehearsal)],
    ...[withhold(parts), release(parts)],
  ];
}

function publish({ assets, jobs }: SettlementParts): AnyAction {
  return defineAction({
    ...SYSTEM,
    name: "media.asset.publish",
    input: z.strictObject({
      asset: Id,
      job: Job,
      findings: Findings,
      scannedBy: z.string().optional(),
      variants: z.array(Variant).min(1),
    }),
    audit: {
      event: mediaEvents.media_asset_published,
      target: ({ asset }) => assetTarget(asset),
      context: ({ findings: { type }, scannedBy }) => ({ type, scanned: scannedBy !== undefined, by: scannedBy }),
    },
    async run({ attempt, input: { asset: id, job, findings, scannedBy, variants }, transaction }) {
      if (!(await jobs.complete(transaction, job))) return lost();
      const step = { from: OPEN_STATES, to: "published", findings, quarantined: false } as const;
      if (!(await assets.change(transaction, id, scannedBy === undefined ? step : { ...step, scannedBy })))
        return lost();
      await assets.setVariants(transaction, id, variants);
      await addDeletion(jobs, transaction, { tenant: attempt.tenant, keys: [], quarantined: id, asset: id });
      return { asset: id };
    },
  });
}

function refuse({ assets, jobs }: SettlementParts): AnyAction {
  return defineAction({
    ...SYSTEM,
    name: "media.asset.refuse",
    input: z.strictObject({
      asset: Id,
      job: Job,
      findings: Findings,
      state: z.enum(["rejected", "unscannable", "suspicious"]),
      reason: z.string(),
    }),
    audit: {
      event: mediaEvents.media_asset_refused,
      target: ({ asset }) => assetTarget(asset),
      context: ({ state, reason }) => ({ state, reason }),
    },
    async run({ attempt, input: { asset: id, job, findings, state, reason }, transaction }) {
      if (!(await jobs.complete(transaction, job))) return lost();
      const gone = state === "rejected" ? ({ quarantined: false } as const) : {};
      const changed = await assets.change(transaction, id, { from: OPEN_STATES, to: state, reason, findings, ...gone });
      if (!changed) return lost();
      // A scanner's limits may be raised, and an operator may look at what is suspicious: those files stay.
      const quarantined = state === "rejected" ? { quarantined: id } : {};
      const keys = variantKeys({ tenant: attempt.tenant, id });
      await addDeletion(jobs, transaction, { tenant: attempt.tenant, keys, asset: id, ...quarantined });
      return { asset: id };
    },
  });
}

function condemn(
  { assets, jobs, infected }: SettlementParts,
  { name, event }: { readonly name: string; readonly event: EventDefinition },
): AnyAction {
  return defineAction({
    ...SYSTEM,
    name,
    input: z.strictObject({
      asset: Id,
      /** Absent for a file that was published already and looked at again. */
      job: Job.optional(),
      findings: Findings,
      signature: z.string(),
      by: z.string(),
    }),
    audit: {
      event,
      target: ({ asset }) => assetTarget(asset),
      context: ({ signature: malware, by, job }) => ({ malware, by, withdrawn: job === undefined }),
    },
    async run({ attempt, input: { asset: id, job, findings, signature, by }, transaction }) {
      if (job !== undefined && !(await jobs.complete(transaction, job))) return lost();
      const from = [...OPEN_STATES, "published"] as const;
      const keep = infected === "keep" ? {} : ({ quarantined: false } as const);
      const found = { ...findings, signature };
      const step = { from, to: "infected", reason: signature, findings: found, scannedBy: by, ...keep } as const;
      if (!(await assets.change(transaction, id, step))) return lost();
      await withdraw({ assets, jobs }, transaction, { tenant: attempt.tenant, id, deleted: infected === "delete" });
      return { asset: id };
    },
  });
}

/** A published file that can be scanned no more is not shown any longer, unless an operator has said that it may be. */
function withhold({ assets }: SettlementParts): AnyAction {
  return defineAction({
    ...SYSTEM,
    name: "media.asset.withhold",
    input: z.strictObject({ asset: Id, reason: z.string() }),
    audit: {
      event: mediaEvents.media_asset_withheld,
      target: ({ asset }) => assetTarget(asset),
      context: ({ reason }) => ({ reason }),
    },
    async run({ input: { asset: id }, transaction }) {
      const asset = await assets.find(transaction, id);
      if (asset?.state !== "published" || asset.reason === HELD.operator) return lost();
      await assets.change(transaction, id, { from: ["published"], to: "held", reason: HELD.unscannable });
      return { asset: id };
    },
  });
}

/** It is shown again once a scanner has found it clean. */
function release({ assets }: SettlementParts): AnyAction {
  return defineAction({
    ...SYSTEM,
    name: "media.asset.release",
    input: z.strictObject({ asset: Id, findings: Findings, scannedBy: z.string() }),
    audit: {
      event: mediaEvents.media_asset_published,
      target: ({ asset }) => assetTarget(asset),
      context: ({ findings: { type }, scannedBy }) => ({ type, scanned: true, by: scannedBy }),
    },
    async run({ input: { asset: id, findings, scannedBy }, transaction }) {
      const asset = await assets.find(transaction, id);
      if (asset?.state !== "held" || asset.reason !== HELD.unscannable) return lost();
      await assets.change(transaction, id, { from: ["held"], to: "published", findings, scannedBy });
      return { asset: id };
    },
  });
}

/** Takes all forms of an asset out of reach, at once, and deletes them at the storage target after. */
export async function withdraw(
  { assets, jobs }: Pick<SettlementParts, "assets" | "jobs">,
  transaction: WriteTransaction,
  { tenant, id, deleted }: { readonly tenant: string; readonly id: string; readonly deleted: boolean },
): Promise<void> {
  await assets.setVariants(transaction, id, []);
  const keys = variantKeys({ tenant, id });
  await addDeletion(jobs, transaction, { tenant, keys, asset: id, ...(deleted ? { quarantined: id } : {}) });
}

function lost() {
  return deny(problems.STATE_CONFLICT, { detail: "The file went on without this job." });
}
