import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import { moment } from "../format.ts";

const Key = z.object({
  kid: z.string(),
  algorithm: z.string(),
  state: z.enum(["next", "active", "retiring", "pruned", "compromised"]),
  since: z.number(),
  signed: z.number(),
  signedAt: z.number().optional(),
  seenAt: z.number().optional(),
  safeToPrune: z.boolean(),
  why: z.string(),
});
type Key = z.infer<typeof Key>;

/** The value of `oauth.keys.list`. */
export const SigningKeyRows = z.object({ keys: z.array(Key), nextChangeAt: z.number().optional() });
/** The keys, and when they change by themselves. */
export type SigningKeyRows = z.infer<typeof SigningKeyRows>;

/** Where signing keys are listed, and what is done with them below it. */
export const SIGNING_KEYS_PATH = "/console/signing-keys";

const TONES = { next: "", active: "good", retiring: "warn", pruned: "", compromised: "bad" } as const;

/** What pages with forms on keys are made from. */
export interface SigningKeyFormParts {
  readonly csrfToken: string;
  /** Makes sending a form twice one change. */
  readonly idempotencyKey: string;
}

/** What the page is made from. */
export interface SigningKeyPageParts extends SigningKeyFormParts {
  readonly found: SigningKeyRows;
  /** What has just been done. */
  readonly done: string | undefined;
}

const DONE: Readonly<Record<string, string>> = {
  rotated: "The keys are rotated. Where the next ones were published already, nothing has changed.",
  pruned: "Keys of which nothing is valid any more are destroyed.",
  compromised: "The key is withdrawn, and another one signs.",
};

/** The keys that tokens are signed with, and what can be done with them. */
export function signingKeyPage(parts: SigningKeyPageParts): Html {
  const { found, done = "" } = parts;
  const told = Object.hasOwn(DONE, done) ? DONE[done] : undefined;
  const { keys, nextChangeAt } = found;
  return html`${told === undefined ? undefined : html`<p class="notice" role="status">${told}</p>`}
    <section class="panel" aria-label="Keys">
      ${
        keys.length === 0
          ? html`<p class="empty">There are no keys yet. The server is making them.</p>`
          : keyTable(keys)
      }
      ${
        nextChangeAt === undefined
          ? undefined
          : html`<p class="soft">The keys change by themselves at ${moment(nextChangeAt)} (UTC).</p>`
      }
    </section>
    ${rotateForm(parts)} ${pruneForm(parts)}`;
}

function keyTable(keys: readonly Key[]): Html {
  return html`<div class="table" tabindex="0" role="region" aria-label="Table of keys">
    <table class="stack keys">
      <caption class="visually-hidden">
        Signing keys
      </caption>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">State and since (UTC)</th>
          <th scope="col">Used</th>
          <th scope="col">Safe to prune</th>
          <th scope="col">Withdraw</th>
        </tr>
      </thead>
      <tbody>
        ${keys.map(keyRow)}
      </tbody>
    </table>
  </div>`;
}

function keyRow({ kid, algorithm, state, since, signed, signedAt, seenAt, safeToPrune, why }: Key): Html {
  return html`<tr>
    <td data-label="Key"><code class="line">${kid}</code><span class="line soft">${algorithm}</span></td>
    <td data-label="State">
      <span class="tag ${TONES[state]}">${state}</span><span class="line soft">${moment(since)}</span>
    </td>
    <td data-label="Used">
      <span class="line">${signed} ${signed === 1 ? "signature" : "signatures"}</span>
      ${signedAt === undefined ? undefined : html`<span class="line soft">signed ${moment(signedAt)}</span>`}
      ${seenAt === undefined ? undefined : html`<span class="line soft">seen ${moment(seenAt)}</span>`}
    </td>
    <td data-label="Prune">
      <span class="tag ${safeToPrune ? "good" : ""}">${safeToPrune ? "yes" : "no"}</span>
      <span class="line soft">${why}</span>
    </td>
    <td data-label="Withdraw">
      ${
        state === "pruned" || state === "compromised"
          ? html`<span class="soft">Gone</span>`
          : html`<a class="button danger" href="${`${SIGNING_KEYS_PATH}/compromise?${new URLSearchParams({ kid }).toString()}`}">
              Withdraw<span class="visually-hidden"> the key ${kid}</span>
            </a>`
      }
    </td>
  </tr>`;
}

function hidden({ csrfToken, idempotencyKey }: SigningKeyFormParts, step: string): Html {
  return html`<input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <input type="hidden" name="idempotency_key" value="${`${idempotencyKey}-${step}`}" />`;
}

function rotateForm(parts: SigningKeyPageParts): Html {
  return html`<form class="panel filters" method="post" action="${`${SIGNING_KEYS_PATH}/rotate`}" aria-labelledby="rotate">
    ${hidden(parts, "rotate")}
    <div class="full">
      <h2 id="rotate">Rotate</h2>
      <p class="soft">The next keys are published now, and sign once everybody can know them. Making RSA keys takes some seconds.</p>
    </div>
    <label class="full choice">
      <input type="checkbox" name="now" value="true" />
      Sign with them at once: whoever keeps the key set for a while refuses tokens until it looks again
    </label>
    <div class="buttons"><button class="button" type="submit">Rotate keys</button></div>
  </form>`;
}

function pruneForm(parts: SigningKeyPageParts): Html | undefined {
  const prunable = parts.found.keys.filter(({ safeToPrune }) => safeToPrune).length;
  if (prunable === 0) return undefined;
  return html`<form class="panel filters" method="post" action="${`${SIGNING_KEYS_PATH}/prune`}" aria-labelledby="prune">
    ${hidden(parts, "prune")}
    <div class="full">
      <h2 id="prune">Prune</h2>
      <p class="soft">
        ${prunable} ${prunable === 1 ? "key is" : "keys are"} safe to prune. The server does so by itself, within half a minute.
      </p>
    </div>
    <div class="buttons"><button class="button" type="submit">Prune keys</button></div>
  </form>`;
}

/** Asks whether a key is to be withdrawn, and says what comes of it. */
export function compromisePage(kid: string, parts: SigningKeyFormParts): Html {
  return html`<form class="panel" method="post" action="${`${SIGNING_KEYS_PATH}/compromise`}" aria-label="Withdraw a key">
    ${hidden(parts, "compromise")}
    <input type="hidden" name="kid" value="${kid}" />
    <p>Somebody else may have the key <code>${kid}</code>, and could sign tokens with it.</p>
    <ul>
      <li>It leaves the published keys at once, on every server, and its private part is destroyed.</li>
      <li>Everything it has signed is refused from now on: people and applications sign in again.</li>
      <li>Another key signs at once. Making it takes some seconds with RSA.</li>
    </ul>
    <p>This cannot be undone.</p>
    <div class="row">
      <button class="button danger" type="submit">Withdraw the key</button>
      <a class="button quiet" href="${SIGNING_KEYS_PATH}">Keep it</a>
    </div>
  </form>`;
}
