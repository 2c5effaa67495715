import type { Services } from "gatehouse";
import type { Html, Renderable } from "gatehouse/html";
import type { Inbound } from "gatehouse/http";
import { deny, problems, type Principal } from "gatehouse/kernel";
import type { Live } from "gatehouse/live";
import { closedPage } from "./events/event-page.ts";
import { findEvent, type GalleryEvent } from "./events/events.ts";
import { viewerOf, type Viewer, type ViewerParts } from "./events/viewer.ts";
import type { Frame } from "./frame.ts";
import { languages, texts, type Language } from "./language.ts";

/** What pages are shown with. */
export interface PagesParts {
  readonly services: Pick<Services, "edge" | "store">;
  readonly live: Live;
  readonly frame: Frame;
  readonly viewers: ViewerParts;
}

/** An event that a request is about, and what who asks may do there. */
export interface AskedEvent {
  readonly inbound: Inbound;
  readonly language: Language;
  readonly principal: Principal;
  readonly event: GalleryEvent;
  readonly viewer: Viewer;
}

/** Shows pages of the gallery, in the language of whoever asks. */
export class Pages {
  readonly #parts: PagesParts;

  constructor(parts: PagesParts) {
    this.#parts = parts;
  }

  /** A page in the frame that all share. */
  async show(inbound: Inbound, content: { readonly title: string; readonly body: Renderable }): Promise<Response> {
    const { frame, live } = this.#parts;
    return this.answer(inbound, await frame(inbound, { ...content, head: live.head(inbound) }));
  }

  /** A page that has a frame of its own. */
  answer(inbound: Inbound, page: Html): Response {
    const language = languages.of(inbound);
    const headers = { "content-language": language, vary: "accept-language, cookie" };
    const response = this.#parts.services.edge.page(inbound, page, { headers });
    if (languages.chosenOn(inbound) === language) {
      response.headers.append("set-cookie", languages.remember(inbound, language));
    }
    return response;
  }

  /** The answer about an event, for who may look at it; `closed` for all others, and where there is none. */
  async forEvent(
    inbound: Inbound,
    slug: string,
    answer: (asked: AskedEvent) => Response | Promise<Response>,
  ): Promise<Response> {
    const { services, viewers } = this.#parts;
    const principal = await services.edge.sessions.principal(inbound);
    const asked = await services.store.read(async (transaction) => {
      const event = await findEvent(transaction, inbound.tenant, slug);
      return event && { event, viewer: await viewerOf(transaction, viewers, { principal, event }) };
    });
    return asked?.viewer.sees !== true
      ? this.closed(inbound)
      : answer({ ...asked, inbound, principal, language: languages.of(inbound) });
  }

  /** The answer about an event for its hosts; for others there is no such page. */
  forHost(
    inbound: Inbound,
    slug: string,
    answer: (asked: AskedEvent) => Response | Promise<Response>,
  ): Promise<Response> {
    return this.forEvent(inbound, slug, (asked) => (asked.viewer.isHost ? answer(asked) : this.closed(inbound)));
  }

  /** That there is no event for who asks: the same whether there is none at all, or one they were not invited to. */
  async closed(inbound: Inbound): Promise<Response> {
    const { services, frame, live } = this.#parts;
    const language = languages.of(inbound);
    const content = { title: texts[language].onlyInvited, body: closedPage(language), head: live.head(inbound) };
    const page = await frame(inbound, content);
    return services.edge.refuse(inbound, deny(problems.NOT_FOUND), { frame: () => page });
  }

  /** That there is no such page. */
  missing(inbound: Inbound): Response {
    return this.#parts.services.edge.refuse(inbound, deny(problems.NOT_FOUND));
  }
}
