import { defineAction, deny, problems, type AnyAction } from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import { z } from "zod";
import { findEvent } from "../events/events.ts";
import { languages } from "../language.ts";
import type { OrderNews } from "../work/order-news.ts";
import { photosTopic } from "../photos/photo-grid.ts";
import { CaptionText, setCaption } from "./captions.ts";

/** A host says in their own words what is on a photo; empty fields take it back. */
export function createDescribeAction(
  { assets, grants }: Pick<MediaServices, "assets" | "grants">,
  news: Pick<OrderNews, "topic">,
): AnyAction {
  return defineAction({
    name: "gallery.describe",
    entrances: ["http"],
    effects: "store",
    input: z.object({
      slug: z.string().min(1).max(100),
      photo: z.string().regex(/^[0-9a-f]{32}$/),
      language: z.enum(languages.tags),
      caption: CaptionText.default(""),
      alt: CaptionText.default(""),
    }),
    // Whether they are a host of this event is asked where it is done.
    authorise: ({ principal }) => principal.type === "user",
    async run({ attempt: { tenant }, principal, input, transaction }) {
      const { slug, photo, language } = input;
      const event = await findEvent(transaction, tenant, slug);
      const grant = event && (await grants.of(transaction, { principal, collection: event.id }));
      const asset = await assets.find(transaction, photo);
      const isThere = asset?.tenant === tenant && asset.collection === event?.id && asset.state === "published";
      if (event === undefined || grant?.scopes.has("moderate") !== true || !isThere) return deny(problems.NOT_FOUND);
      const caption = input.caption.trim();
      const alt = input.alt.trim();
      await setCaption(transaction, { tenant, photo, language }, caption + alt === "" ? undefined : { caption, alt });
      transaction.afterCommit(() => news.topic(tenant, photosTopic(event.id)));
      return { slug, photo };
    },
  });
}
