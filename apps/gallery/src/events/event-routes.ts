import { Hono } from "hono";
import type { Services } from "gatehouse";
import { html, type Html } from "gatehouse/html";
import type { Inbound } from "gatehouse/http";
import { deny, problems } from "gatehouse/kernel";
import type { Live, LiveComponent } from "gatehouse/live";
import { languages, texts, type Language } from "../language.ts";
import type { AskedEvent, Pages } from "../pages.ts";
import { uploadForm } from "../photos/upload-form.ts";
import { eventListPage, eventPage, formPage, type ListedEvents } from "./event-page.ts";
import { listEventsOf, listOpenEvents } from "./events.ts";

/** What the pages of events are made from. */
export interface EventRouteParts {
  readonly services: Pick<Services, "edge" | "store">;
  readonly pages: Pages;
  readonly live: Live;
  readonly guestbook: LiveComponent<{ eventId: string; language: Language }>;
  readonly photos: LiveComponent<{ eventId: string; slug: string; language: Language }>;
  readonly like: LiveComponent<{ eventId: string; language: Language }>;
  readonly eventForm: LiveComponent<{ eventId?: string | undefined; language: Language }>;
}

/** Pages of events: which there are, one of them, and the forms by which hosts make and change them. */
export function eventRoutes(parts: EventRouteParts): Hono {
  const { services, pages } = parts;
  const { edge } = services;
  const app = new Hono();
  app.get("/", (context) => home(parts, edge.of(context)));
  app.get("/events", async (context) => {
    const inbound = edge.of(context);
    return showEvents(parts, inbound, await listFor(parts, inbound));
  });
  app.get("/events/new", (context) => newEvent(parts, edge.of(context)));
  app.get("/events/:slug", (context) =>
    pages.forEvent(edge.of(context), context.req.param("slug"), (asked) => showEvent(parts, asked)),
  );
  app.get("/events/:slug/settings", (context) =>
    pages.forHost(edge.of(context), context.req.param("slug"), (asked) => settings(parts, asked)),
  );
  return app;
}

/** The only event there is to see, or all of them. */
async function home(parts: EventRouteParts, inbound: Inbound): Promise<Response> {
  const events = await listFor(parts, inbound);
  const all = [...events.own, ...events.open];
  const [only] = all;
  return only !== undefined && all.length === 1
    ? parts.services.edge.redirect(inbound, `/events/${only.slug}`)
    : showEvents(parts, inbound, events);
}

function showEvents({ pages }: EventRouteParts, inbound: Inbound, events: ListedEvents): Promise<Response> {
  const language = languages.of(inbound);
  return pages.show(inbound, { title: texts[language].events, body: eventListPage(events, language) });
}

async function listFor({ services: { edge, store } }: EventRouteParts, inbound: Inbound): Promise<ListedEvents> {
  const { tenant } = inbound;
  const { type, id } = await edge.sessions.principal(inbound);
  return store.read(async (transaction) => {
    const own = type === "user" ? await listEventsOf(transaction, { tenant, account: id }) : [];
    const mine = new Set(own.map((event) => event.id));
    const open = await listOpenEvents(transaction, tenant);
    return { own, open: open.filter((event) => !mine.has(event.id)) };
  });
}

async function newEvent(parts: EventRouteParts, inbound: Inbound): Promise<Response> {
  const { services, pages } = parts;
  const { type } = await services.edge.sessions.principal(inbound);
  if (type !== "user") return services.edge.refuse(inbound, deny(problems.AUTHENTICATION_REQUIRED));
  const title = texts[languages.of(inbound)].newEvent;
  return pages.show(inbound, { title, body: formPage(title, await mountForm(parts, inbound, undefined)) });
}

async function settings(parts: EventRouteParts, { inbound, language, event }: AskedEvent): Promise<Response> {
  const title = `${texts[language].eventSettings}: ${event.title}`;
  return parts.pages.show(inbound, { title, body: formPage(title, await mountForm(parts, inbound, event.id)) });
}

function mountForm({ live, eventForm }: EventRouteParts, inbound: Inbound, eventId: string | undefined): Promise<Html> {
  const props = { ...(eventId === undefined ? {} : { eventId }), language: languages.of(inbound) };
  return live.mount(eventForm, { instance: eventId ?? "new", props, inbound });
}

async function showEvent(parts: EventRouteParts, asked: AskedEvent): Promise<Response> {
  const { pages, live, like, guestbook } = parts;
  const { inbound, language, event, viewer } = asked;
  const mounted = { instance: event.slug, props: { eventId: event.id, language }, inbound };
  const body = eventPage(event, {
    language,
    like: await live.mount(like, mounted),
    photos: await photoSection(parts, asked),
    guestbook: await live.mount(guestbook, mounted),
    hostLinks: viewer.isHost ? hostLinks(event.slug, language) : undefined,
  });
  return pages.show(inbound, { title: event.title, body });
}

/** The photos, for who was invited, and the form to add some, for who may. */
async function photoSection({ services, live, photos }: EventRouteParts, asked: AskedEvent): Promise<Html> {
  const { inbound, language, event, viewer } = asked;
  const words = texts[language];
  const { scopes } = viewer;
  const { id: eventId, slug } = event;
  const heading = html`<div class="section-head"><h2>${words.photos}</h2></div>`;
  if (scopes.size === 0) return html`<section>${heading}<p class="empty">${words.photosForGuests}</p></section>`;
  const csrfToken = services.edge.csrfToken(inbound);
  const form = scopes.has("upload") ? uploadForm({ eventId, language, csrfToken, nonce: inbound.nonce }) : undefined;
  const wall = scopes.has("view") ? html`<p><a href="/events/${slug}/wall">${words.wall}</a></p>` : undefined;
  return html`<section aria-label="${words.photos}">
    ${heading} ${wall} ${form}
    ${await live.mount(photos, { instance: slug, props: { eventId, slug, language }, inbound })}
  </section>`;
}

function hostLinks(slug: string, language: Language): Html {
  const words = texts[language];
  return html`<nav class="host-links" aria-label="${words.forHosts}">
    <a href="/events/${slug}/invitations">${words.invitations}</a>
    <a href="/events/${slug}/moderation">${words.moderation}</a>
    <a href="/events/${slug}/settings">${words.eventSettings}</a>
  </nav>`;
}
