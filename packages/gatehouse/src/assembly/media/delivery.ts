import { Hono } from "hono";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { createMediaAddresses, type MediaAddresses } from "../../media/addresses/media-addresses.ts";
import { createMediaDelivery } from "../../media/delivery/media-delivery.ts";
import { publishedMedia } from "../../media/delivery/published-media.ts";
import type { Services } from "../application.ts";

/** What signs the addresses of media, as configured; the measure `short-addresses` shortens them. */
export function openMediaAddresses({
  config,
  keyRing,
  clock,
  emergency,
}: Pick<Services, "config" | "keyRing" | "clock" | "emergency">): MediaAddresses {
  const { origin, window, originalWindow, shortWindow } = config.media.addresses;
  return createMediaAddresses({
    ...{ keyRing, clock, origin },
    windows: { pictures: window, originals: originalWindow, shortened: shortWindow },
    shortened: () => emergency.isOn("short-addresses"),
  });
}

/** Routes of media. The host that serves them, where they have one, answers nothing else. */
export function mediaRoutes({ config, edge, media, store, clock }: Services): Hono {
  const { origin, cache, retired } = config.media.addresses;
  const app = new Hono();
  if (origin !== undefined) {
    app.use("*", async (context, next) => {
      const inbound = edge.of(context);
      const isElsewhere = inbound.target === origin && !inbound.url.pathname.startsWith("/media/");
      return isElsewhere ? edge.refuse(inbound, deny(problems.NOT_FOUND)) : next();
    });
  }
  const { addresses, assets, grants, target: storage } = media;
  const published = publishedMedia(store, assets);
  app.route("/", createMediaDelivery({ edge, addresses, published, grants, storage, clock, cache, origin, retired }));
  return app;
}
