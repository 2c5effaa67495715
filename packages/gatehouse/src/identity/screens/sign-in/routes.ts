import { Hono, type Context } from "hono";
import { html } from "../../../html/html.ts";
import { readActionInput } from "../../../http/action-input.ts";
import type { Edge } from "../../../http/edge.ts";
import type { Inbound } from "../../../http/inbound.ts";
import type { AnyAction } from "../../../kernel/action.ts";
import { isDenial, type Denial, type Outcome } from "../../../kernel/outcome.ts";
import type { Store } from "../../../kernel/ports/store.ts";
import { problems } from "../../../kernel/problems.ts";
import type { Problem } from "../../../kernel/problem.ts";
import type { EngineRequest } from "../../engine/engine-call.ts";
import { accountProblems } from "../../problems.ts";
import { keepMark, marksOf } from "../browser-marks.ts";
import { depart } from "../departure.ts";
import type { Screen } from "../layout.ts";
import type { Pages } from "../pages.ts";
import { refusedOptions, textsOf, type Typed } from "../sent-form.ts";
import { screenTexts, type ScreenWords } from "../texts.ts";
import type { SignInActions } from "./actions.ts";
import { beginAgainAt } from "./begin-again.ts";
import type { SignInPage } from "./page.ts";
import { situate, type Proven, type SignInParts, type Situation, type VisitInput } from "./proof-action.ts";
import { refusalOf } from "./refusals.ts";
import { factsOf } from "./visit.ts";

/** What the routes are made from. */
export interface SignInRouteParts extends SignInParts {
  readonly edge: Edge;
  readonly store: Pick<Store, "read">;
  readonly pages: Pages;
  readonly page: SignInPage;
  readonly actions: SignInActions;
}

/** What a form has sent, and what came of it. */
interface Answered {
  readonly inbound: Inbound;
  readonly uid: string;
  readonly typed: Typed;
  readonly outcome: Outcome;
}

/** Where people sign in. */
export function createSignInRoutes(parts: SignInRouteParts): Hono {
  const { edge, pages, actions } = parts;
  const app = new Hono();
  app.get("/sign-in/:uid", (context) => show(parts, context));
  app.post("/sign-in/:uid/again", (context) => show(parts, context));
  for (const name of ["password", "passkey", "totp", "recovery", "enrol"] as const) {
    app.post(`/sign-in/:uid/${name}`, async (context) => {
      const answered = await attempt(parts, context, actions[name]);
      const { inbound, outcome } = answered;
      return outcome.ok ? advance(parts, inbound, outcome.value) : refuse(parts, answered, outcome);
    });
  }
  for (const name of ["consent", "abort"] as const) {
    app.post(`/sign-in/:uid/${name}`, async (context) => {
      const answered = await attempt(parts, context, actions[name]);
      const { inbound, outcome } = answered;
      if (!outcome.ok) return refuse(parts, answered, outcome);
      // The value of these two actions.
      const { location } = outcome.value as { readonly location: string };
      return depart(pages, inbound, { location, language: pages.languageFor(inbound) });
    });
  }
  app.post("/sign-in/:uid/passkey-options", async (context) => {
    const { inbound, outcome } = await attempt(parts, context, actions.passkeyOptions);
    return edge.respond(inbound, outcome);
  });
  return app;
}

async function attempt(parts: SignInRouteParts, context: Context, action: AnyAction): Promise<Answered> {
  const { edge } = parts;
  const inbound = edge.of(context);
  const uid = context.req.param("uid") ?? "";
  let typed: Typed = {};
  const outcome = await edge.receive(inbound, {
    action,
    read: async () => {
      const carried = await readActionInput(inbound);
      if (isDenial(carried)) return carried;
      typed = textsOf(carried.value);
      return { ...carried, value: inputOf(parts, inbound, { uid, typed }) };
    },
  });
  return { inbound, uid, typed, outcome };
}

async function show(parts: SignInRouteParts, context: Context): Promise<Response> {
  const { edge, actions, page, pages } = parts;
  const inbound = edge.of(context);
  const uid = context.req.param("uid") ?? "";
  const { session = "" } = await edge.sessions.principal(inbound);
  let typed: Typed = {};
  const read = async () => {
    const carried = inbound.method === "POST" ? await readActionInput(inbound) : { value: {} };
    if (isDenial(carried)) return carried;
    typed = textsOf(carried.value);
    return { ...carried, value: { ...inputOf(parts, inbound, { uid, typed }), session } };
  };
  const outcome = await edge.receive(inbound, { action: actions.show, read });
  if (!outcome.ok) return refuse(parts, { inbound, uid, typed, outcome }, outcome);
  // The value of this action.
  const situation = outcome.value as Situation;
  const again = inbound.url.searchParams.has("again");
  return pages.show(inbound, await page.of(inbound, situation, { again, typed }));
}

function advance({ pages, page }: SignInRouteParts, inbound: Inbound, value: unknown): Response {
  // The value of all actions that prove something.
  const { advance: next, visit } = value as Proven;
  if (next.kind !== "done") return pages.show(inbound, page.after(inbound, visit, next));
  const { codes, location, mark } = next;
  const language = pages.languageFor(inbound, visit.locales);
  const response =
    codes === undefined
      ? depart(pages, inbound, { location, language })
      : pages.show(inbound, page.after(inbound, visit, next));
  response.headers.append("set-cookie", keepMark(inbound, mark));
  return response;
}

/** Shows a refused form again with what was typed where that can be mended, and else says what became of it. */
async function refuse(parts: SignInRouteParts, { inbound, uid, typed }: Answered, denial: Denial): Promise<Response> {
  const { edge, pages, page } = parts;
  const language = pages.languageFor(inbound);
  const words = screenTexts[language];
  if (inbound.accepts !== "html") return edge.problem(inbound, denial);
  if (refusalOf(denial, typed, words) !== undefined) {
    const { session } = await edge.sessions.principal(inbound);
    const input = inputOf(parts, inbound, { uid, typed });
    const read: Store["read"] = (look) => parts.store.read(look);
    const situation = await situate(parts, input, { tenant: inbound.tenant, session, read });
    if (isDenial(situation)) return refuse(parts, { inbound, uid, typed, outcome: situation }, situation);
    const spoken = screenTexts[pages.languageFor(inbound, factsOf(situation.visit).locales)];
    const refusal = refusalOf(denial, typed, spoken);
    const screen = await page.of(inbound, situation, { typed, refusal });
    return pages.show(inbound, screen, refusedOptions(denial));
  }
  const isEnded = denial.problem === accountProblems.SIGN_IN_ENDED;
  const again = isEnded ? await beginAgainAt(parts, inbound, uid) : `/sign-in/${encodeURIComponent(uid)}`;
  return edge.problem(inbound, denial, () => pages.render(inbound, { language, ...endOf(denial, words, again) }));
}

/** What is said where nothing can be mended on the page. */
function endOf({ problem }: Denial, words: ScreenWords, again: string | undefined): Screen {
  const begin = again === undefined ? undefined : html`<p><a class="button" href="${again}">${words.goOn}</a></p>`;
  const reference = html`<p class="quiet">${words.requestReference(problem.code)}</p>`;
  const end = { refused: true, again: undefined } as const;
  if (problem === accountProblems.SIGN_IN_ENDED) {
    if (begin === undefined) return { ...end, title: words.ended, body: html`<p>${words.endedWhy}</p>` };
    return { ...end, title: words.overtaken, body: html`<p>${words.overtakenWhy}</p>${begin}` };
  }
  if (STALE.has(problem)) return { ...end, title: words.stale, body: html`<p>${words.staleWhy}</p>${begin}` };
  if (problem.status === 429)
    return { ...end, title: words.tooFast, body: html`<p>${words.tooFastWhy}</p>${reference}` };
  return { ...end, title: words.failed, body: html`<p>${words.failedWhy}</p>${reference}` };
}

const STALE: ReadonlySet<Problem> = new Set([problems.CSRF_TOKEN_INVALID, problems.SESSION_EXPIRED]);

function inputOf(
  { issuers }: SignInRouteParts,
  inbound: Inbound,
  { uid, typed }: { readonly uid: string; readonly typed: Typed },
): VisitInput {
  const { request, peer, tenant } = inbound;
  const url = new URL(`/sign-in/${encodeURIComponent(uid)}`, issuers.originOf(tenant));
  const engine: EngineRequest = { method: "GET", url, headers: request.headers, body: undefined, ip: peer.ip };
  const { recovery: code = typed["code"] ?? "", ...fields } = typed;
  return { ...fields, ...{ code, uid, request: engine, devices: marksOf(inbound) } };
}
