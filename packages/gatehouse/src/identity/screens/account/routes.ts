import { Hono, type Context } from "hono";
import { html } from "../../../html/html.ts";
import { readActionInput } from "../../../http/action-input.ts";
import type { Edge } from "../../../http/edge.ts";
import type { Inbound } from "../../../http/inbound.ts";
import type { AnyAction } from "../../../kernel/action.ts";
import { isDenial, type Denial, type Outcome } from "../../../kernel/outcome.ts";
import { problems } from "../../../kernel/problems.ts";
import type { LinkPurpose } from "../../accounts/account-links.ts";
import { accountProblems } from "../../problems.ts";
import { keepMark } from "../browser-marks.ts";
import type { Language } from "../language.ts";
import type { Screen } from "../layout.ts";
import type { Pages } from "../pages.ts";
import { refusedOptions, textsOf, type Typed } from "../sent-form.ts";
import { screenTexts } from "../texts.ts";
import type { AccountActions, OpenedLink, PasswordReset } from "./actions.ts";
import { dropToken, keepToken, keptToken } from "./link-cookie.ts";
import { LINK_PAGES, LINK_PATHS, RECOVERY_PATH, REGISTRATION_PATH } from "./paths.ts";
import { refusalOf } from "./refusals.ts";
import {
  letterScreen,
  letterSentScreen,
  linkDoneScreen,
  linkOverScreen,
  linkScreen,
  type AccountFrame,
  type LetterWish,
} from "./screens.ts";
import { accountTexts } from "./texts.ts";
import { originatingSignIn, rememberSignIn, wayBack, type WayBackParts } from "./way-back.ts";

/** What the routes are made from. */
export interface AccountRouteParts extends WayBackParts {
  readonly edge: Edge;
  readonly pages: Pages;
  readonly actions: AccountActions;
}

const PURPOSES = ["join", "verify", "reset", "email"] as const;

/** Where people join, and get back in who have forgotten their password. */
export function createAccountRoutes(parts: AccountRouteParts): Hono {
  const { edge, actions } = parts;
  const { register, requestReset } = actions;
  const app = new Hono();
  if (register !== undefined) letterRoutes(app, parts, { wish: "register", path: REGISTRATION_PATH, action: register });
  letterRoutes(app, parts, { wish: "reset", path: RECOVERY_PATH, action: requestReset });
  for (const purpose of PURPOSES) {
    app.get(`${LINK_PATHS[purpose]}/:token`, (context) => takeToken(edge, context, purpose));
    app.get(LINK_PAGES[purpose], (context) => showLink(parts, edge.of(context), { purpose }));
    app.post(LINK_PAGES[purpose], (context) => useLink(parts, edge.of(context), purpose));
  }
  return app;
}

interface LetterRoute {
  readonly wish: LetterWish;
  readonly path: string;
  readonly action: AnyAction;
}

function letterRoutes(app: Hono, parts: AccountRouteParts, { wish, path, action }: LetterRoute): void {
  const { edge, pages } = parts;
  app.get(path, async (context) => {
    const inbound = edge.of(context);
    const { language, frame } = await frameOf(parts, inbound);
    const response = pages.show(inbound, { language, ...letterScreen(frame, wish, {}) });
    const uid = originatingSignIn(inbound);
    if (uid !== undefined) response.headers.append("set-cookie", rememberSignIn(inbound, uid));
    return response;
  });
  app.post(path, async (context) => {
    const inbound = edge.of(context);
    const { outcome, typed } = await attempt(parts, inbound, action);
    const { language, frame } = await frameOf(parts, inbound);
    if (outcome.ok) {
      return pages.show(inbound, { language, ...letterSentScreen(frame, wish, (typed["email"] ?? "").trim()) });
    }
    const refusal = refusalOf(outcome, typed, frame);
    if (refusal === undefined || inbound.accepts !== "html") return refuse(parts, inbound, { denial: outcome });
    return pages.show(inbound, { language, ...letterScreen(frame, wish, { typed, refusal }) }, refusedOptions(outcome));
  });
}

/** Takes the token out of the address, where histories, logs and `Referer` would have it, and leads to the page. */
function takeToken(edge: Edge, context: Context, purpose: LinkPurpose): Response {
  const inbound = edge.of(context);
  const response = edge.redirect(inbound, LINK_PAGES[purpose]);
  response.headers.set("referrer-policy", "no-referrer");
  response.headers.append("set-cookie", keepToken(inbound, purpose, context.req.param("token") ?? ""));
  return response;
}

interface LinkQuestion {
  readonly purpose: LinkPurpose;
  /** What was refused of a form that is shown again. */
  readonly again?: { readonly typed: Typed; readonly denial: Denial };
}

async function showLink(
  parts: AccountRouteParts,
  inbound: Inbound,
  { purpose, again }: LinkQuestion,
): Promise<Response> {
  const { edge, actions, pages } = parts;
  const token = again?.typed["token"] ?? keptToken(inbound);
  const opened = await edge.receive(inbound, {
    action: actions.openLink,
    read: async () => {
      const carried = again === undefined ? { value: {} } : await readActionInput(inbound);
      return isDenial(carried) ? carried : { ...carried, value: { purpose, token } };
    },
  });
  if (!opened.ok) return refuse(parts, inbound, { denial: opened, purpose });
  const { language, frame } = await frameOf(parts, inbound);
  // The value of this action.
  const shown = { token, opened: opened.value as OpenedLink };
  if (again === undefined) {
    return pages.show(inbound, {
      language,
      ...linkScreen(frame, purpose, shown),
      again: { action: LINK_PAGES[purpose] },
    });
  }
  const { typed, denial } = again;
  const refusal = refusalOf(denial, typed, frame) ?? {};
  return pages.show(
    inbound,
    { language, ...linkScreen(frame, purpose, { ...shown, typed, refusal }) },
    refusedOptions(denial),
  );
}

async function useLink(parts: AccountRouteParts, inbound: Inbound, purpose: LinkPurpose): Promise<Response> {
  const { actions, pages } = parts;
  const { outcome, typed } = await attempt(parts, inbound, actions[purpose]);
  const { language, frame } = await frameOf(parts, inbound);
  if (!outcome.ok) {
    const isMendable = refusalOf(outcome, typed, frame) !== undefined && inbound.accepts === "html";
    return isMendable
      ? showLink(parts, inbound, { purpose, again: { typed, denial: outcome } })
      : refuse(parts, inbound, { denial: outcome, purpose });
  }
  const response = pages.show(inbound, { language, ...linkDoneScreen(frame, purpose) });
  response.headers.append("set-cookie", dropToken(inbound, purpose));
  if (purpose === "reset") {
    // The value of this action.
    const { mark } = outcome.value as PasswordReset;
    response.headers.append("set-cookie", keepMark(inbound, mark));
  }
  return response;
}

async function attempt(
  { edge, pages }: AccountRouteParts,
  inbound: Inbound,
  action: AnyAction,
): Promise<{ readonly outcome: Outcome; readonly typed: Typed }> {
  let typed: Typed = {};
  const outcome = await edge.receive(inbound, {
    action,
    read: async () => {
      const carried = await readActionInput(inbound);
      if (isDenial(carried)) return carried;
      typed = textsOf(carried.value);
      return { ...carried, value: { ...typed, locale: pages.languageFor(inbound) } };
    },
  });
  return { outcome, typed };
}

async function frameOf(
  parts: AccountRouteParts,
  inbound: Inbound,
): Promise<{ readonly language: Language; readonly frame: AccountFrame }> {
  const { edge, pages } = parts;
  const language = pages.languageFor(inbound);
  const csrfToken = edge.csrfToken(inbound);
  const back = await wayBack(parts, inbound);
  const said = { words: screenTexts[language], own: accountTexts[language], service: pages.themeOf(inbound).name };
  return { language, frame: { ...said, csrfToken, back } };
}

/** Says what became of it where nothing can be mended on the page. */
async function refuse(
  parts: AccountRouteParts,
  inbound: Inbound,
  { denial, purpose }: { readonly denial: Denial; readonly purpose?: LinkPurpose },
): Promise<Response> {
  const { edge, pages } = parts;
  if (inbound.accepts !== "html") return edge.problem(inbound, denial);
  const { language, frame } = await frameOf(parts, inbound);
  const isOver = purpose !== undefined && denial.problem === accountProblems.ACCOUNT_LINK_INVALID;
  const screen = isOver ? linkOverScreen(frame, purpose) : endScreen(frame, denial, inbound.url.pathname);
  return edge.problem(inbound, denial, () => pages.render(inbound, { language, ...screen }));
}

function endScreen({ words }: AccountFrame, { problem }: Denial, path: string): Screen {
  const end = { refused: true, again: undefined } as const;
  const reference = html`<p class="quiet">${words.requestReference(problem.code)}</p>`;
  if (problem === problems.CSRF_TOKEN_INVALID || problem === problems.SESSION_EXPIRED) {
    const onward = html`<a class="button" href="${path}">${words.goOn}</a>`;
    return { ...end, title: words.stale, lead: words.staleWhy, body: onward };
  }
  return problem.status === 429
    ? { ...end, title: words.tooFast, lead: words.tooFastWhy, body: reference }
    : { ...end, title: words.failed, lead: words.failedWhy, body: reference };
}
