import { html, type Html, type Renderable } from "../../../../html/html.ts";
import type { Language } from "../../language.ts";
import { hiddenFields } from "../../layout.ts";
import type { PageWords } from "../refusals.ts";
import { OWN_PATHS } from "./paths.ts";
import type { OwnWords } from "./texts.ts";

/** What all pages of one's own account are made with. */
export interface OwnFrame {
  readonly language: Language;
  readonly said: OwnWords;
  /** What they share with the pages of those who cannot sign in. */
  readonly shared: PageWords;
  readonly csrfToken: string;
  /** Ties forms to the account as it is. */
  readonly mark: string;
  /** The script that makes passkeys. */
  readonly script: { readonly path: string; readonly nonce: string };
  readonly signOutPath: string;
}

/** A form of one's own account. */
export interface OwnForm {
  readonly action: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body: Renderable;
}

/** A form that changes the account it was made for. */
export function ownForm({ csrfToken, mark }: OwnFrame, { action, fields = {}, body }: OwnForm): Html {
  return html`<form method="post" action="${action}">
    ${hiddenFields({ _csrf_token: csrfToken, mark, ...fields })} ${body}
  </form>`;
}

/** A button that changes something at once; `named` says of what, to those who do not see where it stands. */
export function ownButton(
  frame: OwnFrame,
  { label, named, ...form }: Omit<OwnForm, "body"> & { readonly label: string; readonly named?: string },
): Html {
  const body = html`<button class="button second" type="submit" aria-label="${named}">${label}</button>`;
  return ownForm(frame, { ...form, body });
}

/** The way back to the overview. */
export function backToAccount({ said }: OwnFrame): Html {
  return html`<p class="links"><a href="${OWN_PATHS.overview}">${said.backToAccount}</a></p>`;
}

/** A time, as people write it. Whoever reads it may be anywhere, so that it says in which zone it is. */
export function timeOf(language: Language, at: number): Html {
  const date = new Date(at);
  const text = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
    ...{ day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit" },
    ...{ timeZone: "UTC", timeZoneName: "short" },
  }).format(date);
  return html`<time datetime="${date.toISOString()}">${text}</time>`;
}
