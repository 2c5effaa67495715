import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import type { Violation } from "../../kernel/outcome.ts";
import { moment } from "../format.ts";

/** Where clients are looked after. */
export const CLIENTS_PATH = "/console/clients";

const Client = z.object({
  id: z.string(),
  origin: z.string(),
  state: z.enum(["active", "disabled"]),
  usedAt: z.number().optional(),
  settings: z.object({ name: z.string().optional(), redirectUris: z.array(z.string()).optional() }),
  secrets: z.array(z.object({ id: z.string(), expiresAt: z.number().optional(), usedAt: z.number().optional() })),
});
type Client = z.infer<typeof Client>;
const Token = z.object({ id: z.string(), label: z.string(), usesLeft: z.number(), expiresAt: z.number() });

/** The value of `clients.list`. */
export const ClientRows = z.object({ clients: z.array(Client) });
/** The value of `registration-tokens.list`. */
export const TokenRows = z.object({ tokens: z.array(Token) });
/** The values of what makes something secret. */
export const MadeSecret = z.object({ id: z.string(), secret: z.string().optional(), token: z.string().optional() });

/** What an operator typed to make a client. */
export interface TypedClient {
  readonly name: string;
  readonly redirectUris: string;
  readonly type: string;
  readonly authentication: string;
}

/** The form as it is first shown. */
export const EMPTY_CLIENT: TypedClient = Object.freeze({
  name: "",
  redirectUris: "",
  type: "web",
  authentication: "client_secret_basic",
});

/** What the page is made from. */
export interface ClientPageParts {
  readonly clients: readonly Client[];
  readonly tokens: readonly z.infer<typeof Token>[];
  readonly csrfToken: string;
  readonly typed: TypedClient;
  readonly violations: readonly Violation[];
  /** What was just made, which nobody sees again. */
  readonly made?: z.infer<typeof MadeSecret> | undefined;
}

/** The clients, the tokens that let others register, and the forms that make them. */
export function clientPage(parts: ClientPageParts): Html {
  const { clients, tokens, made } = parts;
  return html`${made === undefined ? undefined : notice(made)}
    <section class="panel" aria-label="Clients">
      ${clients.length === 0 ? html`<p class="empty">There are no clients.</p>` : clientTable(parts)}
    </section>
    <h2>Create a client</h2>
    ${clientForm(parts)}
    <h2>Initial access tokens</h2>
    <section class="panel" aria-label="Initial access tokens">
      ${tokens.length === 0 ? html`<p class="empty">No token is good.</p>` : tokenTable(parts)}
    </section>
    ${tokenForm(parts)}`;
}

function notice({ id, secret, token }: z.infer<typeof MadeSecret>): Html {
  return html`<section class="panel" aria-label="Made just now" role="status">
    <h2>Made just now</h2>
    <dl class="facts">
      <dt>${token === undefined ? "client_id" : "token id"}</dt>
      <dd><code>${id}</code></dd>
      ${
        secret === undefined
          ? undefined
          : html`<dt>client_secret</dt>
              <dd><code>${secret}</code></dd>`
      }
      ${
        token === undefined
          ? undefined
          : html`<dt>token</dt>
              <dd><code>${token}</code></dd>`
      }
    </dl>
    <p class="soft">Copy what is secret now: it is shown this once.</p>
  </section>`;
}

function clientTable({ clients, csrfToken }: ClientPageParts): Html {
  return html`<div class="table">
    <table class="stack">
      <caption class="visually-hidden">
        Clients
      </caption>
      <thead>
        <tr>
          <th scope="col">Client</th>
          <th scope="col">Origin</th>
          <th scope="col">Secrets</th>
          <th scope="col">Last used (UTC)</th>
          <th scope="col">Steps</th>
        </tr>
      </thead>
      <tbody>
        ${clients.map((client) => clientRow(client, csrfToken))}
      </tbody>
    </table>
  </div>`;
}

function clientRow({ id, origin, state, usedAt, settings, secrets }: Client, csrfToken: string): Html {
  const { name, redirectUris = [] } = settings;
  const steps = [
    ...(secrets.length > 0 ? [["rotate-secret", "New secret"] as const] : []),
    state === "active" ? (["disable", "Disable"] as const) : (["enable", "Enable"] as const),
    ["delete", "Delete"] as const,
  ];
  const named = name ?? id;
  return html`<tr>
    <td data-label="Client">
      <strong>${named}</strong> <code>${id}</code
      >${state === "active" ? undefined : html`<span class="tag bad">${state}</span>`}
      ${redirectUris.map((address) => html`<span class="line soft">${address}</span>`)}
    </td>
    <td data-label="Origin">${origin}</td>
    <td data-label="Secrets">${secrets.length}</td>
    <td data-label="Last used">${usedAt === undefined ? "never" : moment(usedAt)}</td>
    <td data-label="Steps">
      ${
        origin === "configuration"
          ? html`<span class="soft">in the configuration</span>`
          : steps.map(([step, label]) => stepForm({ step, label, id, named }, csrfToken))
      }
    </td>
  </tr>`;
}

interface Step {
  readonly step: string;
  readonly label: string;
  readonly id: string;
  readonly named: string;
}

function stepForm({ step, label, id, named }: Step, csrfToken: string): Html {
  return html`<form method="post" action="${CLIENTS_PATH}/${step}">
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <input type="hidden" name="id" value="${id}" />
    <button class="button ${step === "enable" || step === "rotate-secret" ? "quiet" : "danger"}" type="submit">
      ${label}<span class="visually-hidden"> of ${named}</span>
    </button>
  </form>`;
}

function clientForm({ csrfToken, typed, violations }: ClientPageParts): Html {
  const faults = violations.map(({ pointer, message }) => html`<li>${pointer.slice(1)}: ${message}</li>`);
  const option = (value: string, chosen: string): Html =>
    html`<option value="${value}" ?selected=${value === chosen}>${value}</option>`;
  return html`<form class="panel filters" method="post" action="${CLIENTS_PATH}/create" aria-label="Create a client">
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    ${faults.length === 0 ? undefined : html`<ul class="notice bad wide" role="alert">${faults}</ul>`}
    <label class="wide"
      >Name<input name="name" value="${typed.name}" required maxlength="120" autocomplete="off"
    /></label>
    <label class="wide"
      >Redirect addresses, separated by blanks<input
        name="redirectUris"
        value="${typed.redirectUris}"
        maxlength="2000"
        autocomplete="off"
    /></label>
    <label
      >Type<select name="type">
        ${["web", "native"].map((value) => option(value, typed.type))}
      </select></label
    >
    <label
      >Authentication<select name="authentication">
        ${["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"].map((value) =>
          option(value, typed.authentication),
        )}
      </select></label
    >
    <div class="buttons"><button class="button" type="submit">Create</button></div>
  </form>`;
}

function tokenTable({ tokens, csrfToken }: ClientPageParts): Html {
  return html`<div class="table">
    <table class="stack">
      <caption class="visually-hidden">
        Initial access tokens
      </caption>
      <thead>
        <tr>
          <th scope="col">For</th>
          <th scope="col">Uses left</th>
          <th scope="col">Until (UTC)</th>
          <th scope="col">Revoke</th>
        </tr>
      </thead>
      <tbody>
        ${tokens.map(
          ({ id, label, usesLeft, expiresAt }) =>
            html`<tr>
              <td data-label="For">${label}</td>
              <td data-label="Uses left">${usesLeft}</td>
              <td data-label="Until">${moment(expiresAt)}</td>
              <td data-label="Revoke">
                ${stepForm({ step: "revoke-token", label: "Revoke", id, named: label }, csrfToken)}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function tokenForm({ csrfToken }: ClientPageParts): Html {
  return html`<form
    class="panel filters"
    method="post"
    action="${CLIENTS_PATH}/issue-token"
    aria-label="Issue an initial access token"
  >
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <label class="wide">For<input name="label" required maxlength="120" autocomplete="off" /></label>
    <label>Uses<input name="uses" value="1" required inputmode="numeric" autocomplete="off" /></label>
    <label>Hours<input name="hours" value="24" required inputmode="numeric" autocomplete="off" /></label>
    <div class="buttons"><button class="button" type="submit">Issue</button></div>
  </form>`;
}
