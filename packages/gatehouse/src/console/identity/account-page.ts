import { html, type Html } from "../../html/html.ts";
import { accountTag } from "./account-list-page.ts";
import { accountPath, factorName, type AccountView } from "./account-view.ts";
import { textField } from "../form-fields.ts";
import { moment } from "../format.ts";
import { grantsAddress } from "./grant-filter.ts";

/** Something operators do to an account, each with a form of its own. */
export interface AccountDeed {
  /** The last word of the action, and of the form's address. */
  readonly verb: "disable" | "enable" | "sign-out" | "reset-factors" | "delete";
  readonly title: string;
  readonly button: string;
  /** What comes of it. */
  readonly consequence: string;
  readonly done: string;
  readonly isPossible: (account: AccountView) => boolean;
}

/** All of them, in the order of the page. */
export const ACCOUNT_DEEDS: readonly AccountDeed[] = [
  {
    ...{ verb: "sign-out", title: "End all sessions and tokens", button: "End sessions and tokens" },
    consequence: "The person signs in again everywhere; applications lose their tokens for this account.",
    done: "All sessions and tokens of this account have ended.",
    isPossible: () => true,
  },
  {
    ...{ verb: "reset-factors", title: "Remove second factors", button: "Remove second factors" },
    consequence:
      "Authenticator app, passkeys and recovery codes go, the password stays. The person enrols again at the next sign-in that asks for a second factor. Be sure it is them who ask.",
    done: "The second factors are removed, and all sessions and tokens have ended.",
    isPossible: ({ factors }) => factors.some(({ kind }) => kind !== "password"),
  },
  {
    ...{ verb: "disable", title: "Disable the account", button: "Disable" },
    consequence: "The person cannot sign in, and all sessions and tokens end.",
    done: "The account is disabled.",
    isPossible: ({ state }) => state === "active",
  },
  {
    ...{ verb: "enable", title: "Enable the account", button: "Enable" },
    consequence: "The person can sign in again.",
    done: "The account is enabled.",
    isPossible: ({ state }) => state === "disabled",
  },
  {
    ...{ verb: "delete", title: "Delete the account", button: "Delete for good" },
    consequence: "The account goes with everything that belongs to it. This cannot be undone.",
    done: "",
    isPossible: ({ state }) => state === "disabled",
  },
];

/** What the page is made from. */
export interface AccountPageParts {
  readonly account: AccountView;
  readonly csrfToken: string;
  /** Makes sending a form twice one change. */
  readonly idempotencyKey: string;
  /** The deed whose reason was refused, with the reason. */
  readonly refused: { readonly verb: string; readonly reason: string } | undefined;
  /** What has just been done. */
  readonly done: string | undefined;
}

/** One account, and what can be done about it. */
export function accountPage(parts: AccountPageParts): Html {
  const { account, done } = parts;
  const told = ACCOUNT_DEEDS.find(({ verb }) => verb === done)?.done;
  return html`${told === undefined ? undefined : html`<p class="notice" role="status">${told}</p>`}
    <section class="cards wide" aria-label="What is known">
      ${profileCard(account)} ${factorCard(account)}
    </section>
    ${ACCOUNT_DEEDS.filter(({ isPossible }) => isPossible(account)).map((deed) => deedForm(deed, parts))}`;
}

function profileCard(account: AccountView): Html {
  const { id, locale, emails, grants, createdAt, signedInAt } = account;
  return html`<div class="panel">
    <h2>Account ${accountTag(account)}</h2>
    <dl>
      ${emails.map(
        ({ email, verifiedAt }) =>
          html`<dt>Address</dt>
            <dd>
              <span class="whole">${email}</span>
              <span class="soft">${verifiedAt === undefined ? "not proven" : html`proven ${moment(verifiedAt)}`}</span>
            </dd>`,
      )}
      <dt>Grants</dt>
      <dd>${grants.length === 0 ? html`<span class="soft">None</span>` : grants.join(", ")}</dd>
      <dt>Language</dt>
      <dd>${locale}</dd>
      <dt>Created</dt>
      <dd>${moment(createdAt)}</dd>
      <dt>Last sign-in</dt>
      <dd>${signedInAt === undefined ? html`<span class="soft">Not known</span>` : moment(signedInAt)}</dd>
      <dt>Identifier</dt>
      <dd><code>${id}</code></dd>
    </dl>
    <p>
      <a href="${grantsAddress({ account: id })}">What it has allowed clients</a>
    </p>
  </div>`;
}

function factorCard({ factors }: AccountView): Html {
  return html`<div class="panel">
    <h2>Factors</h2>
    ${
      factors.length === 0
        ? html`<p class="soft">
            None yet: the person has to follow a link first. <code>gatehouse accounts link</code> makes one.
          </p>`
        : html`<dl>
            ${factors.map(
              ({ kind, count, since, usedAt }) =>
                html`<dt>${factorName(kind)}${count === 1 ? "" : ` (${count})`}</dt>
                  <dd>
                    since ${moment(since)}${usedAt === undefined ? undefined : html`, used ${moment(usedAt)}`}
                  </dd>`,
            )}
          </dl>`
    }
  </div>`;
}

function deedForm({ verb, title, button, consequence }: AccountDeed, parts: AccountPageParts): Html {
  const { account, csrfToken, idempotencyKey, refused } = parts;
  const wrong = refused?.verb === verb;
  const reason = {
    ...{ form: verb, name: "reason", label: "Reason", required: true },
    value: wrong ? refused.reason : "",
    fault: wrong ? "Say why, in at most 500 characters." : undefined,
  };
  return html`<form
    class="panel filters"
    method="post"
    action="${`${accountPath(account)}/${verb}`}"
    aria-labelledby="${verb}"
  >
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <input type="hidden" name="idempotency_key" value="${`${idempotencyKey}-${verb}`}" />
    <div class="full">
      <h2 id="${verb}">${title}</h2>
      <p class="soft">${consequence}</p>
    </div>
    ${textField(reason)}
    <div class="buttons"><button class="button ${verb === "enable" ? "" : "danger"}" type="submit">${button}</button></div>
  </form>`;
}
