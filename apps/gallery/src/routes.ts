import { Hono } from "hono";
import type { Services } from "gatehouse";
import { html, type Html, type Renderable } from "gatehouse/html";
import type { Inbound, StaticFiles } from "gatehouse/http";
import { deny, problems, type AnyAction } from "gatehouse/kernel";
import type { Live, LiveComponent } from "gatehouse/live";
import { closedPage, eventListPage, eventPage, formPage, joinPage } from "./events/event-page.ts";
import { findEvent, listEventsOf, listOpenEvents, type GalleryEvent } from "./events/events.ts";
import { viewerOf, type Viewer } from "./events/viewer.ts";
import type { Frame } from "./frame.ts";
import { GUEST } from "./guest.ts";
import { languages, texts, type Language } from "./language.ts";

/** What the pages are made from. */
export interface RouteParts {
  readonly services: Pick<Services, "edge" | "store" | "oneTimeLinks">;
  readonly live: Live;
  readonly frame: Frame;
  readonly assets: StaticFiles;
  readonly join: AnyAction;
  readonly guestbook: LiveComponent<{ eventId: string; language: Language }>;
  readonly like: LiveComponent<{ eventId: string; language: Language }>;
  readonly eventForm: LiveComponent<{ eventId?: string | undefined; language: Language }>;
}

/** The gallery's pages. */
export function createRoutes(parts: RouteParts): Hono {
  return new GalleryPages(parts).routes();
}

class GalleryPages {
  readonly #parts: RouteParts;

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  routes(): Hono {
    const { services, assets } = this.#parts;
    const { edge } = services;
    const app = new Hono();
    app.get("/", (context) => this.#home(edge.of(context)));
    app.get("/events", (context) => this.#events(edge.of(context)));
    app.get("/events/new", (context) => this.#newEvent(edge.of(context)));
    app.get("/events/:slug", (context) =>
      this.#forEvent(edge.of(context), context.req.param("slug"), (asked) => this.#event(asked)),
    );
    app.get("/events/:slug/settings", (context) =>
      this.#forEvent(edge.of(context), context.req.param("slug"), (asked) => this.#settings(asked)),
    );
    app.route("/", this.#joining());
    app.get("/gallery/assets/*", (context) => {
      const inbound = edge.of(context);
      return assets.answer(inbound) ?? edge.refuse(inbound, deny(problems.NOT_FOUND));
    });
    return app;
  }

  #joining(): Hono {
    const { services, join } = this.#parts;
    const { edge, oneTimeLinks } = services;
    const app = new Hono();
    app.get("/join/:token", (context) => {
      const inbound = edge.of(context);
      const language = languages.of(inbound);
      const body = joinPage({ action: inbound.url.pathname, csrfToken: edge.csrfToken(inbound), language });
      return this.#show(inbound, { title: texts[language].invited, body });
    });
    app.post(
      "/join/:token",
      async (context, next) => {
        const inbound = edge.of(context);
        const entry = { token: context.req.param("token") ?? "", purpose: GUEST };
        return (await oneTimeLinks.entered(inbound, entry)) ? edge.redirect(inbound, "/") : next();
      },
      edge.action(join, {
        input: (_value, _inbound, { token }) => ({ token }),
        render: (_success, inbound) => edge.redirect(inbound, "/"),
      }),
    );
    return app;
  }

  /** The only event there is to see, or all of them. */
  async #home(inbound: Inbound): Promise<Response> {
    const events = await this.#listFor(inbound);
    const all = new Map([...events.own, ...events.open].map((event) => [event.id, event]));
    const [only] = all.values();
    const { edge } = this.#parts.services;
    return only !== undefined && all.size === 1
      ? edge.redirect(inbound, `/events/${only.slug}`)
      : this.#showEvents(inbound, events);
  }

  async #events(inbound: Inbound): Promise<Response> {
    return this.#showEvents(inbound, await this.#listFor(inbound));
  }

  #showEvents(inbound: Inbound, events: ListedEvents): Promise<Response> {
    const language = languages.of(inbound);
    return this.#show(inbound, { title: texts[language].events, body: eventListPage(events, language) });
  }

  async #listFor(inbound: Inbound): Promise<ListedEvents> {
    const { edge, store } = this.#parts.services;
    const { tenant } = inbound;
    const { type, id } = await edge.sessions.principal(inbound);
    return store.read(async (transaction) => {
      const own = type === "user" ? await listEventsOf(transaction, { tenant, account: id }) : [];
      const mine = new Set(own.map((event) => event.id));
      const open = await listOpenEvents(transaction, tenant);
      return { own, open: open.filter((event) => !mine.has(event.id)) };
    });
  }

  async #newEvent(inbound: Inbound): Promise<Response> {
    const { edge } = this.#parts.services;
    const { type } = await edge.sessions.principal(inbound);
    if (type !== "user") return edge.refuse(inbound, deny(problems.AUTHENTICATION_REQUIRED));
    const language = languages.of(inbound);
    const title = texts[language].newEvent;
    const form = await this.#mountForm(inbound, undefined);
    return this.#show(inbound, { title, body: formPage(title, form) });
  }

  async #settings({ inbound, event, viewer }: AskedEvent): Promise<Response> {
    if (!viewer.isHost) return this.#parts.services.edge.refuse(inbound, deny(problems.NOT_FOUND));
    const title = `${texts[languages.of(inbound)].eventSettings}: ${event.title}`;
    return this.#show(inbound, { title, body: formPage(title, await this.#mountForm(inbound, event.id)) });
  }

  #mountForm(inbound: Inbound, eventId: string | undefined): Promise<Html> {
    const { live, eventForm } = this.#parts;
    const props = { ...(eventId === undefined ? {} : { eventId }), language: languages.of(inbound) };
    return live.mount(eventForm, { instance: eventId ?? "new", props, inbound });
  }

  async #event({ inbound, event, viewer }: AskedEvent): Promise<Response> {
    const { live, like, guestbook } = this.#parts;
    const language = languages.of(inbound);
    if (!viewer.sees) {
      return this.#show(inbound, { title: texts[language].onlyInvited, body: closedPage(language) });
    }
    const mounted = { instance: event.slug, props: { eventId: event.id, language }, inbound };
    const body = eventPage(event, {
      language,
      like: await live.mount(like, mounted),
      photos: undefined,
      guestbook: await live.mount(guestbook, mounted),
      hostLinks: viewer.isHost ? hostLinks(event, language) : undefined,
    });
    return this.#show(inbound, { title: event.title, body });
  }

  async #forEvent(inbound: Inbound, slug: string, answer: (asked: AskedEvent) => Promise<Response>): Promise<Response> {
    const { edge, store } = this.#parts.services;
    const principal = await edge.sessions.principal(inbound);
    const asked = await store.read(async (transaction) => {
      const event = await findEvent(transaction, inbound.tenant, slug);
      return event === undefined ? undefined : { event, viewer: await viewerOf(transaction, principal, event) };
    });
    return asked === undefined ? edge.refuse(inbound, deny(problems.NOT_FOUND)) : answer({ ...asked, inbound });
  }

  async #show(inbound: Inbound, content: { title: string; body: Renderable }): Promise<Response> {
    const { services, frame, live } = this.#parts;
    const language = languages.of(inbound);
    const headers = { "content-language": language, vary: "accept-language, cookie" };
    const page = await frame(inbound, { ...content, head: live.head(inbound) });
    const response = services.edge.page(inbound, page, { headers });
    if (languages.chosenOn(inbound) === language) {
      response.headers.append("set-cookie", languages.remember(inbound, language));
    }
    return response;
  }
}

/** What somebody may look at. */
interface ListedEvents {
  readonly own: readonly GalleryEvent[];
  readonly open: readonly GalleryEvent[];
}

/** An event that a request is about, and what who asks may do there. */
interface AskedEvent {
  readonly inbound: Inbound;
  readonly event: GalleryEvent;
  readonly viewer: Viewer;
}

function hostLinks({ slug }: GalleryEvent, language: Language): Html {
  const words = texts[language];
  return html`<nav class="host-links" aria-label="${words.forHosts}">
    <a href="/events/${slug}/settings">${words.eventSettings}</a>
  </nav>`;
}
