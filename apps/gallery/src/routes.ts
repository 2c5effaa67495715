import { Hono } from "hono";
import type { Live, LiveComponent } from "gatehouse/live";
import type { Services } from "gatehouse";
import type { Html, Renderable } from "gatehouse/html";
import type { Inbound, StaticFiles } from "gatehouse/http";
import { deny, problems, type AnyAction } from "gatehouse/kernel";
import { eventListPage, eventPage, joinPage } from "./event-page.ts";
import { findEvent, listEvents, type GalleryEvent } from "./events.ts";
import type { Frame } from "./frame.ts";
import { GUEST } from "./guest.ts";

/** What the pages are made from. */
export interface RouteParts {
  readonly services: Pick<Services, "edge" | "store" | "oneTimeLinks">;
  readonly live: Live;
  readonly frame: Frame;
  readonly assets: StaticFiles;
  readonly join: AnyAction;
  readonly guestbook: LiveComponent<{ eventId: string }>;
  readonly like: LiveComponent<{ eventId: string }>;
}

/** The gallery's pages. */
export function createRoutes(parts: RouteParts): Hono {
  const { services, live, frame } = parts;
  const { edge, store, oneTimeLinks } = services;
  const app = new Hono();
  const show = async (inbound: Inbound, content: { title: string; body: Renderable }): Promise<Response> =>
    edge.page(inbound, await frame(inbound, { ...content, head: live.head(inbound) }));

  app.get("/", async (context) => {
    const inbound = edge.of(context);
    const events = await store.read((transaction) => listEvents(transaction, inbound.tenant));
    const [only] = events;
    if (only !== undefined && events.length === 1) return edge.redirect(inbound, `/events/${only.slug}`);
    return show(inbound, { title: "Gallery", body: eventListPage(events) });
  });

  app.get("/events/:slug", async (context) => {
    const inbound = edge.of(context);
    const slug = context.req.param("slug");
    const event = await store.read((transaction) => findEvent(transaction, inbound.tenant, slug));
    if (event === undefined) return edge.refuse(inbound, deny(problems.NOT_FOUND));
    return show(inbound, { title: event.title, body: await eventBody(parts, inbound, event) });
  });

  app.get("/join/:token", async (context) => {
    const inbound = edge.of(context);
    const body = joinPage({ action: inbound.url.pathname, csrfToken: edge.csrfToken(inbound) });
    return show(inbound, { title: "You are invited", body });
  });
  app.post(
    "/join/:token",
    async (context, next) => {
      const inbound = edge.of(context);
      const entered = await oneTimeLinks.entered(inbound, { token: context.req.param("token") ?? "", purpose: GUEST });
      return entered ? edge.redirect(inbound, "/") : next();
    },
    edge.action(parts.join, {
      input: (_value, _inbound, { token }) => ({ token }),
      render: (_success, inbound) => edge.redirect(inbound, "/"),
    }),
  );
  app.get("/gallery/assets/*", (context) => {
    const inbound = edge.of(context);
    return parts.assets.answer(inbound) ?? edge.refuse(inbound, deny(problems.NOT_FOUND));
  });
  return app;
}

async function eventBody({ live, like, guestbook }: RouteParts, inbound: Inbound, event: GalleryEvent): Promise<Html> {
  const props = { eventId: event.id };
  return eventPage(event, {
    like: await live.mount(like, { instance: event.slug, props, inbound }),
    guestbook: await live.mount(guestbook, { instance: event.slug, props, inbound }),
  });
}
