import { deny, problems, type MediaAsset, type ReadTransaction } from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import { defineOrderType, type Finding, type OrderType, type WorkResource } from "gatehouse/work";
import { z } from "zod";
import { CaptionText, findCaptions, type Caption } from "../captions/captions.ts";
import { findEvent } from "../events/events.ts";
import { languages, type Language } from "../language.ts";
import { captionId } from "./caption-resource.ts";
import { PhotoId, PhotoIds, Slug } from "./order-input.ts";
import type { PhotoSnapshot } from "./photo-resource.ts";

/** What orders of captions are made with. */
export interface CaptionOrderParts {
  readonly media: Pick<MediaServices, "assets">;
  readonly photos: WorkResource<PhotoSnapshot>;
  readonly captions: WorkResource<Caption>;
}

/** Photos of one order. */
const MOST = 200;
const LanguageTag = z.enum(languages.tags);

const Input = z.strictObject({
  event: Slug,
  /** Default: those that lack words in one of the languages. */
  photos: PhotoIds.optional(),
  languages: z
    .array(LanguageTag)
    .min(1)
    .max(languages.tags.length)
    .default([...languages.tags]),
});
const Item = z.strictObject({
  photo: PhotoId,
  /** For the words: what was celebrated, where and when. */
  event: z.strictObject({ slug: Slug, title: z.string(), place: z.string(), heldOn: z.string() }),
  languages: z.array(LanguageTag).min(1),
  /** In pixels. */
  width: z.int().optional(),
  height: z.int().optional(),
});
const Result = z.strictObject({
  /** One for each language that was asked for. */
  captions: z
    .array(
      z.strictObject({
        language: LanguageTag,
        caption: CaptionText.min(1),
        /** What is seen, for whoever does not see it. */
        alt: CaptionText.min(1),
      }),
    )
    .min(1)
    .max(languages.tags.length),
});

/** The type of orders that give photos their words. */
export type CaptionOrder = OrderType<z.infer<typeof Input>, z.infer<typeof Item>, z.infer<typeof Result>>;

/** Photos get captions and alternative texts by somebody who has looked at each. */
export function captionOrder({ media: { assets }, photos, captions }: CaptionOrderParts): CaptionOrder {
  return defineOrderType({
    ...{ type: "gallery.caption-photos", version: 1, title: "Write captions and alternative texts", risk: "low" },
    description:
      "Look at each photo, and write a caption and an alternative text in each of the languages that are asked for.",
    input: Input,
    item: Item,
    result: Result,
    resources: [photos, captions],
    async items({ input, tenant, transaction }) {
      const event = await findEvent(transaction, tenant, input.event);
      if (event === undefined) return deny(problems.NOT_FOUND, { detail: `There is no event ${input.event}.` });
      const { slug, title, place, heldOn } = event;
      const wanted = await findCaptionable(assets, transaction, { ...input, tenant, event: event.id });
      return wanted.map(({ id, findings: { width, height } }) => ({
        key: id,
        input: {
          ...{ photo: id, event: { slug, title, place, heldOn }, languages: [...new Set(input.languages)] },
          ...(width === undefined || height === undefined ? {} : { width, height }),
        },
      }));
    },
    validate: ({ item: { input: asked }, result }) => findingsOf(asked.languages, result),
    async preview(space, { items }) {
      for (const { key, input: asked, result } of items) {
        // Nobody needs words for a photo that is not shown any more.
        if ((await space.read(photos, key))?.state !== "published") continue;
        for (const { language, caption, alt } of result.captions) {
          const id = captionId(asked.photo, language);
          const said = { caption, alt };
          const options = { sources: [key] };
          if ((await space.read(captions, id)) === undefined) await space.create(captions, id, said, options);
          else await space.update(captions, id, said, options);
        }
      }
    },
  });
}

interface Captionable {
  readonly tenant: string;
  readonly event: string;
  /** Default: those that lack words in one of the languages. */
  readonly photos?: readonly string[] | undefined;
  readonly languages: readonly Language[];
}

/** Photos of an event that are shown and are to have words, the newest first; as many as one order has. */
export async function findCaptionable(
  assets: MediaServices["assets"],
  transaction: ReadTransaction,
  { tenant, event, photos, languages: asked }: Captionable,
): Promise<readonly MediaAsset[]> {
  const found: MediaAsset[] = [];
  let after: Pick<MediaAsset, "receivedAt" | "id"> | undefined;
  for (;;) {
    const query = { tenant, collection: event, states: ["published"], limit: MOST } as const;
    const page = await assets.list(transaction, after === undefined ? query : { ...query, after });
    const pictures = page.filter(({ findings }) => findings.type?.startsWith("image/") === true);
    const ids = pictures.map(({ id }) => id);
    const wanted =
      photos === undefined ? await lackingWords(transaction, { tenant, languages: asked, ids }) : new Set(photos);
    found.push(...pictures.filter(({ id }) => wanted.has(id)));
    after = page.at(-1);
    if (found.length >= MOST || page.length < MOST) return found.slice(0, MOST);
  }
}

async function lackingWords(
  transaction: ReadTransaction,
  { tenant, languages: asked, ids }: Omit<Captionable, "event"> & { readonly ids: readonly string[] },
): Promise<ReadonlySet<string>> {
  const lacking = new Set<string>();
  for (const language of asked) {
    const said = await findCaptions(transaction, { tenant, language, photos: ids });
    for (const id of ids) if (!said.has(id)) lacking.add(id);
  }
  return lacking;
}

/** What no schema says: each language that was asked for has its words, once, and no other has. */
function findingsOf(asked: readonly string[], { captions }: z.infer<typeof Result>): readonly Finding[] {
  const written = captions.map(({ language }) => language);
  const missing = asked.filter((language) => !written.some((one) => one === language));
  const surplus = written.filter((language, index) => !asked.includes(language) || written.indexOf(language) < index);
  return [
    ...missing.map((language) => ({ code: "language_missing", message: `There are no words in ${language}.` })),
    ...surplus.map((language) => ({ code: "language_surplus", message: `Words in ${language} were not asked for.` })),
  ];
}
