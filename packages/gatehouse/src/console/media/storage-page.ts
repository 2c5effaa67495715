import { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import { moment } from "../format.ts";

const Level = z.enum(["ok", "warning", "critical"]);
const Alarm = z.object({ level: Level, since: z.number() });
const Target = z.object({
  name: z.string(),
  place: z.enum(["hot", "archive"]),
  level: Level,
  alarms: z.object({ availability: Alarm, capacity: Alarm, latency: Alarm }),
  probedAt: z.number().optional(),
  failure: z.string(),
  p50: z.number().optional(),
  p95: z.number().optional(),
  usualP95: z.number().optional(),
  errorRate: z.number(),
  used: z.number().optional(),
  total: z.number().optional(),
  daysToFull: z.number().optional(),
  copies: z.object({
    files: z.number(),
    bytes: z.number(),
    damaged: z.number(),
    leastCheckedAt: z.number().optional(),
  }),
  halted: z.object({ at: z.number(), reason: z.string() }).optional(),
});
type Target = z.infer<typeof Target>;

/** The value of `storage.list`. */
export const StorageRows = z.object({
  targets: z.array(Target),
  files: z.array(z.object({ state: z.string(), files: z.number(), bytes: z.number() })),
  failed: z.array(z.object({ kind: z.string(), key: z.string(), at: z.number(), reason: z.string() })),
  archives: z.boolean(),
});
/** How storage is. */
export type StorageRows = z.infer<typeof StorageRows>;

/** Limits of uploads and joining that were used up within the last day. */
export interface Breach {
  readonly action: string;
  /** How often, and when last. */
  readonly count: number;
  readonly at: number;
}

/** Where storage is shown, and what is done with it below. */
export const STORAGE_PATH = "/console/storage";

/** What the page is made from. */
export interface StoragePageParts {
  readonly found: StorageRows;
  readonly breaches: readonly Breach[];
  readonly csrfToken: string;
}

const TONES = { ok: "good", warning: "warn", critical: "bad" } as const;
const MEANINGS: Readonly<Record<string, string>> = {
  hot: "At hot alone",
  copied: "At hot and in the archive",
  evicting: "Leaving hot",
  archived: "In the archive alone",
  removed: "Being removed",
};
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const STEP = 1024;

/** The targets, what lies there, and what went wrong. */
export function storagePage({ found, breaches, csrfToken }: StoragePageParts): Html {
  return html`<section class="cards" aria-label="Targets">
      ${found.targets.map((target) => targetCard(target, csrfToken))}
    </section>
    <form class="panel filters" method="post" action="${`${STORAGE_PATH}/probe`}" aria-label="Probe the targets">
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <p class="soft full">Targets are probed once a minute: a small and a large file are written, read and deleted.</p>
      <div class="buttons"><button class="button" type="submit">Probe now</button></div>
    </form>
    ${filesPanel(found)} ${found.failed.length > 0 && failedPanel(found.failed)} ${breachesPanel(breaches)}`;
}

function targetCard(target: Target, csrfToken: string): Html {
  const { name, level, failure, probedAt, p50, p95, usualP95, errorRate, copies, halted } = target;
  return html`<div class="panel">
    <h2>${name} <span class="tag ${TONES[level]}">${level}</span></h2>
    ${halted && haltNotice(target, csrfToken)}
    ${failure !== "" && html`<p class="notice bad">${failure}</p>`}
    <dl>
      <dt>Capacity</dt>
      <dd>${capacityText(target)}</dd>
      <dt>Days to full</dt>
      <dd>${target.daysToFull === undefined ? "-" : Math.floor(target.daysToFull)}</dd>
      <dt>Latency</dt>
      <dd>${milliseconds(p50)} (95 %: ${milliseconds(p95)}, usually ${milliseconds(usualP95)})</dd>
      <dt>Failed probes</dt>
      <dd>${(errorRate * 100).toFixed(1)} % of the last hour</dd>
      <dt>Copies</dt>
      <dd>
        ${copies.files}, ${sizeText(copies.bytes)}
        ${copies.damaged > 0 && html`<span class="tag bad">${copies.damaged} damaged</span>`}
      </dd>
      <dt>All checked since</dt>
      <dd>${copies.leastCheckedAt === undefined ? "-" : moment(copies.leastCheckedAt)}</dd>
      <dt>Probed</dt>
      <dd>${probedAt === undefined ? "not yet" : moment(probedAt)}</dd>
    </dl>
  </div>`;
}

function haltNotice({ name, halted }: Target, csrfToken: string): Html | undefined {
  if (halted === undefined) return undefined;
  return html`<p class="notice bad">
      Transfers and deletions are stopped since ${moment(halted.at)} (UTC): ${halted.reason}
    </p>
    <form method="post" action="${`${STORAGE_PATH}/resume`}" aria-label="${`Resume transfers to ${name}`}">
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <input type="hidden" name="target" value="${name}" />
      <button class="button danger" type="submit">Resume</button>
    </form>`;
}

function filesPanel({ files, archives }: StorageRows): Html {
  return html`<section class="panel" aria-labelledby="files">
    <h2 id="files">Files</h2>
    ${archives ? undefined : html`<p class="soft">There is no archive: files stay where they are (media.storage.archive.target).</p>`}
    <div class="table">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Where</th>
            <th scope="col">Files</th>
            <th scope="col">Size</th>
          </tr>
        </thead>
        <tbody>
          ${files.map(
            ({ state, files: count, bytes }) =>
              html`<tr>
                <td data-label="Where">${MEANINGS[state] ?? state}</td>
                <td data-label="Files">${count}</td>
                <td data-label="Size">${sizeText(bytes)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function failedPanel(failed: StorageRows["failed"]): Html {
  return html`<section class="panel" aria-labelledby="failed">
    <h2 id="failed">Failed transfers</h2>
    <div class="table">
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Time (UTC)</th>
            <th scope="col">What</th>
            <th scope="col">File</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          ${failed.map(
            ({ at, kind, key, reason }) =>
              html`<tr>
                <td data-label="Time">${moment(at)}</td>
                <td data-label="What">${kind}</td>
                <td data-label="File"><code>${key}</code></td>
                <td data-label="Why">${reason}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function breachesPanel(breaches: readonly Breach[]): Html {
  return html`<section class="panel" aria-labelledby="breaches">
    <h2 id="breaches">Limits of uploads and joining</h2>
    ${
      breaches.length === 0
        ? html`<p class="empty">None was used up in the last 24 hours.</p>`
        : html`<div class="table">
            <table class="stack">
              <thead>
                <tr>
                  <th scope="col">Action</th>
                  <th scope="col">Refusals in 24 hours</th>
                  <th scope="col">Last (UTC)</th>
                </tr>
              </thead>
              <tbody>
                ${breaches.map(
                  ({ action, count, at }) =>
                    html`<tr>
                      <td data-label="Action"><code>${action}</code></td>
                      <td data-label="Refusals">${count}</td>
                      <td data-label="Last">${moment(at)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    <p><a href="/console/events?name=excess_rate_limit_exceeded">See them</a></p>
  </section>`;
}

function capacityText({ used, total }: Target): string {
  if (used === undefined || total === undefined || total === 0) return "not known";
  return `${sizeText(used)} of ${sizeText(total)} (${Math.round((used / total) * 100)} %)`;
}

function milliseconds(time: number | undefined): string {
  return time === undefined ? "-" : `${Math.round(time)} ms`;
}

/** A size as people read it. */
function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / Math.log2(STEP)));
  const amount = bytes / STEP ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${UNITS[power] ?? ""}`;
}
