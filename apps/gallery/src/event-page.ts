import { html, type Html, type Renderable } from "gatehouse/html";
import { calendar, eveningHills, pin } from "./art.ts";
import type { GalleryEvent } from "./events.ts";

const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

/** The page of one event. */
export function eventPage(
  event: GalleryEvent,
  parts: { readonly like: Renderable; readonly guestbook: Renderable },
): Html {
  return html`<main id="content" tabindex="-1">
    <div class="cover">
      ${eveningHills}
      <div class="cover-text">
        <h1>${event.title}</h1>
        <p>${event.welcome}</p>
        <ul class="facts">
          <li>${calendar}<time datetime="${event.heldOn}">${formatDate(event.heldOn)}</time></li>
          <li>${pin}${event.place}</li>
        </ul>
      </div>
    </div>
    <div class="column">
      <section aria-label="Likes">${parts.like}</section>
      <section aria-label="Guestbook">${parts.guestbook}</section>
    </div>
  </main>`;
}

/** The events of a tenant. */
export function eventListPage(events: readonly GalleryEvent[]): Html {
  return html`<main id="content" class="column" tabindex="-1">
    <h1>Events</h1>
    ${
      events.length === 0
        ? html`<p class="empty">There are no events yet.</p>`
        : html`<ul class="event-list">
            ${events.map(
              ({ slug, title, place, heldOn }) =>
                html`<li>
                  <a class="card" href="/events/${slug}">
                    <h2>${title}</h2>
                    <p>${formatDate(heldOn)}, ${place}</p>
                  </a>
                </li>`,
            )}
          </ul>`
    }
  </main>`;
}

/** The page behind a guest's one-time link: entering is a click, so that link previews do not use it up. */
export function joinPage(parts: { readonly action: string; readonly csrfToken: string }): Html {
  return html`<main id="content" class="column" tabindex="-1">
    <div class="card">
      <h1>You are invited</h1>
      <p>This link lets you in once, on this device.</p>
      <form method="post" action="${parts.action}">
        <input type="hidden" name="_csrf_token" value="${parts.csrfToken}" />
        <button class="button" type="submit">Come in</button>
      </form>
    </div>
  </main>`;
}

/** The page that shows a refused form to browsers without scripts. */
export function refusedPage(parts: { readonly content: Renderable; readonly back: string }): Html {
  return html`<main id="content" class="column" tabindex="-1">
    <div class="notice problem">
      <h1>Please check what you entered</h1>
      <p>Nothing has been saved yet. <a href="${parts.back}">Back to the event</a></p>
    </div>
    ${parts.content}
  </main>`;
}

function formatDate(isoDate: string): string {
  return DATE.format(new Date(`${isoDate}T00:00:00Z`));
}
