import { Hono } from "hono";
import { html } from "../../../../html/html.ts";
import { readActionInput } from "../../../../http/action-input.ts";
import type { Inbound } from "../../../../http/inbound.ts";
import type { AnyAction } from "../../../../kernel/action.ts";
import { isDenial, type Denial, type Outcome } from "../../../../kernel/outcome.ts";
import type { Problem } from "../../../../kernel/problem.ts";
import { problems } from "../../../../kernel/problems.ts";
import { accountProblems } from "../../../problems.ts";
import type { Screen } from "../../layout.ts";
import { refusedOptions, textsOf, type Refusal, type Typed } from "../../sent-form.ts";
import { screenTexts } from "../../texts.ts";
import { refusalOf } from "../refusals.ts";
import { accountTexts } from "../texts.ts";
import { openEnrolment, sealEnrolment } from "./enrolment-field.ts";
import type { FactorAdded, TotpBegun } from "./factor-changes.ts";
import { doneText, type Done } from "./done.ts";
import type { OwnFrame } from "./frame.ts";
import type { OwnView } from "./look.ts";
import type { Demand } from "./owner.ts";
import { DONE_PARAMETER, OWN_FORMS, OWN_PAGES, OWN_PATHS, type OwnPage } from "./paths.ts";
import { recoveryCodesScreen } from "../../recovery-codes.ts";
import { emailScreen, factorsScreen, overviewScreen, passwordScreen, totpScreen } from "./screens.ts";
import type { OwnActions } from "./own-actions.ts";
import type { SelfServiceParts } from "./parts.ts";
import { applicationsScreen, sessionsScreen, type ClientNames } from "./session-screens.ts";
import { ownTexts } from "./texts.ts";

/** A form: where it goes, the page it is on, and what is said once it has done what it is for. */
interface FormRoute {
  readonly form: keyof typeof OWN_FORMS;
  readonly page: OwnPage;
  readonly done: Done;
}

const FORMS: readonly FormRoute[] = [
  { form: "changePassword", page: "password", done: "password" },
  { form: "addTotp", page: "factors", done: "factor-added" },
  { form: "removeTotp", page: "factors", done: "factor-removed" },
  { form: "addPasskey", page: "factors", done: "factor-added" },
  { form: "removePasskey", page: "factors", done: "factor-removed" },
  { form: "renewCodes", page: "factors", done: "factor-added" },
  { form: "endSession", page: "sessions", done: "session" },
  { form: "endOthers", page: "sessions", done: "others" },
  { form: "withdraw", page: "applications", done: "withdrawn" },
  { form: "changeEmail", page: "email", done: "email" },
  { form: "verifyEmail", page: "overview", done: "verification" },
];

/** Where people look after their own accounts. */
export function createOwnRoutes(parts: SelfServiceParts, actions: OwnActions): Hono {
  const pages = new OwnPages(parts, actions);
  const app = new Hono();
  for (const page of OWN_PAGES) {
    app.get(OWN_PATHS[page], (context) => pages.open(parts.edge.of(context), page));
  }
  for (const route of FORMS) {
    app.post(OWN_FORMS[route.form], (context) => pages.send(parts.edge.of(context), route));
  }
  app.post(OWN_FORMS.beginTotp, (context) => pages.beginTotp(parts.edge.of(context)));
  app.post(OWN_FORMS.beginPasskey, (context) => pages.beginPasskey(parts.edge.of(context)));
  return app;
}

/** A form that was sent, and what came of it. */
interface Sent {
  readonly outcome: Outcome;
  readonly typed: Typed;
}

/** A form that was refused. */
interface RefusedForm {
  readonly page: OwnPage;
  readonly denial: Denial;
  readonly typed: Typed;
}

class OwnPages {
  readonly #parts: SelfServiceParts;
  readonly #actions: OwnActions;

  constructor(parts: SelfServiceParts, actions: OwnActions) {
    this.#parts = parts;
    this.#actions = actions;
  }

  /** Opens a page; whoever has to sign in, or to prove anew who they are, does so first and comes back to it. */
  async open(inbound: Inbound, page: OwnPage): Promise<Response> {
    const { edge, visits, signInAt } = this.#parts;
    const session = visits.current(inbound);
    if (session === undefined) return edge.redirect(inbound, signInAt(OWN_PATHS[page]));
    const outcome = await edge.perform(this.#actions.look, inbound, { session, page });
    if (outcome.ok) {
      // The value of this action.
      const view = outcome.value as OwnView;
      const screen = await this.#screenOf(inbound, page, { view, typed: {}, refusal: {} });
      return this.#show(inbound, screen);
    }
    const demand = signInDemandedBy(outcome);
    return demand === undefined
      ? this.#refuse(inbound, { page, denial: outcome, typed: {} })
      : edge.redirect(inbound, signInAt(OWN_PATHS[page], demand.demand));
  }

  async send(inbound: Inbound, { form, page, done }: FormRoute): Promise<Response> {
    const { edge } = this.#parts;
    const { outcome, typed } = await this.#attempt(inbound, this.#actions[form]);
    if (!outcome.ok) return this.#refuse(inbound, { page, denial: outcome, typed });
    // The value of those actions that make codes; others have none.
    const { codes } = outcome.value as FactorAdded;
    if (codes !== undefined) {
      const { said, shared } = this.#frame(inbound, "");
      const shown = { codes, lead: said.kept, location: OWN_PATHS.factors };
      return this.#show(inbound, recoveryCodesScreen(shared.words, shown));
    }
    const onward = page === "password" ? "overview" : page;
    return edge.redirect(inbound, `${OWN_PATHS[onward]}?${DONE_PARAMETER}=${done}`);
  }

  async beginTotp(inbound: Inbound): Promise<Response> {
    const { outcome, typed } = await this.#attempt(inbound, this.#actions.beginTotp);
    if (!outcome.ok) return this.#refuse(inbound, { page: "factors", denial: outcome, typed });
    // The value of this action.
    const { account, enrolment } = outcome.value as TotpBegun;
    const session = this.#parts.visits.current(inbound) ?? "";
    const sealed = sealEnrolment(this.#parts, { tenant: inbound.tenant, session, account }, enrolment);
    const frame = this.#frame(inbound, typed["mark"] ?? "");
    return this.#show(inbound, totpScreen(frame, { enrolment, sealed }));
  }

  async beginPasskey(inbound: Inbound): Promise<Response> {
    const { edge } = this.#parts;
    const { outcome } = await this.#attempt(inbound, this.#actions.beginPasskey);
    if (!outcome.ok) return edge.respond(inbound, outcome);
    // The value of this action.
    const { options } = outcome.value as { readonly options: object };
    return edge.json(inbound, options);
  }

  async #attempt(inbound: Inbound, action: AnyAction): Promise<Sent> {
    const { edge, visits } = this.#parts;
    let typed: Typed = {};
    const outcome = await edge.receive(inbound, {
      action,
      read: async () => {
        const carried = await readActionInput(inbound);
        if (isDenial(carried)) return carried;
        typed = textsOf(carried.value);
        const mark = typed["mark"] ?? "";
        return { ...carried, value: { ...typed, mark, session: visits.current(inbound) ?? "" } };
      },
    });
    return { outcome, typed };
  }

  /** Shows a refused form again with what was typed where that can be mended, and else says what became of it. */
  async #refuse(inbound: Inbound, { page, denial, typed }: RefusedForm): Promise<Response> {
    const { edge, pages } = this.#parts;
    if (inbound.accepts !== "html") return edge.problem(inbound, denial);
    const frame = this.#frame(inbound, typed["mark"] ?? "");
    const refusal = this.#refusalOf(frame, denial, typed);
    if (refusal !== undefined && inbound.method === "POST") {
      const again = await this.#again(inbound, { page, typed, refusal, frame });
      if (again !== undefined)
        return pages.show(inbound, { language: frame.language, ...again }, refusedOptions(denial));
    }
    const { language } = frame;
    const screen = this.#endOf(frame, denial, page);
    return edge.problem(inbound, denial, () => pages.render(inbound, { language, ...screen }));
  }

  #refusalOf({ shared, said }: OwnFrame, denial: Denial, typed: Typed): Refusal | undefined {
    if (denial.problem === accountProblems.FACTOR_INDISPENSABLE) return { alert: said.indispensable };
    if (denial.problem === accountProblems.PASSKEY_REFUSED) return { alert: said.passkeyFailed };
    const isCode = "enrolment" in typed;
    const isWrong = denial.problem === accountProblems.FACTOR_REFUSED || denial.problem === problems.VALIDATION_ERROR;
    if (isCode && isWrong) return { faults: { code: shared.words.codeRefused } };
    return refusalOf(denial, typed, shared);
  }

  /** The page of a refused form once more; `undefined` where it cannot be looked at any more. */
  async #again(
    inbound: Inbound,
    { page, typed, refusal, frame }: { page: OwnPage; typed: Typed; refusal: Refusal; frame: OwnFrame },
  ): Promise<Screen | undefined> {
    const { edge, visits } = this.#parts;
    const session = visits.current(inbound) ?? "";
    const outcome = await edge.receive(inbound, {
      action: this.#actions.look,
      read: async () => {
        const carried = await readActionInput(inbound);
        return isDenial(carried) ? carried : { ...carried, value: { page: "overview", session } };
      },
    });
    if (!outcome.ok) return undefined;
    // The value of this action.
    const view = outcome.value as OwnView;
    const { enrolment: sealed } = typed;
    if (sealed === undefined) return this.#screenOf(inbound, page, { view, typed, refusal });
    const place = { tenant: inbound.tenant, session, account: view.owner.account.id };
    const enrolment = openEnrolment(this.#parts, place, sealed);
    return enrolment === undefined ? undefined : totpScreen(frame, { enrolment, sealed, refusal });
  }

  async #screenOf(
    inbound: Inbound,
    page: OwnPage,
    { view, typed, refusal }: { readonly view: OwnView; readonly typed: Typed; readonly refusal: Refusal },
  ): Promise<Screen> {
    const frame = this.#frame(inbound, view.owner.mark);
    const again = { typed, refusal };
    switch (page) {
      case "overview":
        return overviewScreen(frame, view);
      case "password":
        return passwordScreen(frame, view, again);
      case "factors":
        return factorsScreen(frame, view, again);
      case "email":
        return emailScreen(frame, view, again);
      case "sessions":
        return sessionsScreen(frame, view, await this.#namesFor(inbound, view));
      case "applications":
        return applicationsScreen(frame, view, await this.#namesFor(inbound, view));
    }
  }

  async #namesFor(inbound: Inbound, { signOns, grants }: OwnView): Promise<ClientNames> {
    const { signOns: names, ownClient, pages } = this.#parts;
    const clients = [...signOns.flatMap((signOn) => signOn.clients), ...grants].map(({ client }) => client);
    const own = ownTexts[pages.languageFor(inbound)].account;
    return new Map([...(await names.namesOf(inbound.tenant, clients)), [ownClient, own]]);
  }

  #frame(inbound: Inbound, mark: string): OwnFrame {
    const { edge, pages, signOutPath } = this.#parts;
    const language = pages.languageFor(inbound);
    return {
      ...{ language, mark, signOutPath, said: ownTexts[language] },
      shared: { words: screenTexts[language], own: accountTexts[language] },
      csrfToken: edge.csrfToken(inbound),
      script: { path: pages.assets.file("passkey.js").path, nonce: inbound.nonce },
    };
  }

  #show(inbound: Inbound, screen: Screen): Response {
    const { pages } = this.#parts;
    const language = pages.languageFor(inbound);
    const done = doneText(inbound.url.searchParams.get(DONE_PARAMETER), ownTexts[language]);
    const body = done === undefined ? screen.body : html`<p class="done" role="status">${done}</p>${screen.body}`;
    return pages.show(inbound, { ...screen, language, body });
  }

  /** What is said where nothing can be mended on the page. */
  #endOf({ said, shared: { words } }: OwnFrame, denial: Denial, page: OwnPage): Screen {
    const { signInAt } = this.#parts;
    const { problem } = denial;
    const end = { refused: true, again: undefined } as const;
    const demand = signInDemandedBy(denial);
    if (demand !== undefined) {
      const onward = html`<a class="button" href="${signInAt(OWN_PATHS[page], demand.demand)}">${said.stepUpGo}</a>`;
      return { ...end, title: said.stepUp, lead: said.stepUpWhy, body: onward };
    }
    const back = html`<a class="button" href="${OWN_PATHS[page]}">${words.goOn}</a>`;
    if (STALE.has(problem)) return { ...end, title: said.stale, lead: said.staleWhy, body: back };
    const reference = html`<p class="quiet">${words.requestReference(problem.code)}</p>`;
    return problem.status === 429
      ? { ...end, title: words.tooFast, lead: words.tooFastWhy, body: reference }
      : { ...end, title: words.failed, lead: words.failedWhy, body: reference };
  }
}

const STALE: ReadonlySet<Problem> = new Set([
  ...[problems.CSRF_TOKEN_INVALID, problems.SESSION_EXPIRED, problems.NOT_FOUND, accountProblems.ACCOUNT_PAGE_STALE],
  ...[accountProblems.FACTOR_REFUSED, accountProblems.PASSKEY_REFUSED],
]);

/** How somebody has to sign in before they go on; `undefined` where that is not what is missing. */
function signInDemandedBy({ problem, context }: Denial): { readonly demand: Demand | undefined } | undefined {
  if (problem === problems.AUTHENTICATION_REQUIRED) return { demand: undefined };
  if (problem !== accountProblems.STEP_UP_REQUIRED) return undefined;
  return { demand: context?.["demand"] === "two-factors" ? "two-factors" : "fresh" };
}
