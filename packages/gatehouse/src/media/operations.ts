import { z } from "zod";
import { defineAction, type ActionContext, type AnyAction, type Authorise } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { Jobs } from "../kernel/ports/jobs.ts";
import { ASSET_STATES, type MediaAsset, type MediaAssets } from "../kernel/ports/media-assets.ts";
import type { MediaGrants } from "../kernel/ports/media-grants.ts";
import type { ReadTransaction, Store } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { assetTarget, isBusy, isComplete, isWithheld } from "./assets.ts";
import { decide, type Decider } from "./decision.ts";
import type { MediaDesk } from "./desk.ts";
import { mediaEvents } from "./events.ts";
import { MEDIA_QUEUE, processAgain } from "./pipeline/intake.ts";
import { addRescan, addRescanOfCollection } from "./pipeline/rescan.ts";
import { waitingOf } from "./pipeline/watch.ts";
import { mediaProblems } from "./problems.ts";
import type { Scanner } from "./scan/scanner.ts";

/** What operators and hosts work with. */
export interface MediaOperationsParts {
  readonly assets: MediaAssets;
  readonly desk: MediaDesk;
  readonly jobs: Jobs;
  readonly grants: MediaGrants;
  readonly scanner: Scanner | undefined;
  /** Why there is none. */
  readonly unscannedReason: string | undefined;
  readonly operatorsOnly: Authorise<unknown>;
  readonly entrances: readonly Entrance[];
}

const MOST_LISTED = 200;
const MOST_DEAD = 20;
/** As it is, or with the dashes with which the audit trail names it. */
const AssetId = z
  .string()
  .max(40)
  .transform((text) => text.replaceAll("-", ""))
  .pipe(z.string().regex(/^[0-9a-f]{32}$/, "An asset is named by 32 hexadecimal digits."));
const Reason = z.string().trim().min(1).max(500);
/** `<received at>.<asset>` of the last one of the page before. */
const Cursor = z
  .string()
  .regex(/^\d{1,15}\.[0-9a-f]{32}$/)
  .transform((text) => {
    const [receivedAt = "", id = ""] = text.split(".");
    return { receivedAt: Number(receivedAt), id };
  });

/** Looking at files that were brought, and deciding about them: the same from the console, the command line and pages. */
export function createMediaOperations(parts: MediaOperationsParts): readonly AnyAction[] {
  const looks = [status(parts), list(parts), show(parts)];
  return [...looks, moderate(parts), remove(parts), rescan(parts), rescanAll(parts)];
}

function status({ assets, jobs, scanner, unscannedReason, operatorsOnly, entrances }: MediaOperationsParts): AnyAction {
  return defineAction({
    name: "media.status",
    entrances,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    async run({ now, transaction }) {
      const counts = await assets.counts(transaction);
      const { files, oldest } = waitingOf(counts);
      const age = oldest === undefined ? 0 : Math.max(0, now - oldest);
      const dead = (await jobs.dead(transaction, MEDIA_QUEUE, MOST_DEAD)).map(({ id, kind, reason, deadAt }) => ({
        ...{ id, kind, reason, deadAt },
      }));
      // Last, because a scanner that hangs lets this wait for seconds; the snapshot is not read any more then.
      const seen =
        scanner === undefined
          ? { state: "none" as const, reason: unscannedReason }
          : { name: scanner.name, ...(await scanner.status()) };
      return { scanner: seen, queue: { files, age }, counts, dead };
    },
  });
}

function list({ assets, operatorsOnly, entrances }: MediaOperationsParts): AnyAction {
  return defineAction({
    name: "media.assets.list",
    entrances,
    input: z.strictObject({
      collection: z.string().min(1).max(200).optional(),
      state: z.enum(ASSET_STATES).optional(),
      after: Cursor.optional(),
      limit: z.int().min(1).max(MOST_LISTED).default(50),
    }),
    effects: "none",
    authorise: operatorsOnly,
    async run({ attempt, input: { collection, state, after, limit }, transaction }) {
      const found = await assets.list(transaction, {
        ...{ tenant: attempt.tenant, limit: limit + 1 },
        ...(collection === undefined ? {} : { collection }),
        ...(state === undefined ? {} : { states: [state] }),
        ...(after === undefined ? {} : { after }),
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = found.length > limit && last !== undefined ? { next: `${last.receivedAt}.${last.id}` } : {};
      return { assets: page, ...next };
    },
  });
}

function show({ assets, operatorsOnly, entrances }: MediaOperationsParts): AnyAction {
  return defineAction({
    name: "media.assets.show",
    entrances,
    input: z.strictObject({ asset: AssetId }),
    effects: "none",
    authorise: operatorsOnly,
    async run({ attempt, input, transaction }) {
      const asset = await find(assets, transaction, { id: input.asset, tenant: attempt.tenant });
      if (asset === undefined) return unknown(input.asset);
      return { asset, variants: (await assets.variants(transaction, [asset.id])).get(asset.id) ?? [] };
    },
  });
}

const Decision = z.strictObject({
  asset: AssetId,
  decision: z.enum(["publish", "hide", "reject"]),
  reason: Reason.optional(),
});

function moderate(parts: MediaOperationsParts): AnyAction {
  const { assets, entrances } = parts;
  return defineAction({
    name: "media.asset.moderate",
    entrances,
    input: Decision,
    effects: "store",
    authorise: moderatorsOnly(parts),
    audit: {
      event: mediaEvents.media_asset_moderated,
      target: ({ asset }) => assetTarget(asset),
      context: ({ decision, reason }, { by }: { readonly by: Decider }) => ({ decision, reason, by }),
    },
    async run(context) {
      const { attempt, input, transaction } = context;
      const { asset: id, decision, reason = "" } = input;
      const asset = await find(assets, transaction, { id, tenant: attempt.tenant });
      if (asset === undefined) return unknown(id);
      if (isBusy(asset)) return busy();
      const by: Decider = (await isOperator(parts, context)) ? "operator" : "host";
      if (by === "host" && isWithheld(asset)) return deny(mediaProblems.MEDIA_WITHHELD);
      const denial = await decide(parts, transaction, { asset, decision, reason, by });
      return denial ?? { asset: id, state: (await assets.find(transaction, id))?.state, by };
    },
  });
}

function remove(parts: MediaOperationsParts): AnyAction {
  const { assets, desk, entrances } = parts;
  return defineAction({
    name: "media.asset.delete",
    entrances,
    input: z.strictObject({ asset: AssetId }),
    effects: "store",
    authorise: moderatorsOnly(parts),
    audit: {
      event: mediaEvents.media_asset_deleted,
      target: ({ asset }) => assetTarget(asset),
      context: (_input, { collection }: { readonly collection: string }) => ({ collection }),
    },
    async run(context) {
      const { attempt, input, transaction } = context;
      const { asset: id } = input;
      const asset = await find(assets, transaction, { id, tenant: attempt.tenant });
      if (asset === undefined) return unknown(id);
      if (isBusy(asset)) return busy();
      if (isWithheld(asset) && !(await isOperator(parts, context))) return deny(mediaProblems.MEDIA_WITHHELD);
      await desk.erase(transaction, asset);
      return { asset: id, collection: asset.collection };
    },
  });
}

function rescan(parts: MediaOperationsParts): AnyAction {
  const { assets, jobs, scanner, operatorsOnly, entrances } = parts;
  return defineAction({
    name: "media.asset.rescan",
    entrances,
    input: z.strictObject({ asset: AssetId }),
    effects: "store",
    authorise: operatorsOnly,
    audit: { event: mediaEvents.media_rescan_ordered, target: ({ asset }) => assetTarget(asset) },
    async run({ attempt, input: { asset: id }, transaction }) {
      const asset = await find(assets, transaction, { id, tenant: attempt.tenant });
      if (asset === undefined) return unknown(id);
      if (isBusy(asset)) return busy();
      if (isComplete(asset)) {
        if (scanner === undefined) return noScanner();
        await addRescan(jobs, transaction, { tenant: asset.tenant, asset: id });
      } else if (asset.quarantined) {
        await processAgain({ assets, jobs }, transaction, asset);
      } else return deny(mediaProblems.MEDIA_FILE_GONE);
      return { asset: id };
    },
  });
}

function rescanAll({ jobs, scanner, operatorsOnly, entrances }: MediaOperationsParts): AnyAction {
  return defineAction({
    name: "media.rescan-all",
    entrances,
    input: z.strictObject({ collection: z.string().trim().min(1).max(200) }),
    effects: "store",
    authorise: operatorsOnly,
    audit: { event: mediaEvents.media_rescan_ordered, target: ({ collection }) => collection },
    async run({ attempt: { tenant }, input: { collection }, transaction }) {
      if (scanner === undefined) return noScanner();
      await addRescanOfCollection(jobs, transaction, { tenant, collection });
      return { collection };
    },
  });
}

/** Operators, and whoever has the scope for the collection of the asset. */
function moderatorsOnly({
  assets,
  grants,
  operatorsOnly,
}: MediaOperationsParts): Authorise<{ readonly asset: string }> {
  return async (context) => {
    if ((await operatorsOnly(context)) === true) return true;
    const { principal, input, attempt, read } = context;
    return read(async (transaction) => {
      const asset = await find(assets, transaction, { id: input.asset, tenant: attempt.tenant });
      if (asset === undefined) return false;
      const grant = await grants.of(transaction, { principal, collection: asset.collection });
      return grant?.tenant === asset.tenant && grant.scopes.has("moderate");
    });
  };
}

/** Whether an operator attempts it: asked where it is done, as a host may attempt it too. */
async function isOperator(
  { operatorsOnly }: MediaOperationsParts,
  { principal, input, attempt, transaction }: ActionContext<unknown, "store">,
): Promise<boolean> {
  const read: Store["read"] = (work) => work(transaction);
  return (await operatorsOnly({ principal, input, attempt, read })) === true;
}

async function find(
  assets: MediaAssets,
  transaction: ReadTransaction,
  { id, tenant }: { readonly id: string; readonly tenant: string },
): Promise<MediaAsset | undefined> {
  const asset = await assets.find(transaction, id);
  return asset?.tenant === tenant ? asset : undefined;
}

function busy(): Denial {
  return deny(problems.STATE_CONFLICT, { detail: "The file is being looked at right now. Try again in a moment." });
}

function noScanner(): Denial {
  return deny(problems.STATE_CONFLICT, { detail: "There is no scanner." });
}

function unknown(id: string): Denial {
  return deny(problems.NOT_FOUND, { detail: `There is no asset ${id}.` });
}
