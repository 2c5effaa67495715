import type { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import type { Violation } from "../../kernel/outcome.ts";
import { accountPath, ACCOUNTS_PATH, factorName, type AccountRows, type AccountView } from "./account-view.ts";
import { textField } from "../form-fields.ts";
import { moment } from "../format.ts";

/** Whom an operator typed to invite. */
export interface TypedInvitation {
  readonly email: string;
  readonly name: string;
  readonly locale: string;
  readonly grants: string;
}

/** The form as it is first shown. */
export const EMPTY_INVITATION: TypedInvitation = Object.freeze({ email: "", name: "", locale: "en", grants: "" });

/** Reads the fields of the form. */
export function readInvitation(fields: URLSearchParams): TypedInvitation {
  const read = (name: keyof TypedInvitation): string => (fields.get(name) ?? "").trim().slice(0, 1000);
  return { email: read("email"), name: read("name"), locale: read("locale"), grants: read("grants") };
}

/** The input of `accounts.invite`. */
export function invitationInput({ grants, ...person }: TypedInvitation): Readonly<Record<string, unknown>> {
  return { ...person, grants: grants.split(/[\s,]+/).filter((grant) => grant !== "") };
}

/** What the page is made from. */
export interface AccountListParts {
  /** What was searched for, as it was typed. */
  readonly email: string;
  readonly after: string;
  /** Absent where it cannot be searched for. */
  readonly found?: z.infer<typeof AccountRows>;
  readonly csrfToken: string;
  readonly typed: TypedInvitation;
  readonly violations: readonly Violation[];
  /** Whether somebody has just been invited, or deleted. */
  readonly done: string | undefined;
}

const DONE: Readonly<Record<string, string>> = {
  invited: "The invitation is on its way. Its link is good for a week.",
  deleted: "The account is deleted.",
};

/** The people who can sign in, and the form that invites somebody. */
export function accountListPage(parts: AccountListParts): Html {
  const { email, after, found, done = "" } = parts;
  const told = Object.hasOwn(DONE, done) ? DONE[done] : undefined;
  return html`${told === undefined ? undefined : html`<p class="notice" role="status">${told}</p>`}
    ${searchForm(email, found === undefined)}
    ${
      found === undefined
        ? undefined
        : html`<section class="panel" aria-label="Accounts">
              ${
                found.accounts.length === 0
                  ? html`<p class="empty">
                      ${email === "" ? "There are no accounts yet." : "Nobody has this address. It is found by all of it, or not at all."}
                    </p>`
                  : accountTable(found.accounts)
              }
            </section>
            ${pager(after, found.next)}`
    }
    <h2>Invite somebody</h2>
    ${inviteForm(parts)}`;
}

function searchForm(email: string, wrong: boolean): Html {
  const fault = wrong ? "Enter a whole address, such as ada@example.org." : undefined;
  return html`<form
    class="panel filters"
    method="get"
    action="${ACCOUNTS_PATH}"
    role="search"
    aria-label="Find an account"
  >
    ${textField({ form: "find", name: "email", label: "E-mail address", value: email, fault })}
    <div class="buttons">
      <button class="button" type="submit">Find</button>
      <a class="button quiet" href="${ACCOUNTS_PATH}">Show all</a>
    </div>
  </form>`;
}

function accountTable(accounts: readonly AccountView[]): Html {
  return html`<div class="table" tabindex="0" role="region" aria-label="Table of accounts">
    <table class="stack accounts">
      <caption class="visually-hidden">
        Accounts, oldest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col">State</th>
          <th scope="col">Factors</th>
          <th scope="col">Grants</th>
          <th scope="col">Last sign-in (UTC)</th>
        </tr>
      </thead>
      <tbody>
        ${accounts.map(accountRow)}
      </tbody>
    </table>
  </div>`;
}

function accountRow(account: AccountView): Html {
  const { name, emails, factors, grants, signedInAt } = account;
  return html`<tr>
    <td data-label="Person">
      <a class="line" href="${accountPath(account)}">${name}</a>
      ${emails.map(({ email }) => html`<span class="line soft">${email}</span>`)}
    </td>
    <td data-label="State">${accountTag(account)}</td>
    <td data-label="Factors">
      ${
        factors.length === 0
          ? html`<span class="whole soft">None yet</span>`
          : factors.map(({ kind }) => html`<span class="line">${factorName(kind)}</span>`)
      }
    </td>
    <td data-label="Grants">${grants.length === 0 ? html`<span class="soft">None</span>` : grants.join(", ")}</td>
    <td data-label="Last sign-in">
      ${signedInAt === undefined ? html`<span class="soft">Not known</span>` : moment(signedInAt)}
    </td>
  </tr>`;
}

/** Whether somebody may sign in, as a tag. */
export function accountTag({ state }: Pick<AccountView, "state">): Html {
  return html`<span class="tag ${state === "active" ? "good" : "bad"}">${state}</span>`;
}

function pager(after: string, next: string | undefined): Html | undefined {
  if (after === "" && next === undefined) return undefined;
  return html`<nav class="pager" aria-label="Pages">
    ${after === "" ? html`<span></span>` : html`<a class="button quiet" href="${ACCOUNTS_PATH}">First</a>`}
    ${
      next === undefined
        ? undefined
        : html`<a class="button quiet" href="${`${ACCOUNTS_PATH}?after=${next}`}" rel="next">Next</a>`
    }
  </nav>`;
}

const FAULTS: Readonly<Record<string, string>> = {
  email: "Enter an address, such as ada@example.org.",
  name: "Enter a name, of at most 120 characters.",
  grants: "Use small letters, digits and hyphens, with spaces between: editor event-manager.",
};

function inviteForm({ csrfToken, typed, violations }: AccountListParts): Html {
  const faultOf = (name: string): string | undefined =>
    violations.some(({ pointer }) => pointer === `/${name}` || pointer.startsWith(`/${name}/`))
      ? FAULTS[name]
      : undefined;
  const language = (tag: string, name: string): Html =>
    html`<option value="${tag}" lang="${tag}" ?selected=${typed.locale === tag}>${name}</option>`;
  return html`<form class="panel filters" method="post" action="${ACCOUNTS_PATH}" aria-label="Invite somebody">
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    ${textField({ form: "invite", name: "email", label: "E-mail address", value: typed.email, fault: faultOf("email"), required: true })}
    ${textField({ form: "invite", name: "name", label: "Name", value: typed.name, fault: faultOf("name"), required: true, maxlength: 120 })}
    ${textField({ form: "invite", name: "grants", label: "Grants, such as operator", value: typed.grants, fault: faultOf("grants") })}
    <label>Language<select name="locale">${language("en", "English")}${language("de", "Deutsch")}</select></label>
    <p class="full soft">A letter with a link goes out. Where the server sends no letters, invite from the command line, which shows the link.</p>
    <div class="buttons"><button class="button" type="submit">Invite</button></div>
  </form>`;
}
