import { html, type Html } from "../../html/html.ts";
import { REFUSED_URL, safeUrl, trustedUrl } from "../../html/url.ts";
import type { Inbound } from "../../http/inbound.ts";
import type { Pages } from "./pages.ts";
import { screenTexts } from "./texts.ts";
import type { Language } from "./language.ts";

/**
 * Leads on to another address from a page of its own. A redirect that answers a form would be stopped by browsers that
 * hold `form-action` against all it leads to (Chromium), at the latest where the application redirects once more.
 */
export function depart(
  pages: Pages,
  inbound: Inbound,
  { location, language }: { readonly location: string; readonly language: Language },
): Response {
  const words = screenTexts[language];
  const screen = {
    language,
    title: words.moment,
    lead: words.momentWhy,
    again: undefined,
    body: linkTo(location, words.goOn),
  };
  return pages.show(inbound, screen, { headers: { refresh: `0;url=${location}` } });
}

/** For where the browser waits for somebody to say so. */
function linkTo(location: string, text: string): Html | undefined {
  if (safeUrl(location) !== REFUSED_URL) return html`<a class="button" href="${location}">${text}</a>`;
  if (RUNNING.test(location)) return undefined;
  return html`<a class="button" href="${trustedUrl(location, "a program's own scheme, that its client registered")}">${text}</a>`;
}

/** Schemes that run or show what stands in the address itself. */
const RUNNING = /^\s*(?:javascript|data|vbscript|blob|file|about):/i;
