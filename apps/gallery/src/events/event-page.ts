import { html, type Html, type Renderable } from "gatehouse/html";
import { calendar, eveningHills, pin } from "../art.ts";
import { formatDate, texts, type Language } from "../language.ts";
import type { GalleryEvent } from "./events.ts";

/** What the page of an event is made of. */
export interface EventPageParts {
  readonly language: Language;
  readonly like: Renderable;
  readonly photos: Renderable;
  readonly guestbook: Renderable;
  /** Links of hosts to what they alone may do. */
  readonly hostLinks: Renderable;
}

/** The page of one event. */
export function eventPage(event: GalleryEvent, { language, like, photos, guestbook, hostLinks }: EventPageParts): Html {
  const words = texts[language];
  return html`<main id="content" tabindex="-1">
    ${cover(event, language)}
    <div class="column">
      ${hostLinks}
      <section aria-label="${words.likes}">${like}</section>
      ${photos}
      <section aria-label="${words.guestbook}">${guestbook}</section>
    </div>
  </main>`;
}

/** The page of an event for those who were not invited. */
export function closedPage(language: Language): Html {
  const words = texts[language];
  return html`<main id="content" class="column" tabindex="-1">
    <div class="card">
      <h1>${words.onlyInvited}</h1>
      <p>${words.onlyInvitedWhy}</p>
    </div>
  </main>`;
}

function cover(event: GalleryEvent, language: Language): Html {
  return html`<div class="cover">
    ${eveningHills}
    <div class="cover-text">
      <h1>${event.title}</h1>
      <p>${event.welcome}</p>
      <ul class="facts">
        <li>${calendar}<time datetime="${event.heldOn}">${formatDate(event.heldOn, language)}</time></li>
        <li>${pin}${event.place}</li>
      </ul>
    </div>
  </div>`;
}

/** The events somebody may look at. */
export interface ListedEvents {
  readonly own: readonly GalleryEvent[];
  /** Those open to everybody, one's own left out. */
  readonly open: readonly GalleryEvent[];
}

/** The events somebody may look at: one's own, and those open to everybody. */
export function eventListPage(events: ListedEvents, language: Language): Html {
  const words = texts[language];
  const empty = events.own.length === 0 && events.open.length === 0;
  return html`<main id="content" class="column" tabindex="-1">
    <h1>${words.events}</h1>
    <p>${words.welcomeStranger}</p>
    ${empty ? html`<p class="empty">${words.noEvents}</p>` : undefined}
    ${eventList(words.yourEvents, events.own, language)} ${eventList(words.openEvents, events.open, language)}
  </main>`;
}

function eventList(title: string, events: readonly GalleryEvent[], language: Language): Html | undefined {
  if (events.length === 0) return undefined;
  return html`<section>
    <h2>${title}</h2>
    <ul class="event-list">
      ${events.map(
        (event) =>
          html`<li>
            <a class="card" href="/events/${event.slug}">
              <h3>${event.title}</h3>
              <p>${formatDate(event.heldOn, language)}, ${event.place}</p>
            </a>
          </li>`,
      )}
    </ul>
  </section>`;
}

/** A page around one form of hosts. */
export function formPage(title: string, form: Renderable): Html {
  return html`<main id="content" class="column" tabindex="-1">
    <h1>${title}</h1>
    ${form}
  </main>`;
}

/** The page behind an invitation: entering is a click, so that previews of links let nobody in. */
export function joinPage(parts: {
  readonly action: string;
  readonly csrfToken: string;
  readonly language: Language;
  readonly explanation: string;
}): Html {
  const words = texts[parts.language];
  return html`<main id="content" class="column" tabindex="-1">
    <div class="card">
      <h1>${words.invited}</h1>
      <p>${parts.explanation}</p>
      <form method="post" action="${parts.action}">
        <input type="hidden" name="_csrf_token" value="${parts.csrfToken}" />
        <button class="button" type="submit">${words.comeIn}</button>
      </form>
    </div>
  </main>`;
}

/** The page that shows a refused form to browsers without scripts. */
export function refusedPage(parts: {
  readonly content: Renderable;
  readonly back: string;
  readonly language: Language;
}): Html {
  const words = texts[parts.language];
  return html`<main id="content" class="column" tabindex="-1">
    <div class="notice problem">
      <h1>${words.checkForm}</h1>
      <p>${words.nothingSaved} <a href="${parts.back}">${words.backToEvent}</a></p>
    </div>
    ${parts.content}
  </main>`;
}
