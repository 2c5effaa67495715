import { deny, problems, type AssetState, type MediaAsset } from "gatehouse/kernel";
import { isComplete, isWithheld, type MediaServices } from "gatehouse/media";
import { defineOrderType, type AnyOrderType, type WorkResource } from "gatehouse/work";
import { z } from "zod";
import { findEvent } from "../events/events.ts";
import { PhotoId, PhotoIds, Slug } from "./order-input.ts";
import type { PhotoSnapshot } from "./photo-resource.ts";

/** What orders of photos are made with. */
export interface ModerationParts {
  readonly media: Pick<MediaServices, "assets">;
  readonly photos: WorkResource<PhotoSnapshot>;
}

const MOST = 200;
const STATES = {
  held: ["held"],
  shown: ["published"],
  all: ["held", "published"],
} as const satisfies Record<string, readonly AssetState[]>;

const Item = z.strictObject({
  photo: PhotoId,
  event: z.strictObject({ slug: Slug, title: z.string() }),
  kind: z.enum(["photo", "video"]),
  state: z.enum(["held", "published"]),
  /** Media type. */
  type: z.string(),
  /** In pixels. */
  width: z.int().optional(),
  height: z.int().optional(),
});
const Result = z.strictObject({
  decision: z.enum(["publish", "hide", "refuse"]),
  /** What was found, each in a word or two: it is what the decision rests on. */
  findings: z.array(z.string().min(1).max(100)).min(1).max(20),
});

/** Photos are published, hidden or refused by what somebody found who has looked at each. */
export function moderationOrder({ media: { assets }, photos }: ModerationParts): AnyOrderType {
  return defineOrderType({
    ...{ type: "gallery.moderate-photos", version: 1, title: "Moderate photos" },
    description:
      "Look at each photo and say whether guests may see it: publish, hide (a host can still publish it), or refuse (it is deleted).",
    input: z.strictObject({
      event: Slug,
      /** Which of its photos: those that wait, those that are shown, or both. */
      which: z.enum(["held", "shown", "all"]).default("held"),
      photos: PhotoIds.optional(),
    }),
    item: Item,
    result: Result,
    resources: [photos],
    async items({ input, tenant, transaction }) {
      const event = await findEvent(transaction, tenant, input.event);
      if (event === undefined) return deny(problems.NOT_FOUND, { detail: `There is no event ${input.event}.` });
      const query = { tenant, collection: event.id, states: STATES[input.which], limit: MOST };
      const found = (await assets.list(transaction, query)).filter((asset) => isComplete(asset) && !isWithheld(asset));
      const wanted = input.photos === undefined ? found : found.filter(({ id }) => input.photos?.includes(id));
      return wanted.map((asset) => ({ key: asset.id, input: itemOf(asset, { slug: event.slug, title: event.title }) }));
    },
    async preview(space, { items }) {
      for (const { key, result } of items) {
        const photo = await space.read(photos, key);
        const to = photo && nextOf(photo, result.decision);
        if (to === undefined) continue;
        const reason = to === "rejected" ? result.findings.join(", ") : "";
        await space.update(photos, key, { state: to, reason }, { sources: [key] });
      }
    },
  });
}

/** Where a decision leads; `undefined` where it changes nothing, or others have decided meanwhile. */
function nextOf(
  { state, reason }: PhotoSnapshot,
  decision: z.infer<typeof Result>["decision"],
): AssetState | undefined {
  if (!isComplete({ state, reason }) || isWithheld({ state, reason })) return undefined;
  if (decision === "refuse") return "rejected";
  if (decision === "hide") return state === "published" ? "held" : undefined;
  return state === "held" ? "published" : undefined;
}

function itemOf(
  { id, state, findings }: MediaAsset,
  event: { readonly slug: string; readonly title: string },
): z.infer<typeof Item> {
  const { type = "application/octet-stream", width, height } = findings;
  return {
    ...{ photo: id, event, kind: type.startsWith("video/") ? "video" : "photo", type },
    state: state === "published" ? "published" : "held",
    ...(width === undefined || height === undefined ? {} : { width, height }),
  };
}
