import { html, type Html } from "gatehouse/html";
import type { GalleryEvent } from "../events/events.ts";
import { texts, type Language } from "../language.ts";
import { altOf } from "../photos/photo-grid.ts";
import type { ShownPhoto } from "../photos/shown-photo.ts";
import { LONGEST_ANNOUNCEMENT, LONGEST_NAME, MOST_PHOTOS } from "./wall.ts";

/** How wide the newest photo is shown, and the others. */
const LARGE = "(min-width: 60rem) 66vw, 100vw";
const SMALL = "(min-width: 60rem) 16vw, 30vw";

/** What the page of a wall is made from. */
export interface WallPageParts {
  readonly event: Pick<GalleryEvent, "id" | "slug" | "title">;
  readonly language: Language;
  readonly photos: readonly ShownPhoto[];
  readonly announcement: string | undefined;
  readonly mode: "filling" | "paused";
  readonly isHost: boolean;
  readonly csrfToken: string;
  readonly nonce: string;
  readonly files: {
    readonly style: string;
    readonly wallStyle: string;
    readonly script: string;
    readonly icon: string;
  };
}

/** A page that is nothing but the wall: for a projector, and for phones. Without scripts it loads itself again. */
export function wallPage(parts: WallPageParts): Html {
  const { event, language, photos, mode, files, csrfToken, nonce } = parts;
  const words = texts[language];
  const reload = html`<noscript><meta http-equiv="refresh" content="20" /></noscript>`;
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="csrf-token" content="${csrfToken}" />
        ${mode === "paused" ? undefined : reload}
        <title>${words.wall}: ${event.title}</title>
        <link rel="icon" type="image/svg+xml" href="${files.icon}" />
        <link rel="stylesheet" href="${files.style}" />
        <link rel="stylesheet" href="${files.wallStyle}" />
        <script type="module" nonce="${nonce}" src="${files.script}"></script>
      </head>
      <body class="wall-body">
        <main
          class="wall"
          data-wall="${event.id}"
          data-photos-at="/api/v1/gallery/events/${event.slug}/photos?limit=${MOST_PHOTOS}"
          data-texts="${JSON.stringify(scriptTexts(language))}"
        >
          <header class="wall-bar">
            <h1>${event.title}</h1>
            <p class="wall-here" data-here hidden></p>
            <p class="wall-status" role="status" data-status></p>
          </header>
          <p class="wall-announcement" aria-live="polite" data-announcement>${parts.announcement}</p>
          ${photoList(photos, language)} ${controls(parts)} ${people(language)}
          ${parts.isHost ? announceForm(parts) : undefined}
        </main>
      </body>
    </html>`;
}

/** What the script says, in the language of the page. Counted ones are asked for 1, and for others with `#` in their place. */
function scriptTexts(language: Language): Readonly<Record<string, string | readonly [one: string, many: string]>> {
  const words = texts[language];
  const counted = (word: (count: number) => string): readonly [string, string] => [
    word(1),
    word(COUNT).replace(String(COUNT), "#"),
  ];
  return {
    photo: words.photo,
    connecting: words.wallConnecting,
    live: words.wallLive,
    lost: words.wallLost,
    ended: words.wallEnded,
    refused: words.wallRefused,
    here: counted(words.wallHere),
    unnamed: counted(words.wallUnnamed),
    host: words.wallHost,
    pause: words.wallPause,
    resume: words.wallResume,
    waiting: counted(words.wallWaiting),
    announced: words.announced,
    introduced: words.wallIntroduced,
    failed: words.wallFailed,
  };
}

/** A number that no word has in it. */
const COUNT = 7;

function photoList(photos: readonly ShownPhoto[], language: Language): Html {
  return html`<p class="empty" data-empty ?hidden=${photos.length > 0}>${texts[language].wallEmpty}</p>
    <ul class="wall-photos" data-photos data-large="${LARGE}" data-small="${SMALL}">
      ${photos.map((photo, index) => tile(photo, { language, sizes: index === 0 ? LARGE : SMALL }))}
    </ul>`;
}

/** Whether a wall can show it: films have no picture to show. */
export function isOnWalls({ isVideo, forms }: ShownPhoto): boolean {
  return !isVideo && forms["view"] !== undefined;
}

interface TileParts {
  readonly language: Language;
  readonly sizes: string;
}

function tile(photo: ShownPhoto, { language, sizes }: TileParts): Html {
  const { view, thumb = view } = photo.forms;
  return html`<li data-photo="${photo.id}">
    <img
      src="${view?.address}"
      srcset="${thumb?.address} ${thumb?.width}w, ${view?.address} ${view?.width}w"
      sizes="${sizes}"
      width="${view?.width}"
      height="${view?.height}"
      alt="${altOf(photo, language)}"
    />
  </li>`;
}

/** Without scripts a link takes the place of the button: a page that reloads can be stopped. */
function controls({ event: { slug }, language, mode }: WallPageParts): Html {
  const words = texts[language];
  const address = `/events/${slug}/wall`;
  return html`<nav class="wall-controls" aria-label="${words.wall}">
    <button class="button" type="button" data-pause hidden>${words.wallPause}</button>
    <button class="button quiet" type="button" data-applaud hidden>
      <span aria-hidden="true">♥</span> ${words.wallApplaud}
    </button>
    <span class="wall-applause" aria-hidden="true" data-applause></span>
    <noscript>
      ${
        mode === "paused"
          ? html`<a class="button" href="${address}">${words.wallResume}</a>`
          : html`<a class="button" href="${address}?paused=yes">${words.wallPause}</a>`
      }
    </noscript>
    <a class="button quiet" href="/events/${slug}">${words.backToEvent}</a>
  </nav>`;
}

/** Who is here, which only the script knows. */
function people(language: Language): Html {
  const words = texts[language];
  return html`<details class="wall-people" data-people hidden>
    <summary>${words.wallWho}</summary>
    <ul data-names></ul>
    <form data-introduce>
      <div class="field">
        <label for="wall-name">${words.wallName}</label>
        <p class="hint" id="wall-name-hint">${words.wallNameHint}</p>
        <input id="wall-name" name="name" maxlength="${LONGEST_NAME}" autocomplete="nickname" aria-describedby="wall-name-hint" />
      </div>
      <button class="button quiet" type="submit">${words.wallShowName}</button>
      <p class="wall-said" role="status" data-said></p>
    </form>
  </details>`;
}

function announceForm({ event: { slug }, language, announcement, csrfToken }: WallPageParts): Html {
  const words = texts[language];
  return html`<form class="wall-announce card" method="post" action="/events/${slug}/wall/announcement" data-announce>
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <div class="field">
      <label for="announcement">${words.announcement}</label>
      <p class="hint" id="announcement-hint">${words.announcementHint}</p>
      <input
        id="announcement"
        name="text"
        value="${announcement}"
        maxlength="${LONGEST_ANNOUNCEMENT}"
        autocomplete="off"
        aria-describedby="announcement-hint"
      />
    </div>
    <button class="button" type="submit">${words.announce}</button>
    <p class="wall-said" role="status" data-said></p>
  </form>`;
}
