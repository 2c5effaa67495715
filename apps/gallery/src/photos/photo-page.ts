import { html, type Html } from "gatehouse/html";
import { formatTime, texts, type Language } from "../language.ts";
import { altOf } from "./photo-grid.ts";
import type { ShownPhoto } from "./shown-photo.ts";

/** What the page of a photo shows. */
export interface PhotoPageParts {
  readonly slug: string;
  readonly photo: ShownPhoto;
  readonly language: Language;
  /** For hosts: what they can do about it, and say of it. */
  readonly forHosts: Html | undefined;
}

/** The page of one photo. */
export function photoPage({ slug, photo, language, forHosts }: PhotoPageParts): Html {
  const words = texts[language];
  const { view, original } = photo.forms;
  const shown = view ?? original;
  const picture = html`<img src="${view?.address}" width="${view?.width}" height="${view?.height}" alt="${altOf(photo, language)}" />`;
  const film = html`<video controls preload="metadata" src="${original?.address}"></video>`;
  return html`<main id="content" class="column wide" tabindex="-1">
    <p><a href="/events/${slug}#photo-${photo.id}">${words.backToPhotos}</a></p>
    <h1 class="visually-hidden">${altOf(photo, language)}</h1>
    <figure class="photo">
      ${shown === undefined ? html`<p class="empty">${words.noPicture}</p>` : photo.isVideo ? film : picture}
      <figcaption>
        ${photo.caption === undefined ? undefined : html`<p class="caption">${photo.caption}</p>`}
        ${formatTime(photo.receivedAt, language)}
      </figcaption>
    </figure>
    ${
      original === undefined
        ? undefined
        : html`<p class="actions">
            <a class="button quiet" href="${original.address}" download>${words.downloadOriginal}</a>
          </p>`
    }
    ${forHosts}
  </main>`;
}
