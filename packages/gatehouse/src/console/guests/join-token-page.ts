import { z } from "zod";
import { html, trustedHtml, type Html } from "../../html/html.ts";
import type { Violation } from "../../kernel/outcome.ts";
import { moment } from "../format.ts";
import { usageChart, type UsageBucket } from "./usage-chart.ts";

/** Where join tokens are looked after. */
export const JOIN_TOKENS_PATH = "/console/join-tokens";

const Token = z.object({
  id: z.string(),
  collection: z.string(),
  label: z.string(),
  kind: z.enum(["derived", "once", "legacy"]),
  scopes: z.array(z.string()),
  caps: z.object({ guests: z.number(), files: z.number(), bytes: z.number() }),
  guests: z.number(),
  state: z.enum(["active", "revoked"]),
  weak: z.boolean(),
  createdAt: z.number(),
  expiresAt: z.number(),
});
type Token = z.infer<typeof Token>;

/** The value of `join-tokens.list`. */
export const JoinTokenRows = z.object({ tokens: z.array(Token) });
/** The value of `join-tokens.show`. */
export const JoinTokenRow = Token.extend({
  texts: z.array(z.object({ hint: z.string(), createdAt: z.number(), endsAt: z.number().optional() })),
});
/** The values of what makes a token or its text. */
export const MadeJoinToken = z.object({ id: z.string(), address: z.string(), svg: z.string().optional() });
type MadeJoinToken = z.infer<typeof MadeJoinToken>;

/** What an operator typed to make a token. */
export interface TypedJoinToken {
  readonly collection: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly days: string;
  readonly guests: string;
  readonly once: boolean;
}

/** The form as it is first shown. */
export const EMPTY_JOIN_TOKEN: TypedJoinToken = Object.freeze({
  ...{ collection: "", label: "", scopes: Object.freeze(["view", "upload"]), days: "", guests: "", once: false },
});

const SCOPES = ["view", "upload", "download", "moderate"] as const;

/** What the page is made from. */
export interface JoinTokenPageParts {
  readonly tokens: readonly Token[];
  readonly now: number;
  readonly csrfToken: string;
  readonly typed: TypedJoinToken;
  readonly violations: readonly Violation[];
  /** What was just made. */
  readonly made?: MadeJoinToken | undefined;
}

/** The join tokens, and the form that makes another. */
export function joinTokenPage(parts: JoinTokenPageParts): Html {
  const { tokens, made } = parts;
  return html`${made === undefined ? undefined : notice(made)}
    <section class="panel" aria-label="Join tokens">
      ${tokens.length === 0 ? html`<p class="empty">There are no join tokens.</p>` : table(parts)}
    </section>
    <h2>Create a join token</h2>
    ${form(parts)}`;
}

function joinTokenPath(id: string): string {
  return `${JOIN_TOKENS_PATH}/${encodeURIComponent(id)}`;
}

function notice({ address, svg }: NonNullable<JoinTokenPageParts["made"]>): Html {
  return html`<section class="panel" aria-label="Link for guests" role="status">
    <h2>Link for guests</h2>
    <p><code class="whole">${address}</code></p>
    ${
      svg === undefined
        ? undefined
        : html`<figure class="qr-code" role="img" aria-label="QR code of the link">
            ${trustedHtml(svg, "Drawn by the operation that prints tokens, from numbers alone.")}
          </figure>`
    }
    <p class="soft">Whoever has the link comes in. Cards to print: <code>gatehouse join-tokens print ID --pdf FILE</code></p>
  </section>`;
}

function table({ tokens, now, csrfToken }: JoinTokenPageParts): Html {
  return html`<div class="table">
    <table class="stack">
      <caption class="visually-hidden">
        Join tokens
      </caption>
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col">Event</th>
          <th scope="col">May</th>
          <th scope="col">Guests</th>
          <th scope="col">Until (UTC)</th>
          <th scope="col">Steps</th>
        </tr>
      </thead>
      <tbody>
        ${tokens.map(
          (token) =>
            html`<tr>
              <td data-label="Token"><a href="${joinTokenPath(token.id)}">${token.label}</a> ${tags(token, now)}</td>
              <td data-label="Event">${token.collection}</td>
              <td data-label="May">${token.scopes.join(", ")}</td>
              <td data-label="Guests">${token.guests} of ${token.caps.guests}</td>
              <td data-label="Until">${moment(token.expiresAt)}</td>
              <td data-label="Steps">${steps(token, { now, csrfToken })}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function tags({ state, weak, expiresAt }: Token, now: number): Html {
  const expired = expiresAt <= now;
  return html`${state === "revoked" ? html`<span class="tag bad">revoked</span>` : undefined}
  ${state === "active" && expired ? html`<span class="tag warn">expired</span>` : undefined}
  ${weak ? html`<span class="tag warn">weak</span>` : undefined}`;
}

interface StepParts {
  readonly now: number;
  readonly csrfToken: string;
}

function steps(token: Token, { now, csrfToken }: StepParts): Html {
  if (token.state === "revoked" || token.expiresAt <= now) return html`<span class="soft">none</span>`;
  const possible = [
    ...(token.kind === "derived" ? [["print", "Show the QR code", "quiet"] as const] : []),
    ["rotate", "New link", "quiet"] as const,
    ["revoke", "Revoke", "danger"] as const,
  ];
  return html`${possible.map(
    ([step, label, look]) =>
      html`<form method="post" action="${JOIN_TOKENS_PATH}/${step}">
        <input type="hidden" name="_csrf_token" value="${csrfToken}" />
        <input type="hidden" name="id" value="${token.id}" />
        <button class="button ${look}" type="submit">
          ${label}<span class="visually-hidden"> of ${token.label}</span>
        </button>
      </form>`,
  )}`;
}

function form({ csrfToken, typed, violations }: JoinTokenPageParts): Html {
  const faults = violations.map(({ pointer, message }) => html`<li>${pointer.slice(1)}: ${message}</li>`);
  return html`<form
    class="panel filters"
    method="post"
    action="${JOIN_TOKENS_PATH}/create"
    aria-label="Create a join token"
  >
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    ${faults.length === 0 ? undefined : html`<ul class="notice bad wide" role="alert">${faults}</ul>`}
    <label class="wide"
      >Event, by its identifier<input
        name="collection"
        value="${typed.collection}"
        required
        maxlength="200"
        autocomplete="off"
    /></label>
    <label class="wide"
      >What it is for<input name="label" value="${typed.label}" required maxlength="120" autocomplete="off"
    /></label>
    <fieldset class="wide">
      <legend>Guests may</legend>
      ${SCOPES.map(
        (scope) =>
          html`<label class="check"
            ><input
              type="checkbox"
              name="scope-${scope}"
              value="true"
              ?checked=${typed.scopes.includes(scope)}
            />${scope}</label
          >`,
      )}
    </fieldset>
    <label>Days<input name="days" value="${typed.days}" inputmode="numeric" autocomplete="off" /></label>
    <label>Guests at most<input name="guests" value="${typed.guests}" inputmode="numeric" autocomplete="off" /></label>
    <label class="check wide"
      ><input type="checkbox" name="once" value="true" ?checked=${typed.once} />Shown once, never printed again</label
    >
    <div class="buttons"><button class="button" type="submit">Create</button></div>
  </form>`;
}

/** What the page of one token is made from. */
export interface OneJoinTokenParts extends StepParts {
  readonly token: z.infer<typeof JoinTokenRow>;
  readonly usage: { readonly from: number; readonly to: number; readonly buckets: readonly UsageBucket[] };
}

/** One token, and what happened under it in a day. */
export function oneJoinTokenPage({ token, usage, ...parts }: OneJoinTokenParts): Html {
  const { id, collection, kind, scopes, caps, guests, createdAt, expiresAt, texts } = token;
  return html`<section class="panel" aria-label="Join token">
      <h2>${token.label} ${tags(token, parts.now)}</h2>
      <dl>
        <dt>Event</dt>
        <dd>${collection}</dd>
        <dt>Guests may</dt>
        <dd>${scopes.join(", ")}</dd>
        <dt>Guests</dt>
        <dd>${guests} of ${caps.guests}</dd>
        <dt>Files</dt>
        <dd>at most ${caps.files}, ${Math.round(caps.bytes / MEBIBYTE)} MiB together</dd>
        <dt>Link</dt>
        <dd>
          ${texts.map(
            ({ hint, createdAt: since, endsAt }) =>
              html`<span class="line"
                >ends in <code>${hint === "" ? "-" : hint}</code>, since
                ${moment(since)}${endsAt === undefined ? undefined : html`, until ${moment(endsAt)}`}</span
              >`,
          )}
          <span class="soft">${KINDS[kind]}</span>
        </dd>
        <dt>Created</dt>
        <dd>${moment(createdAt)}</dd>
        <dt>Until</dt>
        <dd>${moment(expiresAt)}</dd>
        <dt>Identifier</dt>
        <dd><code>${id}</code></dd>
      </dl>
      ${steps(token, parts)}
    </section>
    <h2>The last day</h2>
    <section class="panel" aria-label="The last day">${usageChart(usage)}</section>`;
}

const MEBIBYTE = 1024 * 1024;
const KINDS = {
  derived: "It can be printed again.",
  once: "It was shown once.",
  legacy: "It was made by an earlier system.",
} as const;
