import { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { Config } from "../../kernel/config.ts";
import { deny } from "../../kernel/outcome.ts";
import type { EmergencyMode } from "../../kernel/ports/emergency.ts";
import type { MediaAssets } from "../../kernel/ports/media-assets.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import {
  createMediaAddresses,
  type MediaAddresses,
  type MediaAddressParts,
} from "../../media/addresses/media-addresses.ts";
import { createMediaDelivery, type MediaDeliveryParts } from "../../media/delivery/routes.ts";
import { publishedMedia } from "../../media/delivery/published-media.ts";

/** What signs the addresses of media, as configured; the measure `short-addresses` shortens them. */
export function openMediaAddresses({ config, keyRing, clock, emergency }: AddressParts): MediaAddresses {
  const { origin, window, originalWindow, shortWindow } = config.media.addresses;
  return createMediaAddresses({
    ...{ keyRing, clock, origin },
    windows: { pictures: window, originals: originalWindow, shortened: shortWindow },
    shortened: () => emergency.isOn("short-addresses"),
  });
}

interface AddressParts extends Pick<MediaAddressParts, "keyRing" | "clock"> {
  readonly config: Config;
  readonly emergency: EmergencyMode;
}

/** What media are delivered with. */
export interface MediaRouteParts extends Pick<MediaDeliveryParts, "clock"> {
  readonly config: Config;
  readonly edge: Edge;
  readonly store: Store;
  readonly media: Pick<MediaDeliveryParts, "addresses" | "grants"> & {
    readonly assets: MediaAssets;
    readonly target: StorageTarget;
  };
}

/** Routes of media. The host that serves them, where they have one, answers nothing else. */
export function mediaRoutes({ config, edge, media, store, clock }: MediaRouteParts): Hono {
  const { origin, cache, retired } = config.media.addresses;
  const app = new Hono();
  if (origin !== undefined) {
    app.use("*", async (context, next) => {
      const inbound = edge.inbound(context.req.raw);
      const isElsewhere = inbound.target === origin && !inbound.url.pathname.startsWith("/media/");
      return isElsewhere ? edge.refuse(inbound, deny(problems.NOT_FOUND)) : next();
    });
  }
  const { addresses, assets, grants, target: storage } = media;
  const published = publishedMedia(store, assets);
  app.route("/", createMediaDelivery({ edge, addresses, published, grants, storage, clock, cache, origin, retired }));
  return app;
}
