import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import type { Violation } from "../../kernel/outcome.ts";
import { moment } from "../format.ts";
import { GRANTS_PATH, grantsAddress, SELECTION_FIELDS, selectionOf, type GrantFilter } from "./grant-filter.ts";

const Place = z.object({ device: z.string(), ip: z.string(), agent: z.string() });
const Row = z.object({
  family: z.string(),
  client: z.string(),
  account: z.string(),
  state: z.enum(["pending", "active", "suspended", "ended"]),
  generation: z.number(),
  firstSeen: z.number(),
  lastSeen: z.number(),
  ending: z.object({ cause: z.string(), by: z.string(), at: z.number(), reason: z.string().optional() }).optional(),
  signIn: Place.optional(),
  last: Place.optional(),
});
type Row = z.infer<typeof Row>;

/** The value of `grants.list`. */
export const GrantRows = z.object({ grants: z.array(Row), next: z.string().optional() });

/** What the page is made from. */
export interface GrantPageParts {
  readonly filter: GrantFilter;
  /** Absent where the filter cannot be applied. */
  readonly found?: z.infer<typeof GrantRows>;
  readonly csrfToken: string;
  /** Makes sending the form twice one revocation. */
  readonly idempotencyKey: string;
  readonly reason: string;
  readonly violations: readonly Violation[];
}

const TONES = { pending: "", active: "good", suspended: "warn", ended: "bad" } as const;
const CAUSES: Readonly<Record<string, string>> = {
  token_reused: "A refresh token came a second time",
  code_reused: "A code came a second time",
  client: "The client gave its tokens back",
  sign_out: "The person signed out",
  account_changed: "The account changed",
  person: "The person ended it",
  operator: "An operator ended it",
};

/** The grants of people to clients, filtered, and the form that ends those that match. */
export function grantPage(parts: GrantPageParts): Html {
  const { filter, found } = parts;
  if (found === undefined) {
    return html`${filterForm(parts)}
      <p class="notice bad" role="alert">The filter cannot be applied: see the marked fields.</p>`;
  }
  return html`${filterForm(parts)}
    <section class="panel" aria-label="Grants">
      ${found.grants.length === 0 ? html`<p class="empty">No grant matches.</p>` : grantTable(found.grants)}
    </section>
    ${pager(filter, found.next)} ${revokeForm(parts)}`;
}

const LABELS = { account: "Account", client: "Client", device: "Device", ip: "Address or subnet", family: "Family" };
const FAULTS: Readonly<Record<string, string>> = {
  ip: "Enter an address such as 192.0.2.7, or a subnet such as 192.0.2.0/24.",
};

function filterForm({ filter, violations }: GrantPageParts): Html {
  const wrong = new Set(violations.map(({ pointer }) => pointer));
  const field = (name: (typeof SELECTION_FIELDS)[number]): Html => {
    const fault = wrong.has(`/${name}`) ? (FAULTS[name] ?? "This is too long.") : undefined;
    const marks = fault === undefined ? {} : { "aria-invalid": "true", "aria-describedby": `grant-${name}-error` };
    return html`<label
      >${LABELS[name]}<input ${{ name, ...marks }} value="${filter[name]}" maxlength="2000" autocomplete="off" />${
        fault === undefined ? undefined : html`<span class="field-error" id="grant-${name}-error">${fault}</span>`
      }</label
    >`;
  };
  const option = (value: string, label: string): Html =>
    html`<option value="${value}" ?selected=${filter.state === value}>${label}</option>`;
  return html`<form class="panel filters" method="get" action="${GRANTS_PATH}" role="search" aria-label="Filter grants">
    ${SELECTION_FIELDS.map(field)}
    <label>
      State
      <select name="state">
        ${option("lasting", "In use")}${option("ended", "Ended")}${option("all", "All")}
      </select>
    </label>
    <div class="buttons">
      <button class="button" type="submit">Filter</button>
      <a class="button quiet" href="${GRANTS_PATH}">Clear</a>
    </div>
  </form>`;
}

function grantTable(rows: readonly Row[]): Html {
  return html`<div class="table" tabindex="0" role="region" aria-label="Table of grants">
    <table class="stack grants">
      <caption class="visually-hidden">
        Grants, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">Account and client</th>
          <th scope="col">State</th>
          <th scope="col">Consented in</th>
          <th scope="col">Used from</th>
          <th scope="col">Since and last (UTC)</th>
          <th scope="col">Family</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(grantRow)}
      </tbody>
    </table>
  </div>`;
}

function grantRow({ family, client, account, state, generation, firstSeen, lastSeen, ending, ...places }: Row): Html {
  return html`<tr>
    <td data-label="Account and client">
      <code class="line">${account}</code>
      <span class="line soft">${client}, ${generation} refresh tokens</span>
    </td>
    <td data-label="State">
      <span class="tag ${TONES[state]}">${state}</span>
      ${
        ending === undefined
          ? undefined
          : html`<span class="line">${CAUSES[ending.cause] ?? ending.cause}${ending.reason === undefined ? "" : `: ${ending.reason}`}</span>
              <span class="line soft">${ending.by}, ${moment(ending.at)}</span>`
      }
    </td>
    <td data-label="Consented in">${place(places.signIn)}</td>
    <td data-label="Used from">${place(places.last)}</td>
    <td data-label="Since and last">
      <span class="line">${moment(firstSeen)}</span><span class="line soft">${moment(lastSeen)}</span>
    </td>
    <td data-label="Family">
      <a href="${grantsAddress({ family, state: "all" })}">
        <span class="visually-hidden">Only family </span><code>${family.slice(0, 8)}…</code>
      </a>
    </td>
  </tr>`;
}

function place(known: z.infer<typeof Place> | undefined): Html {
  if (known === undefined) return html`<span class="soft">Not kept</span>`;
  return html`<span class="line">${known.agent}</span>
    <a class="line" href="${grantsAddress({ ip: known.ip })}">${known.ip}</a>
    <a class="line soft" href="${grantsAddress({ device: known.device })}">
      <span class="visually-hidden">Device </span>${known.device.slice(0, 16)}…
    </a>`;
}

function pager(filter: GrantFilter, next: string | undefined): Html | undefined {
  if (next === undefined && filter.after === "") return undefined;
  return html`<nav class="pager" aria-label="Pages">
    ${
      filter.after === ""
        ? html`<span></span>`
        : html`<a class="button quiet" href="${grantsAddress({ ...filter, after: "" })}">Newest</a>`
    }
    ${
      next === undefined
        ? undefined
        : html`<a class="button quiet" href="${grantsAddress({ ...filter, after: next })}" rel="next">Older</a>`
    }
  </nav>`;
}

function revokeForm({ filter, csrfToken, idempotencyKey, reason, violations }: GrantPageParts): Html {
  const selection = Object.entries(selectionOf(filter));
  if (selection.length === 0) {
    return html`<p class="soft">To end grants, first filter for those that are meant.</p>`;
  }
  const wrong = violations.some(({ pointer }) => pointer === "/reason");
  const marks = wrong ? { "aria-invalid": "true", "aria-describedby": "grant-reason-error" } : {};
  return html`<h2>End all grants that match</h2>
    <form class="panel filters" method="post" action="${GRANTS_PATH}" aria-label="End grants">
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <input type="hidden" name="idempotency_key" value="${idempotencyKey}" />
      ${selection.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <p class="wide">
        All grants with ${selection.map(([name, value]) => `${name} ${value}`).join(" and ")}, on every page, end with all
        their tokens.
      </p>
      <label class="wide"
        >Reason<input ${{ name: "reason", ...marks }} value="${reason}" required maxlength="500" autocomplete="off" />${
          wrong
            ? html`<span class="field-error" id="grant-reason-error">Say why, in at most 500 characters.</span>`
            : undefined
        }</label
      >
      <div class="buttons"><button class="button danger" type="submit">End grants</button></div>
    </form>`;
}
