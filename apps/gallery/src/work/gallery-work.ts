import type { ApplicationParts, Services } from "gatehouse";
import { captionOrder } from "./caption-order.ts";
import { captionPlanner } from "./caption-planner.ts";
import { captionResource } from "./caption-resource.ts";
import { entryResource } from "./entry-resource.ts";
import { erasureOrder } from "./erasure-order.ts";
import { farewellEffect } from "./farewell.ts";
import { guestResource } from "./guest-resource.ts";
import { moderationOrder } from "./moderation-order.ts";
import type { OrderNews } from "./order-news.ts";
import { photoResource } from "./photo-resource.ts";

/** What agents may propose in the gallery, and work on. Operators review it. */
export function createGalleryWork(services: Services, news: OrderNews): NonNullable<ApplicationParts["work"]> {
  const { guests, media, ids } = services;
  const photos = photoResource({ media, ids, news });
  const captions = captionResource({ media, news });
  const entries = entryResource(news);
  const everything = { photos, captions, entries, guests: guestResource({ guests, media, news }) };
  const captioning = captionOrder({ media, photos, captions });
  return {
    planners: [captionPlanner({ media, type: captioning })],
    types: [
      moderationOrder({ media, photos }),
      captioning,
      erasureOrder({ ...everything, farewell: farewellEffect(services) }),
    ],
  };
}
