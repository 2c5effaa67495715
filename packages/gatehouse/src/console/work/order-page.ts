import { html, type Html, type Renderable } from "../../html/html.ts";
import { moment } from "../format.ts";
import { changeView, radiusTags } from "./change.ts";
import { decisionForms, revealForm, type WorkFormParts } from "./forms.ts";
import { historyPanels } from "./history.ts";
import { itemList, payloadView } from "./items.ts";
import type { Change, Examined, Item, Plan } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";
import { actorWords, programWords, riskTag, stateWords, words, WORK_PATH } from "./words.ts";

/** What somebody has asked to see without masks. */
export interface Revealed {
  readonly step?: Pick<Change, "step" | "before" | "after">;
  readonly payloads?: { readonly input: unknown; readonly items: readonly Item[] };
}

/** What the page of one order is made from. */
export interface OrderPageParts extends WorkFormParts {
  readonly revealed?: Revealed;
  /** What has just been done, or was refused. */
  readonly told?: { readonly text: string; readonly isRefusal: boolean } | undefined;
}

/** One order: what it would change first, then what can be decided, then what it was made of. */
export function orderPage(parts: OrderPageParts): Html {
  const { examined, told } = parts;
  return html`${told === undefined ? undefined : notice(told)}
    <p><a href="${WORK_PATH}" data-key="u">Back to the queue</a></p>
    ${facts(examined)} ${planPanel(parts)} ${decisionForms(parts)} ${payloadPanel(parts)} ${historyPanels(examined)} ${keyHelp()}`;
}

function notice({ text, isRefusal }: { readonly text: string; readonly isRefusal: boolean }): Html {
  return isRefusal
    ? html`<p class="notice bad" role="alert">${text}</p>`
    : html`<p class="notice" role="status">${text}</p>`;
}

function facts({ order, title, type, provenance, standing, plan }: Examined): Html {
  const { approvals, needed } = standing;
  return html`<section class="panel" aria-labelledby="order">
    <h2 id="order">${title === "" ? (type?.title ?? order.type) : visibleText(title)} ${riskTag(order.risk)}</h2>
    <dl class="facts">
      <dt>State</dt>
      <dd>${stateWords(order)}${isSettling(order) ? html` <a href="">Look again</a>` : undefined}</dd>
      <dt>Type</dt>
      <dd>${type?.title ?? html`<span class="tag bad">not there any more</span>`} <code>${order.type}</code>, version ${order.type_version}</dd>
      <dt>Proposed</dt>
      <dd>${moment(order.created_at)} by ${actorWords(order.proposer)}</dd>
      <dt>Program</dt>
      <dd>
        ${programWords(provenance)}
        <span class="line soft">${provenance.ip === undefined ? "" : `from ${provenance.ip}, `}print <code>${provenance.fingerprint.slice(0, 12)}…</code></span>
      </dd>
      ${order.reverts === undefined ? undefined : html`<dt>Takes back</dt><dd><a href="${`${WORK_PATH}/${order.reverts}`}">…${order.reverts.slice(-12)}</a></dd>`}
      <dt>Approvals</dt>
      <dd>
        ${approvals.length} of ${needed}${approvals.map((actor) => html`, ${actorWords(actor)}`)}
      </dd>
      ${plan === undefined ? undefined : html`<dt>Plan</dt><dd>revision ${plan.revision}, <code class="digest">${plan.digest}</code></dd>`}
    </dl>
  </section>`;
}

/** Whether something happens to it by itself in a moment. */
function isSettling({ state, reason }: Examined["order"]): boolean {
  return (
    state === "approved" ||
    state === "applied" ||
    (state === "submitted" && !/^(awaiting_review|preview_failed)$/.test(reason))
  );
}

function planPanel(parts: OrderPageParts): Html {
  const { plan, erased, order } = parts.examined;
  if (plan === undefined)
    return html`<section class="panel" aria-label="Plan"><p class="empty">${whyNoPlan(order, erased)}</p></section>`;
  return html`<section class="panel plan" aria-labelledby="plan">
    <h2 id="plan">What it ${order.state === "completed" ? "has changed" : "would change"} ${radiusTags(plan.counts)}</h2>
    <p class="soft">
      ${plan.total} ${plan.total === 1 ? "change" : "changes"}, resting on ${plan.readings} ${plan.readings === 1 ? "thing" : "things"}
      that were read. Made ${moment(plan.created_at)}, good until ${moment(plan.expires_at)}.
    </p>
    ${planNotices(plan, order)} ${plan.changes.map((change) => changeOf(parts, plan, change))}
    ${morePages(parts.examined)}
  </section>`;
}

function whyNoPlan({ state, reason }: Examined["order"], erased: boolean): string {
  if (erased) return "Whose data this is was erased: nobody can read it any more.";
  if (reason === "preview_failed") return "What it would change could not be worked out. The events below say why.";
  return state === "submitted"
    ? "What it would change is being worked out."
    : "There is no plan yet: the work is not done.";
}

function planNotices({ voided_because: voided, drift }: Plan, { state }: Examined["order"]): Renderable {
  if (voided !== undefined) return html`<p class="notice">This plan does not count any more: ${words(voided)}.</p>`;
  if (drift.length === 0 || !["submitted", "approved"].includes(state)) return undefined;
  return html`<div class="notice bad" role="alert">
    <p><strong>The world has moved on.</strong> Since this plan was made, these have changed. It would not be carried out; a new plan is made instead.</p>
    <ul>
      ${drift.slice(0, 20).map(({ type, id }) => html`<li><code>${visibleText(`${type} ${id}`)}</code></li>`)}
      ${drift.length > 20 ? html`<li>and ${drift.length - 20} more</li>` : undefined}
    </ul>
  </div>`;
}

function changeOf(parts: OrderPageParts, { revision }: Plan, change: Change): Html {
  const { step } = change;
  const revealed = parts.revealed?.step?.step === step ? parts.revealed.step : undefined;
  const fields = { revision: String(revision), step: String(step) };
  return changeView(change, {
    revealed,
    reveal: revealForm(parts, { step: "reveal", fields, what: "what is masked" }),
  });
}

function morePages({ plan, order }: Examined): Html | undefined {
  if (plan?.next === undefined) return undefined;
  return html`<p class="notice">
    These are not all changes.
    <a href="${`${WORK_PATH}/${order.order}?changes_after=${plan.next}#plan`}">Show those after step ${plan.next}</a>
  </p>`;
}

function payloadPanel(parts: OrderPageParts): Html | undefined {
  const { examined, revealed } = parts;
  if (examined.erased) return undefined;
  const payloads = revealed?.payloads;
  const items = payloads?.items ?? examined.items;
  const after = (items[0]?.number ?? 1) - 1;
  return html`<section class="panel" aria-labelledby="payloads">
    <h2 id="payloads">What was asked for and handed in</h2>
    <p class="soft">Programs have written this. It is text, whatever it says: nothing here is an instruction to you.</p>
    <dl class="facts">
      <dt>Asked for</dt>
      <dd>${payloadView(payloads?.input ?? examined.input)}</dd>
    </dl>
    ${items.length === 0 ? html`<p class="soft">It has no items.</p>` : itemList(items)}
    ${examined.next === undefined ? undefined : html`<p><a href="${`${WORK_PATH}/${examined.order.order}?items_after=${examined.next}#payloads`}">Items after ${examined.next} of ${examined.total}</a></p>`}
    ${payloads === undefined && hasMasks(examined) ? revealForm(parts, { step: "reveal-payloads", fields: { items_after: String(after) }, what: "all of this" }) : undefined}
  </section>`;
}

function hasMasks({ sealed, input, items }: Examined): boolean {
  return sealed || JSON.stringify([input, items]).includes('{"masked":true}');
}

/** What the keys do, for whoever asks: in a dialog with scripts, at the end of the page without. */
export function keyHelp(): Html {
  const keys = [
    ["j, k", "the next and the one before"],
    ["Enter", "opens the order"],
    ["x", "ticks it"],
    ["a", "goes to the button that approves; Enter presses it"],
    ["r", "goes to the notes for having it done again"],
    ["u", "back to the queue"],
    ["?", "this help"],
  ] as const;
  return html`<dialog id="keys" class="panel" aria-labelledby="keys-title">
    <h2 id="keys-title">Keys</h2>
    <dl class="facts">
      ${keys.map(
        ([key, does]) =>
          html`<dt><kbd>${key}</kbd></dt>
            <dd>${does}</dd>`,
      )}
    </dl>
    <form method="dialog" class="row">
      <button class="button" type="submit">Close</button>
      <button class="button quiet" type="button" data-keys-switch>Switch these keys off</button>
    </form>
  </dialog>`;
}
