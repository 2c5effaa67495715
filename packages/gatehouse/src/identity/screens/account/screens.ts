import { html, type Html, type Renderable } from "../../../html/html.ts";
import type { LinkPurpose } from "../../accounts/account-links.ts";
import { formField } from "../field.ts";
import { hiddenFields, type Screen } from "../layout.ts";
import type { Refusal, Typed } from "../sent-form.ts";
import type { OpenedLink } from "./actions.ts";
import { OWN_PATHS } from "./own/paths.ts";
import { LINK_PAGES, RECOVERY_PATH, REGISTRATION_PATH } from "./paths.ts";
import type { PageWords } from "./refusals.ts";

/** What all these pages are made with. */
export interface AccountFrame extends PageWords {
  readonly csrfToken: string;
  /** What people have an account of. */
  readonly service: string;
  /** Where the sign-in goes on that somebody has come from. */
  readonly back: string | undefined;
}

/** What a form shows that is shown again. */
export interface ShownAgain {
  readonly typed?: Typed;
  readonly refusal?: Refusal;
}

/** What people have letters sent for. */
export type LetterWish = "register" | "reset";

/** Where people ask for a letter. */
export function letterScreen(frame: AccountFrame, wish: LetterWish, { typed = {}, refusal = {} }: ShownAgain): Screen {
  const { words, own, back } = frame;
  const action = wish === "register" ? REGISTRATION_PATH : RECOVERY_PATH;
  const field = formField({
    ...{ name: "email", label: words.email, type: "email", autocomplete: "username", value: typed["email"] ?? "" },
    ...{ error: refusal.faults?.["email"], focused: true, maxlength: 320 },
  });
  return {
    ...(wish === "register"
      ? { title: own.register, lead: own.registerWhy }
      : { title: own.forgotten, lead: own.forgottenWhy }),
    ...refused(refusal, action),
    body: html`${post(frame, { action, submit: own.sendLetter, body: field })} ${backLink(frame, back)}`,
  };
}

/** Says that a letter is on its way, in the same words whether it is. */
export function letterSentScreen({ own, ...frame }: AccountFrame, wish: LetterWish, email: string): Screen {
  return {
    title: own.letterSent,
    again: undefined,
    body: html`<p>${wish === "register" ? own.registerSent(email) : own.resetSent(email)}</p>
      <p class="quiet">${own.letterMissing}</p>
      ${backLink({ own, ...frame }, frame.back)}`,
  };
}

/** The page a link leads to. */
export function linkScreen(
  frame: AccountFrame,
  purpose: LinkPurpose,
  { token, opened, typed = {}, refusal = {} }: ShownAgain & { readonly token: string; readonly opened: OpenedLink },
): Screen {
  const { own, service } = frame;
  const action = LINK_PAGES[purpose];
  const screens = {
    join: { title: own.join, lead: own.joinWhy(service), submit: own.create },
    verify: { title: own.verify, lead: own.verifyWhy, submit: own.verifyNow },
    reset: { title: own.reset, lead: own.resetWhy, submit: own.setPassword },
    email: { title: own.newEmail, lead: own.newEmailWhy, submit: own.newEmailNow },
  };
  const { submit, ...said } = screens[purpose];
  const fields = {
    join: () => joinFields(frame, opened, { typed, refusal }),
    reset: () => passwordField(frame, refusal),
  };
  const body = purpose === "verify" || purpose === "email" ? undefined : fields[purpose]();
  return {
    ...said,
    ...refused(refusal, action),
    body: post(frame, { action, submit, body: html`${hiddenFields({ token })} ${body}` }),
  };
}

/** Says that a link has done what it was for. */
export function linkDoneScreen({ words, own, back }: AccountFrame, purpose: LinkPurpose): Screen {
  const said = {
    join: { title: own.joined, lead: own.joinedWhy },
    verify: { title: own.verified, lead: own.verifiedWhy },
    reset: { title: own.resetDone, lead: own.resetDoneWhy },
    email: { title: own.newEmailDone, lead: own.newEmailDoneWhy },
  };
  const onward =
    back === undefined
      ? html`<p>${own.signInThere}</p>
          <p><a href="${OWN_PATHS.overview}">${own.join}</a></p>`
      : html`<a class="button" href="${back}">${words.signIn}</a>`;
  return { ...said[purpose], again: undefined, body: purpose === "verify" ? undefined : onward };
}

/** Says that a link leads nowhere, and how to get another. */
export function linkOverScreen({ own }: AccountFrame, purpose: LinkPurpose): Screen {
  const help = {
    join: html`<p>${own.askInviter}</p>`,
    verify: undefined,
    email: undefined,
    reset: html`<a class="button" href="${RECOVERY_PATH}">${own.askAgain}</a>`,
  };
  return {
    ...{ title: own.linkOver, lead: own.linkOverWhy, refused: true, again: undefined },
    body: help[purpose],
  };
}

function joinFields(frame: AccountFrame, { invited }: OpenedLink, { typed = {}, refusal = {} }: ShownAgain): Html {
  const { words, own } = frame;
  const email = formField({
    ...{ name: "email", label: words.email, type: "email", autocomplete: "username", fixed: true },
    value: invited?.email ?? "",
  });
  const name = formField({
    ...{ name: "name", label: own.name, autocomplete: "name", value: typed["name"] ?? invited?.name ?? "" },
    ...{ error: refusal.faults?.["name"], focused: refusal.faults?.["password"] === undefined, maxlength: 120 },
  });
  return html`${email} ${name} ${passwordField(frame, refusal, false)}`;
}

function passwordField({ own }: AccountFrame, { faults = {} }: Refusal, focused = true): Html {
  return formField({
    ...{ name: "password", label: own.newPassword, type: "password", autocomplete: "new-password" },
    ...{ hint: own.passwordHint, error: faults["password"], focused: focused || faults["password"] !== undefined },
  });
}

/** Of a form that was refused the language is changed by opening its page anew. */
function refused({ alert, faults = {} }: Refusal, action: string): Pick<Screen, "alert" | "refused" | "again"> {
  return { alert, refused: alert !== undefined || Object.keys(faults).length > 0, again: { action } };
}

function backLink({ own }: Pick<AccountFrame, "own">, back: string | undefined): Html | undefined {
  return back === undefined ? undefined : html`<p class="links"><a href="${back}">${own.backToSignIn}</a></p>`;
}

interface PostedForm {
  readonly action: string;
  readonly submit: string;
  readonly body: Renderable;
}

function post({ csrfToken }: AccountFrame, { action, submit, body }: PostedForm): Html {
  return html`<form method="post" action="${action}">
    ${hiddenFields({ _csrf_token: csrfToken })} ${body}
    <button class="button" type="submit">${submit}</button>
  </form>`;
}
