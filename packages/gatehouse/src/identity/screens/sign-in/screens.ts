import { html, type Html } from "../../../html/html.ts";
import type { FactorKind } from "../../../kernel/ports/accounts.ts";
import type { TotpEnrolment } from "../../accounts/totp.ts";
import { formField } from "../field.ts";
import { hiddenFields, type Screen } from "../layout.ts";
import { qrCode } from "../qr-code.ts";
import type { Refusal } from "../sent-form.ts";
import type { ScreenWords } from "../texts.ts";

/** What all pages of an interaction are made with. */
export interface SignInFrame {
  readonly words: ScreenWords;
  /** Path of the interaction's pages. */
  readonly path: string;
  readonly client: string;
  readonly csrfToken: string;
  /** The script that asks passkeys. */
  readonly script: { readonly path: string; readonly nonce: string };
}

/** Pages that people can get help with signing in at; absent where there are none. */
export interface SignInLinks {
  readonly recovery?: string | undefined;
  readonly registration?: string | undefined;
}

/** Asks who somebody is. */
export function signInScreen(
  frame: SignInFrame,
  { email = "", refusal = {}, links }: { email?: string | undefined; refusal?: Refusal; links: SignInLinks },
): Screen {
  const { words, path, client } = frame;
  const { faults = {}, alert } = refusal;
  const emailFirst = email === "" || faults["email"] !== undefined;
  const fields = html`${formField({
    ...{ name: "email", label: words.email, type: "email", autocomplete: "username webauthn", value: email },
    ...{ error: faults["email"], focused: emailFirst, maxlength: 320 },
  })}
    ${formField({
      ...{ name: "password", label: words.password, type: "password", autocomplete: "current-password" },
      ...{ error: faults["password"], focused: !emailFirst },
    })}
    <button class="button" type="submit">${words.signIn}</button>`;
  return {
    title: words.signIn,
    lead: words.signInTo(client),
    alert,
    refused: alert !== undefined || Object.keys(faults).length > 0,
    head: passkeyScript(frame),
    again: { action: path },
    body: html`${post(frame, { action: "password", body: fields })}
      ${passkeyForm(frame, { label: words.withPasskey, conditional: true })} ${linksOf(words, links)}
      ${abortForm(path, frame)}`,
  };
}

/** Asks for a second factor. */
export function secondFactorScreen(
  frame: SignInFrame,
  asked: { readonly step: string; readonly factors: readonly FactorKind[]; readonly refusal?: Refusal },
): Screen {
  const { words, path, client } = frame;
  const { step, factors, refusal = {} } = asked;
  const { alert, faults = {} } = refusal;
  const hasApp = factors.includes("totp");
  return {
    title: words.confirmIdentity,
    lead: words.signInTo(client),
    alert,
    refused: alert !== undefined || Object.keys(faults).length > 0,
    head: factors.includes("passkey") ? passkeyScript(frame) : undefined,
    again: againForm(frame, step),
    body: html`${hasApp ? codeForm(frame, { action: "totp", step, error: faults["code"] }) : undefined}
    ${
      factors.includes("passkey")
        ? passkeyForm(frame, { label: words.confirmWithPasskey, step, only: !hasApp })
        : undefined
    }
    ${factors.includes("recovery") ? recoveryForm(frame, { step, error: faults["recovery"], open: !hasApp }) : undefined}
      <p class="links"><a href="${path}?again=1">${words.startOver}</a></p>
      ${abortForm(path, frame)}`,
  };
}

/** Sets up an authenticator app. */
export function enrolmentScreen(
  frame: SignInFrame,
  { step, enrolment, refusal = {} }: { step: string; enrolment: TotpEnrolment; refusal?: Refusal },
): Screen {
  const { words, path, client } = frame;
  const { alert, faults = {} } = refusal;
  return {
    title: words.enrol,
    lead: words.enrolWhy(client),
    alert,
    refused: alert !== undefined || Object.keys(faults).length > 0,
    again: againForm(frame, step),
    body: html`<p>${words.enrolScan}</p>
      ${qrCode(enrolment.uri, words.qrCode)}
      <p>
        ${words.enrolType}<br />
        <code class="secret">${(enrolment.secret.match(/.{1,4}/g) ?? []).join(" ")}</code>
      </p>
      <p>${words.enrolConfirm}</p>
      ${codeForm(frame, { action: "enrol", step, error: faults["code"] })} ${abortForm(path, frame)}`,
  };
}

/** What an application asks to be allowed. */
export interface ConsentQuestion {
  readonly email: string | undefined;
  readonly scopes: readonly string[];
  /** Where the browser goes on: a host, or the scheme of a program; absent for devices. */
  readonly destination: string | undefined;
  /** Whether what it goes on to is on this device, where any program could have claimed it. */
  readonly onDevice: boolean;
}

/** Asks whether an application may do what it wants. */
export function consentScreen(frame: SignInFrame, { email, scopes, destination, onDevice }: ConsentQuestion): Screen {
  const { words, client, path } = frame;
  return {
    title: words.consent(client),
    lead: email === undefined ? undefined : words.consentAs(email),
    again: { action: path },
    body: html`<p>${words.consentAsks(client)}</p>
      <ul class="scopes">
        ${scopes.map((scope) => html`<li>${scope}</li>`)}
      </ul>
      ${
        destination === undefined
          ? undefined
          : html`<dl class="facts">
            <dt>${words.consentGoesTo}</dt>
            <dd>${destination}</dd>
          </dl>`
      }
      ${onDevice ? html`<p class="note">${words.consentLoopback}</p>` : undefined}
      <div class="buttons">
        ${post(frame, { action: "consent", body: html`<button class="button" type="submit">${words.allow}</button>` })}
        ${post(frame, { action: "abort", body: html`<button class="button second" type="submit">${words.deny}</button>` })}
      </div>`,
  };
}

function post({ path, csrfToken }: SignInFrame, { action, step, body }: SentForm): Html {
  return html`<form method="post" action="${path}/${action}">
    ${hiddenFields({ _csrf_token: csrfToken, ...(step === undefined ? {} : { step }) })} ${body}
  </form>`;
}

interface SentForm {
  readonly action: string;
  readonly step?: string;
  readonly body: Html;
}

function codeForm(
  frame: SignInFrame,
  { action, step, error }: { action: "totp" | "enrol"; step: string; error: string | undefined },
): Html {
  const { words } = frame;
  const field = formField({
    ...{ name: "code", label: words.code, hint: words.codeHint, autocomplete: "one-time-code", inputmode: "numeric" },
    ...{ error, focused: true, code: true, maxlength: 20 },
  });
  return post(frame, {
    ...{ action, step },
    body: html`${field} <button class="button" type="submit">${words.confirm}</button>`,
  });
}

function recoveryForm(
  frame: SignInFrame,
  { step, error, open }: { step: string; error: string | undefined; open: boolean },
): Html {
  const { words } = frame;
  const field = formField({
    ...{ name: "recovery", label: words.recovery, hint: words.recoveryHint, autocomplete: "off" },
    ...{ error, focused: error !== undefined, code: true, maxlength: 60 },
  });
  const form = post(frame, {
    ...{ action: "recovery", step },
    body: html`${field} <button class="button second" type="submit">${words.confirm}</button>`,
  });
  return html`<details ?open=${open || error !== undefined}>
    <summary>${words.useRecovery}</summary>
    ${form}
  </details>`;
}

/** Shown by the script: nobody can use a passkey without. */
function passkeyForm(
  { words, path, csrfToken }: SignInFrame,
  form: { readonly label: string; readonly step?: string; readonly conditional?: boolean; readonly only?: boolean },
): Html {
  const { label, step, conditional = false, only = false } = form;
  const kind = only ? "button" : "button second";
  return html`<form
    method="post"
    action="${path}/passkey"
    data-passkey="${path}/passkey-options"
    data-conditional="${conditional}"
    hidden
  >
    ${hiddenFields({ _csrf_token: csrfToken, response: "", ...(step === undefined ? {} : { step }) })}
    ${only ? undefined : html`<p class="or">${words.or}</p>`}
    <button class="${kind}" type="submit">${label}</button>
  </form>`;
}

function passkeyScript({ script: { path, nonce } }: SignInFrame): Html {
  return html`<script type="module" nonce="${nonce}" src="${path}"></script>`;
}

function linksOf(words: ScreenWords, { recovery, registration }: SignInLinks): Html | undefined {
  if (recovery === undefined && registration === undefined) return undefined;
  return html`<p class="links">
    ${recovery === undefined ? undefined : html`<a href="${recovery}">${words.forgotten}</a>`}
    ${registration === undefined ? undefined : html`<a href="${registration}">${words.register}</a>`}
  </p>`;
}

function abortForm(path: string, { words, csrfToken }: SignInFrame): Html {
  return html`<form method="post" action="${path}/abort" class="leave">
    ${hiddenFields({ _csrf_token: csrfToken })}
    <button class="link" type="submit">${words.cancel}</button>
  </form>`;
}

function againForm({ path, csrfToken }: SignInFrame, step: string): Screen["again"] {
  return { method: "post", action: `${path}/again`, fields: { _csrf_token: csrfToken, step } };
}
