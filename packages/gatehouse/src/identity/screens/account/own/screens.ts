import { html, type Html } from "../../../../html/html.ts";
import type { TotpEnrolment } from "../../../accounts/totp.ts";
import { formField } from "../../field.ts";
import { hiddenFields, type Screen } from "../../layout.ts";
import { qrCode } from "../../qr-code.ts";
import type { ShownAgain } from "../screens.ts";
import { backToAccount, ownButton, ownForm, timeOf, type OwnFrame } from "./frame.ts";
import type { OwnView } from "./look.ts";
import { OWN_FORMS, OWN_PATHS } from "./paths.ts";

/** Where everything is found. */
export function overviewScreen(frame: OwnFrame, view: OwnView): Screen {
  const { said } = frame;
  const { account, enrolled } = view.owner;
  const isTwo = enrolled.has("totp") || enrolled.has("passkey");
  const pages = [
    ["password", said.password],
    ["factors", said.factors],
    ["sessions", said.sessions],
    ["applications", said.applications],
    ["email", said.email],
  ] as const;
  return {
    title: said.account,
    body: html`<dl class="facts">
        <dt>${said.nameIs}</dt>
        <dd>${account.name}</dd>
        <dt>${said.emailIs}</dt>
        ${view.emails.map(({ email, verifiedAt }) => html`<dd>${email} <span class="quiet">(${verifiedAt === undefined ? said.unproven : said.proven})</span></dd>`)}
      </dl>
      ${
        view.emails.some(({ verifiedAt }) => verifiedAt === undefined)
          ? ownButton(frame, { action: OWN_FORMS.verifyEmail, label: said.prove })
          : undefined
      }
      <p class="${isTwo ? "quiet" : "note"}">${isTwo ? said.twoFactors : said.oneFactor}</p>
      <nav aria-label="${said.account}">
        <ul class="pages">
          ${pages.map(([page, label]) => html`<li><a href="${OWN_PATHS[page]}">${label}</a></li>`)}
        </ul>
      </nav>
      <form method="post" action="${frame.signOutPath}">
        ${hiddenFields({ _csrf_token: frame.csrfToken })}
        <button class="button second" type="submit">${said.signedOut}</button>
      </form>
      <p class="links"><a href="/">${said.toApplication}</a></p>`,
  };
}

/** Another password. */
export function passwordScreen(frame: OwnFrame, view: OwnView, { refusal = {} }: ShownAgain): Screen {
  const { said, shared } = frame;
  const [email] = view.emails;
  // For programs that keep passwords: whose it is.
  const owner = html`<input
    type="text"
    name="username"
    autocomplete="username"
    value="${email?.email ?? ""}"
    hidden
    readonly
  />`;
  const field = formField({
    ...{ name: "password", label: shared.own.newPassword, type: "password", autocomplete: "new-password" },
    ...{ hint: shared.own.passwordHint, error: refusal.faults?.["password"], focused: true },
  });
  const submit = html`<button class="button" type="submit">${said.passwordSet}</button>`;
  return {
    ...{ title: said.password, lead: said.passwordWhy },
    ...refused(refusal, OWN_PATHS.password),
    body: html`${ownForm(frame, { action: OWN_FORMS.changePassword, body: html`${owner} ${field} ${submit}` })}
    ${backToAccount(frame)}`,
  };
}

/** Another address. */
export function emailScreen(frame: OwnFrame, view: OwnView, { typed = {}, refusal = {} }: ShownAgain): Screen {
  const { said } = frame;
  const field = formField({
    ...{ name: "email", label: said.emailNew, type: "email", autocomplete: "email", value: typed["email"] ?? "" },
    ...{ error: refusal.faults?.["email"], focused: true, maxlength: 320 },
  });
  const submit = html`<button class="button" type="submit">${said.emailSend}</button>`;
  return {
    ...{ title: said.email, lead: said.emailWhy(view.emails.map(({ email }) => email).join(", ")) },
    ...refused(refusal, OWN_PATHS.email),
    body: html`${ownForm(frame, { action: OWN_FORMS.changeEmail, body: html`${field} ${submit}` })}
    ${backToAccount(frame)}`,
  };
}

/** The second factors there are. */
export function factorsScreen(frame: OwnFrame, view: OwnView, { refusal = {} }: ShownAgain): Screen {
  const { said, script } = frame;
  return {
    ...{ title: said.factors, lead: said.factorsWhy },
    ...refused(refusal, OWN_PATHS.factors),
    head: html`<script type="module" nonce="${script.nonce}" src="${script.path}"></script>`,
    body: html`${view.mustHaveTwo ? html`<p class="note">${said.mustHaveTwo}</p>` : undefined}
    ${totpSection(frame, view)} ${passkeySection(frame, view)} ${codesSection(frame, view)} ${backToAccount(frame)}`,
  };
}

function totpSection(frame: OwnFrame, { totpSince }: OwnView): Html {
  const { said, language } = frame;
  const begin = OWN_FORMS.beginTotp;
  if (totpSince === undefined) {
    return html`<section class="part">
      <h2>${said.totp}</h2>
      ${ownButton(frame, { action: begin, label: said.totpAdd })}
    </section>`;
  }
  return html`<section class="part">
    <h2>${said.totp}</h2>
    <p class="quiet">${said.since} ${timeOf(language, totpSince)}</p>
    ${ownButton(frame, { action: begin, label: said.totpReplace })}
    ${ownButton(frame, { action: OWN_FORMS.removeTotp, label: said.remove, named: said.removeNamed(said.totp) })}
  </section>`;
}

function passkeySection(frame: OwnFrame, { passkeys }: OwnView): Html {
  const { said, language } = frame;
  const known = passkeys.map(({ key, name, synchronised, createdAt, usedAt }) => {
    const remove = { action: OWN_FORMS.removePasskey, fields: { passkey: key }, label: said.remove };
    return html`<li>
      <p>
        <strong>${name}</strong>
        <span class="quiet">${said.since} ${timeOf(language, createdAt)}${synchronised ? ` · ${said.synchronised}` : ""}</span>
      </p>
      <p class="quiet">${usedAt === undefined ? said.neverUsed : html`${said.lastUsed} ${timeOf(language, usedAt)}`}</p>
      ${ownButton(frame, { ...remove, named: said.removeNamed(name) })}
    </li>`;
  });
  return html`<section class="part">
    <h2>${said.passkeys}</h2>
    ${known.length === 0 ? html`<p class="quiet">${said.passkeysNone}</p>` : html`<ul class="cards">${known}</ul>`}
    ${creationForm(frame)}
    <noscript><p class="quiet">${said.passkeyScript}</p></noscript>
  </section>`;
}

/** Shown by the script: nobody can make a passkey without. */
function creationForm({ said, csrfToken, mark }: OwnFrame): Html {
  const field = formField({
    ...{ name: "name", label: said.passkeyName, hint: said.passkeyNameHint, autocomplete: "off", maxlength: 60 },
    value: "Passkey",
  });
  return html`<form
    method="post"
    action="${OWN_FORMS.addPasskey}"
    data-passkey="${OWN_FORMS.beginPasskey}"
    data-ceremony="create"
    hidden
  >
    ${hiddenFields({ _csrf_token: csrfToken, mark, response: "" })}
    <p class="alert" role="alert" data-passkey-failure hidden>${said.passkeyFailed}</p>
    ${field} <button class="button second" type="submit">${said.passkeyAdd}</button>
  </form>`;
}

function codesSection(frame: OwnFrame, { codesLeft, owner }: OwnView): Html {
  const { said } = frame;
  const isTwo = owner.enrolled.has("totp") || owner.enrolled.has("passkey");
  return html`<section class="part">
    <h2>${said.codes}</h2>
    ${
      isTwo
        ? html`<p class="quiet">${said.codesLeft(codesLeft)} ${said.codesRenewWhy}</p>
          ${ownButton(frame, { action: OWN_FORMS.renewCodes, label: said.codesRenew })}`
        : html`<p class="quiet">${said.codesNeed}</p>`
    }
  </section>`;
}

/** Sets up an authenticator app. `sealed` brings what is shown back when the code was wrong. */
export function totpScreen(
  frame: OwnFrame,
  { enrolment, sealed, refusal = {} }: ShownAgain & { readonly enrolment: TotpEnrolment; readonly sealed: string },
): Screen {
  const { said, shared } = frame;
  const { words } = shared;
  const field = formField({
    ...{ name: "code", label: words.code, hint: words.codeHint, autocomplete: "one-time-code", inputmode: "numeric" },
    ...{ error: refusal.faults?.["code"], focused: true, code: true, maxlength: 20 },
  });
  const submit = html`<button class="button" type="submit">${words.confirm}</button>`;
  const body = html`${field} ${submit}`;
  return {
    title: said.enrol,
    ...refused(refusal, OWN_PATHS.factors),
    again: undefined,
    body: html`<p>${words.enrolScan}</p>
      ${qrCode(enrolment.uri, words.qrCode)}
      <p>
        ${words.enrolType}<br />
        <code class="secret">${(enrolment.secret.match(/.{1,4}/g) ?? []).join(" ")}</code>
      </p>
      <p>${words.enrolConfirm}</p>
      ${ownForm(frame, { action: OWN_FORMS.addTotp, fields: { enrolment: sealed }, body })}
      <p class="links"><a href="${OWN_PATHS.factors}">${words.cancel}</a></p>`,
  };
}

/** Of a form that was refused the language is changed by opening its page anew. */
function refused(
  { alert, faults = {} }: NonNullable<ShownAgain["refusal"]>,
  action: string,
): Pick<Screen, "alert" | "refused" | "again"> {
  return { alert, refused: alert !== undefined || Object.keys(faults).length > 0, again: { action } };
}
