import { html, type Html, type Renderable } from "../../html/html.ts";
import { trustedUrl } from "../../html/url.ts";
import { LANGUAGE_PARAMETER } from "../../http/language.ts";
import { languages, type Language } from "./language.ts";
import { screenTexts } from "./texts.ts";
import type { Theme } from "./theme.ts";

/** What a page says, without what all pages share. */
export interface Screen {
  readonly title: string;
  /** A sentence below the title. */
  readonly lead?: Renderable;
  /** What went wrong with what was sent, when it belongs to no single field. */
  readonly alert?: string | undefined;
  /** Whether something was refused; the title of the window says so. Default: whether there is an `alert`. */
  readonly refused?: boolean;
  readonly body: Renderable;
  /** For the head: scripts. */
  readonly head?: Renderable;
  /** How somebody who changes the language gets the same page again. Default: by opening its address, if it has one. */
  readonly again?: LanguageForm | undefined;
}

/** A form that shows the same page in another language. */
export interface LanguageForm {
  /** Default `get`. */
  readonly method?: "get" | "post";
  readonly action: string;
  /** What it sends along. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** What all pages share. */
export interface Frame {
  readonly language: Language;
  readonly theme: Theme;
  readonly stylesheet: string;
  readonly nonce: string;
}

const NAMES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

const MARK = html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
  <path
    d="M4 21V10a8 8 0 0 1 16 0v11h-4.500v-9a3.500 3.500 0 0 0-7 0v9z"
    fill="none"
    stroke="currentColor"
    stroke-width="1.800"
    stroke-linejoin="round"
  />
</svg>`;

/** A whole page. */
export function screenPage({ language, theme, stylesheet, nonce }: Frame, screen: Screen): Html {
  const words = screenTexts[language];
  const { title, lead, alert, refused = alert !== undefined, body, head, again } = screen;
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${refused ? words.errorTitle(title) : title} · ${theme.name}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${stylesheet}" />
        ${theme.style(nonce)} ${head}
      </head>
      <body>
        <a class="skip" href="#content">${words.skip}</a>
        <header><p class="brand">${markOf(theme)}<span>${theme.name}</span></p></header>
        <main id="content" tabindex="-1">
          <h1>${title}</h1>
          ${lead === undefined ? undefined : html`<p class="lead">${lead}</p>`}
          ${alert === undefined ? undefined : html`<p class="alert" role="alert">${alert}</p>`} ${body}
        </main>
        <footer>${languageForm(language, again)}</footer>
      </body>
    </html>`;
}

function markOf({ logo }: Theme): Html {
  return logo === undefined ? MARK : html`<img src="${trustedUrl(logo, "checked by createTheme")}" alt="" />`;
}

/** Each language is a button that names it in itself. */
function languageForm(current: Language, again: LanguageForm | undefined): Html | undefined {
  if (again === undefined) return undefined;
  const { method = "get", action, fields = {} } = again;
  const buttons = languages.tags.map(
    (language) =>
      html`<button
        type="submit"
        class="link"
        name="${LANGUAGE_PARAMETER}"
        value="${language}"
        lang="${language}"
        formaction="${method === "post" ? `${action}?${LANGUAGE_PARAMETER}=${language}` : undefined}"
        aria-current="${language === current ? "true" : undefined}"
      >
        ${NAMES[language]}
      </button>`,
  );
  return html`<form
    method="${method}"
    action="${action}"
    class="languages"
    aria-label="${screenTexts[current].language}"
  >
    ${hiddenFields(fields)} ${buttons}
  </form>`;
}

/** Fields that are sent along. */
export function hiddenFields(fields: Readonly<Record<string, string>>): Renderable {
  return Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`);
}
