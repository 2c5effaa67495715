import { html, type Html } from "../html/html.ts";
import type { Inbound } from "./inbound.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { Problem } from "../kernel/problem.ts";
import { problems } from "../kernel/problems.ts";
import { durationText } from "./duration-text.ts";

/** What an error page says. */
export interface ProblemPageContext {
  readonly requestId: string;
  readonly nonce: string;
  /** Path of the page it came from. */
  readonly back?: string;
}

/** What a person is told of a denial, without the page around it. */
export interface ProblemContent {
  readonly heading: string;
  readonly body: Html;
}

/** Puts what a denial says into a page of its own making. */
export type ProblemFrame = (content: ProblemContent) => Html;

/** A denial that a person is to see on a page. */
export interface ShownProblem {
  readonly inbound: Inbound;
  readonly denial: Denial;
  /** What is said of it, in English. */
  readonly content: ProblemContent;
  /** Path of the page it came from. */
  readonly back: string | undefined;
}

/** Makes the pages of denials that no other page frames; `undefined`: they are the server's own. */
export type ProblemPages = (shown: ShownProblem) => Html | undefined;

/** What a person is told of a denial, for a page around it. */
export function problemContent(denial: Denial, requestId: string): ProblemContent {
  const { problem } = denial;
  const explanation = denial.detail !== undefined && denial.detail !== problem.message ? denial.detail : undefined;
  // Where it is known what is missing, talk of addresses would only hide it.
  const isMissing = problem === problems.NOT_FOUND && explanation !== undefined;
  // What explains a ban says how long it lasts.
  const waiting =
    denial.retryAfter === undefined || problem === problems.SOURCE_BANNED ? undefined : durationText(denial.retryAfter);
  return {
    heading: isMissing ? "Not available" : headingFor(problem),
    body: html`${isMissing ? undefined : html`<p>${problem.message}</p>`}
    ${explanation === undefined ? undefined : html`<p>${explanation}</p>`}
    ${waiting === undefined ? undefined : html`<p>Please try again in ${waiting}.</p>`}
    <p class="quiet">Error ${problem.status} · ${problem.code} · request ${requestId}</p>`,
  };
}

/** The page a person sees when something was refused or failed. Self-contained: it needs no other resource. */
export function problemPage(denial: Denial, { requestId, nonce, back }: ProblemPageContext): Html {
  const { heading, body } = problemContent(denial, requestId);
  const onward = html`${back === undefined ? undefined : html`<p><a href="${back}">Back to where you were</a></p>`}
    <p><a href="/">Back to the start page</a></p>`;
  return plainPage({ heading, nonce, body: html`${body} ${onward}` });
}

/** A page that needs no other resource: for what people see between pages of an application. */
export function plainPage({
  heading,
  body,
  nonce,
  language = "en",
}: ProblemContent & Pick<ProblemPageContext, "nonce"> & { readonly language?: string }): Html {
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        <title>${heading}</title>
        ${styles(nonce)}
      </head>
      <body>
        <main>
          <h1>${heading}</h1>
          ${body}
        </main>
      </body>
    </html>`;
}

function headingFor(problem: Problem): string {
  if (problem === problems.SOURCE_BANNED) return "Blocked for a while";
  const { status } = problem;
  switch (status) {
    case 401:
      return "Please sign in";
    case 403:
      return "This is not allowed";
    case 404:
      return "Page not found";
    case 409:
      return "Something changed in the meantime";
    case 429:
      return "That was too fast";
    case 503:
      return "Temporarily unavailable";
    default:
      return status >= 500 ? "Something went wrong" : "This request was refused";
  }
}

function styles(nonce: string): Html {
  return html`<style nonce="${nonce}">
    :root {
      color-scheme: light dark;
      --text: #1c1b22;
      --quiet: #57545f;
      --ground: #faf9fb;
      --accent: #4338ca;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --text: #f2f0f5;
        --quiet: #b6b2bf;
        --ground: #17161b;
        --accent: #a5b4fc;
      }
    }
    body {
      margin: 0;
      background: var(--ground);
      color: var(--text);
      font:
        1rem/1.6 system-ui,
        sans-serif;
    }
    main {
      max-width: 34rem;
      margin: 0 auto;
      padding: 15vh 1.5rem 2rem;
    }
    h1 {
      font-size: 1.75rem;
      line-height: 1.25;
      margin: 0 0 1rem;
    }
    p {
      margin: 0 0 1rem;
    }
    .quiet {
      color: var(--quiet);
      font-size: 0.875rem;
      overflow-wrap: anywhere;
    }
    a {
      color: var(--accent);
      text-underline-offset: 0.2em;
    }
  </style>`;
}
