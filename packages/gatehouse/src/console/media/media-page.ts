import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import { moment } from "../format.ts";

const State = z.enum([
  "received",
  "scanning",
  "clean",
  "infected",
  "unscannable",
  "suspicious",
  "published",
  "rejected",
  "held",
]);
type State = z.infer<typeof State>;

/** The value of `media.status`. */
export const MediaStatus = z.object({
  scanner: z.object({
    state: z.enum(["ready", "outdated", "unavailable", "none"]),
    name: z.string().optional(),
    reason: z.string().optional(),
    version: z.object({ text: z.string(), signaturesAt: z.number().optional() }).optional(),
  }),
  queue: z.object({ files: z.number(), age: z.number() }),
  counts: z.array(z.object({ state: State, reason: z.string(), count: z.number(), oldest: z.number() })),
  dead: z.array(z.object({ kind: z.string(), reason: z.string(), deadAt: z.number() })),
});

const Asset = z.object({
  id: z.string(),
  collection: z.string(),
  name: z.string(),
  bytes: z.number(),
  state: State,
  reason: z.string(),
  owner: z.object({ type: z.string(), id: z.string() }),
  findings: z.object({ type: z.string().optional() }),
  scannedBy: z.string().optional(),
  quarantined: z.boolean(),
  receivedAt: z.number(),
});
type Asset = z.infer<typeof Asset>;

/** The value of `media.assets.list`. */
export const MediaRows = z.object({ assets: z.array(Asset), next: z.string().optional() });

/** Where files that people brought are listed. */
export const MEDIA_PATH = "/console/media";

/** What the page is made from. */
export interface MediaPageParts {
  readonly status: z.infer<typeof MediaStatus>;
  readonly found: z.infer<typeof MediaRows>;
  /** A state, or nothing for all. */
  readonly state: string;
  readonly after: string;
  readonly csrfToken: string;
  readonly idempotencyKey: string;
}

const TONES: Readonly<Record<State, string>> = {
  ...{ received: "", scanning: "", clean: "", published: "good", held: "warn" },
  ...{ rejected: "warn", unscannable: "warn", suspicious: "bad", infected: "bad" },
};
/** Milliseconds that files wait without anybody having to worry. */
const SOON = 60_000;

/** The scanner, the queue, and the files with what can be done about each. */
export function mediaPage(parts: MediaPageParts): Html {
  const { found, state } = parts;
  return html`${scannerNotice(parts.status)} ${summary(parts.status)} ${filterForm(state)}
    <section class="panel" aria-label="Files">
      ${found.assets.length === 0 ? html`<p class="empty">There is no such file.</p>` : table(parts)}
    </section>
    ${pager(parts)}`;
}

/** Whether a state is one of those that files can be listed by. */
export function isAssetState(text: string): boolean {
  return State.safeParse(text).success;
}

function scannerNotice({ scanner }: MediaPageParts["status"]): Html | undefined {
  if (scanner.state === "ready") return undefined;
  if (scanner.state === "none") {
    return html`<p class="notice bad" role="alert">
      <strong>Nothing is scanned.</strong> Files are published without having been looked at for malware:
      ${scanner.reason ?? "no clamd was found when the server started"}.
    </p>`;
  }
  return html`<p class="notice bad" role="alert">
    <strong>Files are held.</strong> ${scanner.reason ?? "The scanner has no answer."} They are published once it has one.
  </p>`;
}

function summary({ scanner, queue, counts, dead }: MediaPageParts["status"]): Html {
  const tone = scanner.state === "ready" ? "good" : "bad";
  const { version } = scanner;
  return html`<section class="panel" aria-label="Scanner and queue">
    <dl class="facts">
      <div>
        <dt>Scanner</dt>
        <dd>
          <span class="tag ${tone}">${scanner.state}</span> ${version?.text ?? scanner.name ?? ""}
          ${version?.signaturesAt === undefined ? undefined : html`<span class="soft">signatures of ${moment(version.signaturesAt)}</span>`}
        </dd>
      </div>
      <div>
        <dt>Waiting</dt>
        <dd>
          <span class="tag ${queue.age > SOON ? "bad" : "good"}">${queue.files}</span>
          ${queue.files === 0 ? undefined : html`the first for ${Math.round(queue.age / 1000)} s`}
        </dd>
      </div>
      ${counts.map(
        ({ state, reason, count }) =>
          html`<div>
            <dt>${state}${state === "held" ? ` (${reason})` : ""}</dt>
            <dd><span class="tag ${TONES[state]}">${count}</span></dd>
          </div>`,
      )}
    </dl>
    ${dead.map(({ kind, reason, deadAt }) => html`<p class="notice bad">${kind} was given up at ${moment(deadAt)}: ${reason}</p>`)}
  </section>`;
}

function filterForm(state: string): Html {
  return html`<form class="panel filters" method="get" action="${MEDIA_PATH}" role="search" aria-label="Filter files">
    <label>
      State
      <select name="state">
        <option value="">All</option>
        ${State.options.map((option) => html`<option value="${option}" ?selected=${option === state}>${option}</option>`)}
      </select>
    </label>
    <div class="buttons"><button class="button" type="submit">Filter</button></div>
  </form>`;
}

function table(parts: MediaPageParts): Html {
  return html`<div class="table" tabindex="0" role="region" aria-label="Table of files">
    <table class="stack media">
      <caption class="visually-hidden">
        Files that people brought, newest first
      </caption>
      <thead>
        <tr>
          <th scope="col">File</th>
          <th scope="col">State</th>
          <th scope="col">Scanned by</th>
          <th scope="col">Received (UTC)</th>
          <th scope="col">Decide</th>
        </tr>
      </thead>
      <tbody>
        ${parts.found.assets.map((asset) => row(parts, asset))}
      </tbody>
    </table>
  </div>`;
}

function row(parts: MediaPageParts, asset: Asset): Html {
  const { id, collection, name, bytes, state, reason, owner, findings, scannedBy, receivedAt } = asset;
  return html`<tr>
    <td data-label="File">
      <span class="line">${name}</span>
      <span class="line soft">${findings.type ?? "type not known yet"}, ${bytes} bytes, ${collection}</span>
      <code class="line soft">${id}</code>
    </td>
    <td data-label="State">
      <span class="tag ${TONES[state]}">${state}</span>${reason === "" ? undefined : html`<span class="line">${meaningOf(state, reason)}</span>`}
    </td>
    <td data-label="Scanned by">
      ${
        scannedBy !== undefined
          ? scannedBy
          : state === "published"
            ? html`<span class="tag bad">not scanned</span>`
            : html`<span class="soft">Not yet</span>`
      }
    </td>
    <td data-label="Received">
      <span class="line">${moment(receivedAt)}</span><span class="line soft">${owner.type} ${owner.id}</span>
    </td>
    <td data-label="Decide">${decisions(parts, asset)}</td>
  </tr>`;
}

/** Reasons of held files that were made all forms of. */
const COMPLETE: ReadonlySet<string> = new Set(["moderation", "hidden", "operator", "unscannable"]);

function meaningOf(state: State, reason: string): string {
  if (reason === "operator") return state === "published" ? "by an operator" : "hidden by an operator";
  if (state !== "held") return reason;
  return reason === "hidden" ? "hidden by a host" : reason;
}

function decisions(parts: MediaPageParts, { id, name, state, reason, quarantined }: Asset): Html {
  const button = (step: string, label: string, tone: string): Html =>
    html`<form method="post" action="${`${MEDIA_PATH}/${step === "rescan" ? "rescan" : "moderate"}`}">
      <input type="hidden" name="_csrf_token" value="${parts.csrfToken}" />
      <input type="hidden" name="idempotency_key" value="${`${parts.idempotencyKey}-${step}-${id}`}" />
      <input type="hidden" name="asset" value="${id}" />
      ${step === "rescan" ? undefined : html`<input type="hidden" name="decision" value="${step}" />`}
      <button class="${`button ${tone}`}" type="submit">${label}<span class="visually-hidden"> ${name}</span></button>
    </form>`;
  const complete = state === "held" && COMPLETE.has(reason);
  const hideable = state === "published" || (complete && reason !== "operator");
  return html`${complete ? button("publish", "Publish", "") : undefined}
  ${hideable ? button("hide", "Hide", "quiet") : undefined}
  ${state === "published" || complete || quarantined ? button("rescan", "Scan again", "quiet") : undefined}
  ${state === "rejected" ? undefined : button("reject", "Reject", "danger")}`;
}

function pager({ found: { next }, state, after }: MediaPageParts): Html | undefined {
  if (next === undefined && after === "") return undefined;
  const address = (more: Readonly<Record<string, string>>): string =>
    `${MEDIA_PATH}?${new URLSearchParams({ ...(state === "" ? {} : { state }), ...more }).toString()}`;
  return html`<nav class="pager" aria-label="Pages">
    ${after === "" ? html`<span></span>` : html`<a class="button quiet" href="${address({})}">Newest</a>`}
    ${next === undefined ? undefined : html`<a class="button quiet" href="${address({ after: next })}" rel="next">Older</a>`}
  </nav>`;
}
