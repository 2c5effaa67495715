import { z } from "zod";
import { html, type Html, type Renderable } from "../../html/html.ts";
import { moment } from "../format.ts";
import type { Item } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";
import { actorWords, findingList, programWords, stateWords } from "./words.ts";

/** A value that somebody has sent: a text as such, everything else as JSON. */
export function payloadView(value: unknown): Renderable {
  if (isMasked(value)) return html`<span class="tag warn">masked</span>`;
  const text = typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
  return html`<div class="payload">${visibleText(text, { block: true })}</div>`;
}

function isMasked(value: unknown): boolean {
  return typeof value === "object" && value !== null && "masked" in value && value.masked === true;
}

const Evidence = z.array(z.object({ title: z.string(), text: z.string().optional(), url: z.string().optional() }));

/** Addresses are shown and not linked: nobody is led anywhere by what a program has handed in. */
function evidenceView(value: unknown): Renderable {
  const { success, data } = Evidence.safeParse(value);
  if (!success) return payloadView(value);
  return html`<ul class="findings">
    ${data.map(
      ({ title, text, url }) =>
        html`<li>
          <strong>${visibleText(title)}</strong>
          ${text === undefined ? undefined : visibleText(text, { block: true })}
          ${url === undefined ? undefined : html`<code class="line">${visibleText(url)}</code>`}
        </li>`,
    )}
  </ul>`;
}

/** Items with what was handed in of each. */
export function itemList(items: readonly Item[]): Html {
  return html`${items.map(itemView)}`;
}

function itemView(item: Item): Html {
  const { key, number, state, attempt, attempts, depends_on: needs, errors, parts } = item;
  return html`<details class="item">
    <summary>
      ${visibleText(key)} ${stateWords({ state })}
      <span class="soft">item ${number}, attempt ${attempt} of ${attempts}</span> ${checkTag(item)}
    </summary>
    <dl class="facts">
      ${needs.length === 0 ? undefined : html`<dt>Waits for</dt><dd>${needs.map((need) => html`${visibleText(need)} `)}</dd>`}
      <dt>Asked for</dt>
      <dd>${payloadView(item.input)}</dd>
      ${item.result === undefined ? undefined : html`<dt>Result</dt><dd>${payloadView(item.result)}</dd>`}
      ${item.evidence === undefined ? undefined : html`<dt>Evidence</dt><dd>${evidenceView(item.evidence)}</dd>`}
      ${item.notes === undefined ? undefined : html`<dt>Notes</dt><dd>${payloadView(item.notes)}</dd>`}
      ${parts.length === 0 ? undefined : html`<dt>Parts</dt><dd>${partList(parts)}</dd>`}
      ${checks(item)} ${submission(item)}
      ${errors === undefined ? undefined : html`<dt>Sent back because</dt><dd>${findingList(errors)}</dd>`}
    </dl>
  </details>`;
}

function checkTag({ findings }: Item): Html | undefined {
  if (findings === undefined) return undefined;
  return findings.length === 0
    ? html`<span class="tag good">passes its checks</span>`
    : html`<span class="tag bad">${findings.length} faults</span>`;
}

function checks({ findings = [] }: Item): Html | undefined {
  return findings.length === 0 ? undefined : html`<dt>Checks, as of now</dt><dd>${findingList(findings)}</dd>`;
}

function partList(parts: Item["parts"]): Html {
  return html`<ul class="findings">
    ${parts.map(
      ({ part, seq, bytes, revision, checksum }) =>
        html`<li>
          ${visibleText(part)} ${seq}: ${bytes} bytes${revision === 1 ? "" : `, handed in ${revision} times`},
          <code>${checksum.slice(0, 12)}…</code>
        </li>`,
    )}
  </ul>`;
}

function submission({ submitted }: Item): Html | undefined {
  if (submitted === undefined) return undefined;
  const { by, at, provenance } = submitted;
  return html`<dt>Handed in</dt>
    <dd>
      ${moment(at)} by ${actorWords(by)}
      ${provenance === undefined ? undefined : html`<span class="line soft">${programWords(provenance)}${provenance.ip === undefined ? "" : `, from ${provenance.ip}`}</span>`}
    </dd>`;
}
