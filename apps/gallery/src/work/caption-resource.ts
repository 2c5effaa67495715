import type { ReadTransaction } from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import { defineResource, type WorkResource } from "gatehouse/work";
import { findCaption, setCaption, type Caption, type CaptionKey } from "../captions/captions.ts";
import { languages, type Language } from "../language.ts";
import { photosTopic } from "../photos/photo-grid.ts";
import type { OrderNews } from "./order-news.ts";

/** What captions are read and changed with. */
export interface CaptionResourceParts {
  readonly media: Pick<MediaServices, "assets">;
  readonly news: Pick<OrderNews, "topic">;
}

/** How orders name what is said of a photo in one language. */
export function captionId(photo: string, language: Language): string {
  return `${photo}.${language}`;
}

/** What is said of photos, each in one language. */
export function captionResource({ media: { assets }, news }: CaptionResourceParts): WorkResource<Caption> {
  return defineResource<Caption>({
    type: "caption",
    label: (id) => {
      const { photo, language } = keyOf("", id);
      return `caption of ${photo} (${language})`;
    },
    read: (transaction: ReadTransaction, { tenant, id }) => findCaption(transaction, keyOf(tenant, id)),
    async write(transaction, { tenant, id }, snapshot) {
      const key = keyOf(tenant, id);
      await setCaption(transaction, key, snapshot);
      const asset = await assets.find(transaction, key.photo);
      if (asset?.tenant !== tenant) return;
      transaction.afterCommit(() => news.topic(tenant, photosTopic(asset.collection)));
    },
  });
}

function keyOf(tenant: string, id: string): CaptionKey {
  const [photo = "", tag] = id.split(".");
  const language = languages.tags.find((known) => known === tag);
  if (language === undefined) throw new TypeError(`"${id}" names no caption.`);
  return { tenant, photo, language };
}
