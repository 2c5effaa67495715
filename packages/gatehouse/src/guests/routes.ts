import { Hono, type Context } from "hono";
import { html, type Html } from "../html/html.ts";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import { plainPage, type ProblemContent, type ProblemFrame } from "../http/problem-page.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { GuestDoor } from "./door.ts";
import type { Joined } from "./exchange.ts";
import { guestLanguages, guestWords, type GuestLanguage } from "./words.ts";

/** What a join page is made with. */
export interface JoinPageContent {
  /** Where its form is sent to, by POST. */
  readonly action: string;
  /** The form's field `_csrf_token`. */
  readonly csrfToken: string;
  readonly language: GuestLanguage;
}

/** How an application has its guests come in. */
export interface JoinRouteOptions {
  /** Where guests go once they are in: a path of this server. */
  readonly landing: (joined: Joined, inbound: Inbound) => string | Promise<string>;
  /** The page with the form. Default: a plain one, in English or German. */
  readonly page?: (inbound: Inbound, content: JoinPageContent) => Html | Promise<Html>;
  /** Frames what is said of a refusal. Default: a plain page. */
  readonly refusal?: (inbound: Inbound) => ProblemFrame | Promise<ProblemFrame>;
}

/** Where join tokens lead. */
export const JOIN_PATH = "/join/";

/**
 * The pages behind QR codes. Looking at one changes nothing, since messengers look, too; coming in is a click. Nothing
 * that leads on from here names the token: guests are redirected, and no page is told where they came from.
 */
export function joinRoutes(edge: Edge, door: GuestDoor, options: JoinRouteOptions): Hono {
  const app = new Hono();
  app.get(`${JOIN_PATH}:token`, async (context) => {
    const inbound = edge.of(context);
    const text = textOf(context);
    if (!door.isPossible(text)) return refuse({ edge, options }, inbound, door.refuseMistyped(inbound));
    const joined = await door.entered(inbound, text);
    if (joined !== undefined) return quiet(edge.redirect(inbound, await options.landing(joined, inbound)));
    const language = guestLanguages.of(inbound);
    const content = { action: inbound.url.pathname, csrfToken: edge.csrfToken(inbound), language };
    const page = edge.page(inbound, await (options.page ?? plainJoinPage)(inbound, content));
    // Under `no-referrer` browsers do not say that the page's own form is its own.
    page.headers.set("referrer-policy", "strict-origin");
    return page;
  });
  app.post(`${JOIN_PATH}:token`, async (context) => {
    const inbound = edge.of(context);
    const text = textOf(context);
    if (!door.isPossible(text)) return refuse({ edge, options }, inbound, door.refuseMistyped(inbound));
    const entry = await door.enter(inbound, text);
    if (!entry.ok) return refuse({ edge, options }, inbound, entry);
    const answer =
      inbound.accepts === "html"
        ? edge.redirect(inbound, await options.landing(entry.value, inbound))
        : edge.respond(inbound, entry);
    answer.headers.append("set-cookie", door.mark(inbound, entry.value));
    return quiet(answer);
  });
  return app;
}

async function refuse(
  { edge, options }: { readonly edge: Edge; readonly options: JoinRouteOptions },
  inbound: Inbound,
  denial: Denial,
): Promise<Response> {
  const language = guestLanguages.of(inbound);
  const frame = (await options.refusal?.(inbound)) ?? plainFrame(inbound, language);
  return quiet(edge.problem(inbound, denial, (content) => frame(translated({ inbound, denial, language }, content))));
}

function plainFrame({ nonce }: Inbound, language: GuestLanguage): ProblemFrame {
  return (content) => plainPage({ ...content, nonce, language });
}

/** In the language of the join page; what there are no words for there is said as everywhere. */
function translated(
  {
    inbound,
    denial,
    language,
  }: { readonly inbound: Inbound; readonly denial: Denial; readonly language: GuestLanguage },
  content: ProblemContent,
): ProblemContent {
  const { refused, refusals } = guestWords(language);
  const { problem } = denial;
  const told = refusals[problem.code];
  if (told === undefined) return content;
  const body = html`<p>${told}</p>
    <p class="quiet">${problem.status} · ${problem.code} · ${inbound.requestId}</p>`;
  return { heading: refused, body };
}

/** An answer that tells no other page where its reader came from. */
function quiet(answer: Response): Response {
  answer.headers.set("referrer-policy", "no-referrer");
  return answer;
}

function textOf(context: Context): string {
  return context.req.param("token") ?? "";
}

function plainJoinPage({ nonce }: Inbound, { action, csrfToken, language }: JoinPageContent): Html {
  const { invited, explain, enter } = guestWords(language);
  const body = html`<p>${explain}</p>
    <form method="post" action="${action}">
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <button type="submit">${enter}</button>
    </form>`;
  return plainPage({ heading: invited, body, nonce, language });
}
