import { html, type Html } from "../../html/html.ts";
import { moment } from "../format.ts";
import type { Examined } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";
import { actorWords, findingList, programWords, words } from "./words.ts";

const DECISIONS: Readonly<Record<string, readonly [tone: string, word: string]>> = {
  approve: ["good", "approved"],
  reject: ["bad", "rejected"],
  rework: ["warn", "sent back"],
};

/** What was decided before, what came of carrying it out, and all that has happened. */
export function historyPanels(examined: Examined): Html {
  const { reviews, applications } = examined;
  return html`${reviews.length === 0 ? undefined : reviewPanel(reviews)}
  ${applications.length === 0 ? undefined : applicationPanel(applications)} ${eventPanel(examined)}`;
}

function reviewPanel(reviews: Examined["reviews"]): Html {
  return html`<section class="panel" aria-labelledby="reviews">
    <h2 id="reviews">Reviews</h2>
    <ol class="findings">
      ${reviews.map(({ decision, reviewer, revision, at, voided, notes, errors }) => {
        const [tone, word] = DECISIONS[decision] ?? ["", decision];
        return html`<li>
          <span class="tag ${tone}">${word}</span> revision ${revision} by ${actorWords(reviewer)}, ${moment(at)}
          ${voided ? html`<span class="soft">counts no longer</span>` : undefined}
          ${notes === "" ? undefined : html`<div>${visibleText(notes, { block: true })}</div>`}
          ${errors === undefined ? undefined : findingList(errors)}
        </li>`;
      })}
    </ol>
  </section>`;
}

function applicationPanel(applications: Examined["applications"]): Html {
  return html`<section class="panel" aria-labelledby="applications">
    <h2 id="applications">Carried out</h2>
    <ol class="findings">
      ${applications.map(
        ({ revision, attempt, state, detail, at }) =>
          html`<li>
            <span class="tag ${state === "applied" ? "good" : "bad"}">${state}</span> revision ${revision}, try ${attempt},
            ${moment(at)} ${detail === "" ? undefined : visibleText(words(detail))}
          </li>`,
      )}
    </ol>
  </section>`;
}

function eventPanel({ events, items }: Examined): Html {
  const keys = new Map(items.map(({ item, key }) => [item, key]));
  return html`<section class="panel" aria-labelledby="events">
    <h2 id="events">What has happened</h2>
    <div class="table">
      <table class="stack work">
        <thead>
          <tr>
            <th scope="col">Time (UTC)</th>
            <th scope="col">What</th>
            <th scope="col">Who</th>
            <th scope="col">Details</th>
          </tr>
        </thead>
        <tbody>
          ${events.map((event) => eventRow(event, event.item === undefined ? undefined : keys.get(event.item)))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function eventRow(
  { kind, actor, at, from, to, details, provenance }: Examined["events"][number],
  key: string | undefined,
): Html {
  return html`<tr>
    <td data-label="Time">${moment(at)}</td>
    <td data-label="What">
      <span class="line">${words(kind)}</span>
      ${key === undefined ? undefined : html`<span class="line">${visibleText(key)}</span>`}
      ${from === undefined || to === undefined ? undefined : html`<span class="line soft">${words(from)} → ${words(to)}</span>`}
    </td>
    <td data-label="Who">
      ${actorWords(actor)}
      ${provenance?.agent === undefined && provenance?.model === undefined ? undefined : html`<span class="line soft">${programWords(provenance)}</span>`}
    </td>
    <td data-label="Details">
      ${Object.entries(details).map(
        ([name, value]) =>
          html`<span class="line"
            ><span class="soft">${visibleText(name)}</span> ${visibleText(typeof value === "string" ? value : JSON.stringify(value), { longest: 2000 })}</span
          >`,
      )}
    </td>
  </tr>`;
}
