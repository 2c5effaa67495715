import { Hono } from "hono";
import type { GuestServices } from "gatehouse/guests";
import type { StaticFiles } from "gatehouse/http";
import type { AnyAction } from "gatehouse/kernel";
import { joinPage } from "./events/event-page.ts";
import { eventRoutes, type EventRouteParts } from "./events/event-routes.ts";
import { findEventById } from "./events/events.ts";
import type { Frame } from "./frame.ts";
import { invitationRoutes, type InvitationRouteParts } from "./invitations/invitation-routes.ts";
import { languages, texts } from "./language.ts";
import { apiRoutes } from "./api/api-routes.ts";
import type { ApiActions } from "./api/api-actions.ts";
import { photoRoutes, type PhotoRouteParts } from "./photos/photo-routes.ts";
import { refusalPage } from "./refusals.ts";
import { wallRoutes, type WallRouteParts } from "./wall/wall-routes.ts";
import { lookRoute } from "./work/look-route.ts";
import { oneTimeRoutes, type OneTimeParts } from "./welcome/one-time.ts";

/** What the pages are made from. */
export interface RouteParts
  extends EventRouteParts, InvitationRouteParts, OneTimeParts, PhotoRouteParts, WallRouteParts {
  readonly services: EventRouteParts["services"] &
    InvitationRouteParts["services"] &
    OneTimeParts["services"] &
    WallRouteParts["services"];
  readonly api: ApiActions;
  readonly guests: GuestServices;
  readonly frame: Frame;
  readonly assets: StaticFiles;
  readonly enter: AnyAction;
  readonly look: AnyAction;
}

/** The gallery's pages. */
export function createRoutes(parts: RouteParts): Hono {
  const { services, media, pages, assets, enter, look } = parts;
  const { edge } = services;
  const app = new Hono();
  app.route("/", eventRoutes(parts));
  app.route("/", invitationRoutes(parts));
  app.route("/", photoRoutes(parts));
  app.route("/", wallRoutes(parts));
  app.route("/", apiRoutes(services, parts.api));
  app.route("/", lookRoute(services, media, look));
  app.route("/", oneTimeRoutes(parts, enter, pages));
  app.route("/", joinRoutes(parts));
  app.get("/gallery/assets/*", (context) => {
    const inbound = edge.of(context);
    return assets.answer(inbound) ?? pages.missing(inbound);
  });
  return app;
}

/** The pages behind QR codes. */
function joinRoutes({ services, guests, live, frame, assets }: RouteParts): Hono {
  return guests.routes({
    async landing({ collection }, { tenant }) {
      const event = await services.store.read((transaction) => findEventById(transaction, tenant, collection));
      return event === undefined ? "/" : `/events/${event.slug}`;
    },
    refusal: (inbound) => (content) => refusalPage({ assets, language: languages.of(inbound) }, content),
    page(inbound, content) {
      const language = languages.of(inbound);
      const body = joinPage({ ...content, language, explanation: texts[language].comeInWhy });
      return frame(inbound, { title: texts[language].invited, head: live.head(inbound), body });
    },
  });
}
