import { html, type Html } from "gatehouse/html";
import { texts, type Language } from "../language.ts";
import { LONGEST_CAPTION, type Caption } from "./captions.ts";

/** What the form is made from. */
export interface CaptionFormParts {
  readonly slug: string;
  readonly photo: string;
  readonly language: Language;
  readonly csrfToken: string;
  /** What is said now, in the language of the page. */
  readonly said: Partial<Caption>;
}

/** The form in which hosts say what is on a photo. */
export function captionForm({ slug, photo, language, csrfToken, said }: CaptionFormParts): Html {
  const words = texts[language];
  return html`<form class="card" method="post" action="/events/${slug}/photos/${photo}/caption">
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <input type="hidden" name="language" value="${language}" />
    <div class="field">
      <label for="caption">${words.caption}</label>
      <input id="caption" name="caption" value="${said.caption}" maxlength="${LONGEST_CAPTION}" autocomplete="off" />
    </div>
    <div class="field">
      <label for="alt">${words.altText}</label>
      <p class="hint" id="alt-hint">${words.altTextHint}</p>
      <input
        id="alt"
        name="alt"
        value="${said.alt}"
        maxlength="${LONGEST_CAPTION}"
        autocomplete="off"
        aria-describedby="alt-hint"
      />
    </div>
    <button class="button quiet" type="submit">${words.saveCaption}</button>
  </form>`;
}
