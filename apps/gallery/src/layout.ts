import { html, type Html, type Renderable } from "gatehouse/html";
import { LANGUAGE_PARAMETER } from "gatehouse/http";
import { mark } from "./art.ts";
import { languages, texts, type Language } from "./language.ts";
import type { Words } from "./texts/en.ts";

/** Who is looking: a host with an account, an invited guest, or anybody. */
export type Looker =
  | { readonly kind: "host"; readonly name: string; readonly signOut: string; readonly csrfToken: string }
  | { readonly kind: "guest" }
  /** `signIn` is where hosts sign in, if they can. */
  | { readonly kind: "stranger"; readonly signIn?: string };

/** What every page of the gallery is framed with. */
export interface PageFrame {
  readonly title: string;
  readonly language: Language;
  /** Where the page is asked for in another language; `undefined` for what came of a form. */
  readonly address: string | undefined;
  /** The stylesheet's address. */
  readonly stylesheet: string;
  readonly icon: string;
  /** What the live runtime needs in the head: its script and the security token. */
  readonly head: Renderable;
  readonly looker: Looker;
  readonly body: Renderable;
}

const NAMES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

/** A whole page. */
export function page({ title, language, address, stylesheet, icon, head, looker, body }: PageFrame): Html {
  const words = texts[language];
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" type="image/svg+xml" href="${icon}" />
        <link rel="stylesheet" href="${stylesheet}" />
        ${head}
      </head>
      <body>
        <a class="skip" href="#content">${words.skip}</a>
        <header class="bar">
          <a class="brand" href="/">${mark}<span>${words.gallery}</span></a>
          <nav aria-label="${words.gallery}">
            <a href="/events">${words.events}</a>
            ${looker.kind === "host" ? html`<a href="/events/new">${words.newEvent}</a>` : undefined}
            <a href="/playground">${words.playground}</a>
          </nav>
          ${presence(looker, words)}
        </header>
        ${body}
        <footer>
          <p>${words.footer}</p>
          ${address === undefined ? undefined : languageForm(language, address)}
        </footer>
      </body>
    </html>`;
}

function presence(looker: Looker, words: Words): Html | undefined {
  switch (looker.kind) {
    case "host":
      return html`<form class="who" method="post" action="${looker.signOut}">
        <input type="hidden" name="_csrf_token" value="${looker.csrfToken}" />
        <span>${words.signedInAs(looker.name)}</span>
        <a href="/account">${words.account}</a>
        <button class="button quiet" type="submit">${words.signOut}</button>
      </form>`;
    case "guest":
      return html`<p class="who">${words.asGuest}</p>`;
    case "stranger":
      return looker.signIn === undefined
        ? undefined
        : html`<p class="who"><a href="${looker.signIn}" rel="nofollow">${words.signIn}</a></p>`;
  }
}

/** Each language is a button that names it in itself. */
function languageForm(current: Language, address: string): Html {
  return html`<form class="languages" action="${address}" aria-label="${texts[current].language}">
    ${languages.tags.map(
      (language) =>
        html`<button
          type="submit"
          name="${LANGUAGE_PARAMETER}"
          value="${language}"
          lang="${language}"
          aria-current="${language === current ? "true" : undefined}"
        >
          ${NAMES[language]}
        </button>`,
    )}
  </form>`;
}
