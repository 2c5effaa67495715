import { html, type Html } from "gatehouse/html";
import type { ProblemContent, ProblemPages, ShownProblem, StaticFiles } from "gatehouse/http";
import type { Denial } from "gatehouse/kernel";
import { languages, texts, type Language } from "./language.ts";
import { page } from "./layout.ts";

/** Rooms of the server that are not the gallery's: they show their own pages. */
const OTHER_ROOMS = /^\/(?:console|oauth|account|sign-in)(?:\/|$)/;

/** Shows what was refused in the look of the gallery, in the language of whoever asks. */
export function createRefusalPages(assets: StaticFiles): ProblemPages {
  return (shown) => {
    const { inbound, back } = shown;
    if (OTHER_ROOMS.test(inbound.url.pathname)) return undefined;
    const language = languages.of(inbound);
    return refusalPage({ assets, language, back }, language === "en" ? shown.content : translated(shown, language));
  };
}

/** What such a page is made with. */
export interface RefusalPageParts {
  readonly assets: StaticFiles;
  readonly language: Language;
  /** Path of the page it came from. */
  readonly back?: string | undefined;
}

/** A page that says what was refused. */
export function refusalPage({ assets, language, back }: RefusalPageParts, content: ProblemContent): Html {
  return page({
    ...{ title: content.heading, language, address: undefined, head: "", looker: { kind: "stranger" } },
    stylesheet: assets.file("gallery.css").path,
    icon: assets.file("icon.svg").path,
    body: refusal(content, { language, back }),
  });
}

function refusal(
  { heading, body }: ProblemContent,
  { language, back }: Pick<RefusalPageParts, "language" | "back">,
): Html {
  const words = texts[language];
  return html`<main id="content" class="column" tabindex="-1">
    <div class="notice problem">
      <h1>${heading}</h1>
      ${body}
    </div>
    ${back === undefined ? undefined : html`<p><a href="${back}">${words.backToWhereYouWere}</a></p>`}
    <p><a href="/">${words.backToStart}</a></p>
  </main>`;
}

/** What registries say is English; here it is said by code, and by status where there are no words for that. */
function translated({ denial, inbound }: ShownProblem, language: Language): ProblemContent {
  const words = texts[language];
  const { problem, retryAfter } = denial;
  const { heading, told } = words.refusals[problem.code] ?? words.refusalsByStatus(problem.status);
  const body = html`<p>${told}</p>
    ${retryAfter === undefined ? undefined : html`<p>${words.againIn(waiting(retryAfter))}</p>`}
    <p>${words.problem} ${problem.status} · ${problem.code} · ${inbound.requestId}</p>`;
  return { heading, body };
}

/** A time to wait for: in whole minutes from two on. */
function waiting(seconds: Required<Denial>["retryAfter"]): {
  readonly count: number;
  readonly unit: "second" | "minute";
} {
  return seconds < 120
    ? { count: Math.ceil(seconds), unit: "second" }
    : { count: Math.ceil(seconds / 60), unit: "minute" };
}
