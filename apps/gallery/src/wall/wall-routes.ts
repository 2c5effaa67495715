import { Hono } from "hono";
import type { Services } from "gatehouse";
import type { StaticFiles } from "gatehouse/http";
import type { AnyAction } from "gatehouse/kernel";
import type { MediaServices } from "gatehouse/media";
import type { StateResult } from "gatehouse/realtime";
import type { AskedEvent, Pages } from "../pages.ts";
import { listPhotos } from "../photos/shown-photo.ts";
import type { WallView } from "./wall-contract.ts";
import { isOnWalls, wallPage } from "./wall-page.ts";
import { MOST_PHOTOS } from "./wall.ts";

/** What the pages of walls are made from. */
export interface WallRouteParts {
  readonly services: Pick<Services, "edge" | "store" | "realtime">;
  readonly media: MediaServices;
  readonly pages: Pages;
  readonly assets: StaticFiles;
  readonly announce: AnyAction;
}

/** The wall of an event, for whoever may see its photos, and the form by which hosts have it say something. */
export function wallRoutes(parts: WallRouteParts): Hono {
  const { services, pages, announce } = parts;
  const { edge } = services;
  const app = new Hono();
  app.get("/events/:slug/wall", (context) =>
    pages.forEvent(edge.of(context), context.req.param("slug"), (asked) =>
      asked.viewer.scopes.has("view") ? show(parts, asked) : pages.closed(asked.inbound),
    ),
  );
  app.post(
    "/events/:slug/wall/announcement",
    edge.action(announce, {
      input: (value, _inbound, { slug }): object => Object.assign({}, value, { slug }),
      render: ({ value }, inbound) => {
        // The action's own answer.
        const { slug } = value as { readonly slug: string };
        return edge.redirect(inbound, `/events/${slug}/wall`);
      },
    }),
  );
  return app;
}

async function show(parts: WallRouteParts, asked: AskedEvent): Promise<Response> {
  const { services, media, pages, assets } = parts;
  const { inbound, event, language, principal, viewer } = asked;
  const photos = await services.store.read(async (transaction) => {
    const grant = await media.grants.of(transaction, { principal, collection: event.id });
    return grant?.scopes.has("view") === true
      ? listPhotos(transaction, media, { grant, language, limit: MOST_PHOTOS })
      : [];
  });
  const page = wallPage({
    ...{ event, language, isHost: viewer.isHost, nonce: inbound.nonce },
    photos: photos.filter(isOnWalls),
    announcement: await announcementAt(parts, asked),
    mode: inbound.url.searchParams.has("paused") ? "paused" : "filling",
    csrfToken: services.edge.csrfToken(inbound),
    files: {
      style: assets.file("gallery.css").path,
      wallStyle: assets.file("wall.css").path,
      script: assets.file("wall.js").path,
      icon: assets.file("icon.svg").path,
    },
  });
  return pages.answer(inbound, page);
}

async function announcementAt(
  { services }: WallRouteParts,
  { event, principal }: AskedEvent,
): Promise<string | undefined> {
  const outcome = await services.realtime.state({ tenant: event.tenant, type: "wall", key: [event.id] }, principal);
  if (!outcome.ok) return undefined;
  // What walls show of their state.
  const { announcement } = (outcome.value as StateResult).state as WallView;
  return announcement?.text;
}
