import { html, type Html } from "../../html/html.ts";
import { hiddenFields, WORK_PATH } from "./words.ts";
import type { Examined, Item } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";

/** What the forms about an order are made from. */
export interface WorkFormParts {
  readonly examined: Examined;
  readonly csrfToken: string;
  /** A key of its own for each form. */
  readonly idempotencyKey: () => string;
  /** What was typed before something was refused. */
  readonly typed?: URLSearchParams | undefined;
}

const REVERTIBLE = "completed";
const REQUEUABLE: ReadonlySet<string> = new Set(["rejected", "failed"]);
const CANCELLABLE: ReadonlySet<string> = new Set([
  ...["queued", "checked_out", "in_progress", "submitted", "approved", "failed"],
]);

/** What can be decided about an order now. */
export function decisionForms(parts: WorkFormParts): Html {
  const { order, plan, items } = parts.examined;
  const isReviewed = order.state === "submitted";
  const isPlanned = plan !== undefined && plan.voided_because === undefined && order.reason === "awaiting_review";
  const isStuck = isReviewed && order.reason === "preview_failed";
  return html`<section class="decisions" aria-label="Decide">
    ${isReviewed && isPlanned ? approveForm(parts, plan.digest) : undefined}
    ${isReviewed && items.some(({ state }) => state === "submitted") ? reworkForm(parts) : undefined}
    ${isReviewed ? rejectForm(parts) : undefined}
    ${isStuck || REQUEUABLE.has(order.state) ? requeueForm(parts) : undefined}
    ${order.state === REVERTIBLE && parts.examined.type?.revertible === true ? reasonForm(parts, REVERT) : undefined}
    ${CANCELLABLE.has(order.state) ? reasonForm(parts, CANCEL) : undefined} ${commentForm(parts)}
  </section>`;
}

interface Step {
  readonly step: string;
  readonly title: string;
  readonly lead: string;
}

function form(
  { examined: { order }, csrfToken, idempotencyKey }: WorkFormParts,
  { step, title, lead }: Step,
  fields: Html,
): Html {
  return html`<form
    class="panel filters"
    method="post"
    action="${`${WORK_PATH}/${order.order}/${step}`}"
    aria-labelledby="${`${step}-title`}"
  >
    <h2 id="${`${step}-title`}" class="full">${title}</h2>
    <p class="soft full">${lead}</p>
    ${hiddenFields({ _csrf_token: csrfToken, idempotency_key: idempotencyKey() })} ${fields}
  </form>`;
}

/** Names the very plan that is shown: another one is not approved by this. */
function seenFields({ examined: { plan } }: WorkFormParts): readonly Html[] {
  return hiddenFields({ revision: String(plan?.revision ?? 0), digest: plan?.digest ?? "" });
}

function approveForm(parts: WorkFormParts, digest: string): Html {
  const { standing } = parts.examined;
  const { approvals, needed, step_up: stepUp, stepped_up: steppedUp } = standing;
  const [title, left] = ["Approve", needed - approvals.length];
  const effect =
    left > 1 ? `${left} people have to approve it, you would be one of them.` : "It is carried out at once.";
  return form(
    parts,
    { step: "approve", title, lead: `Approves exactly the plan above. ${effect}` },
    html`${seenFields(parts)}
      <p class="full soft">Plan <code>${digest.slice(0, 12)}…</code></p>
      ${hindrance(standing)}
      ${stepUp && !steppedUp ? html`<p class="notice full">This needs a sign-in of the last ten minutes with a second factor. Sign out and in again, then come back here.</p>` : undefined}
      ${textArea(parts, { name: "notes", label: "Notes", required: false })}
      <div class="buttons"><button class="button" type="submit" data-key="a">Approve</button></div>`,
  );
}

function hindrance({ independent, approved_already: already }: Examined["standing"]): Html | undefined {
  if (!independent)
    return html`<p class="notice bad full">You have proposed this order or worked on it, so that somebody else has to review it.</p>`;
  return already ? html`<p class="notice full">You have approved it. Somebody else has to as well.</p>` : undefined;
}

function reworkForm(parts: WorkFormParts): Html {
  const items = parts.examined.items.filter(({ state }) => state === "submitted");
  const lead =
    "Agents do it again and are told why. Items that are ticked or have a note are done again; where there are none, all are.";
  return form(
    parts,
    { step: "rework", title: "Have it done again", lead },
    html`${seenFields(parts)} ${textArea(parts, { name: "notes", label: "What has to be better", required: false, key: "r" })}
      <details class="full" ?open=${items.length <= 3 || items.some(({ key }) => isNamed(parts, key))}>
        <summary>Single items</summary>
        ${items.map((item) => reworkItem(parts, item))}
      </details>
      <div class="buttons"><button class="button quiet" type="submit">Send back</button></div>`,
  );
}

function isNamed({ typed }: WorkFormParts, key: string): boolean {
  return typed !== undefined && (typed.has(`tick ${key}`) || (typed.get(`note ${key}`) ?? "") !== "");
}

function reworkItem({ typed }: WorkFormParts, { key }: Item): Html {
  return html`<fieldset class="item-note">
    <legend>${visibleText(key)}</legend>
    <label class="check"
      ><input type="checkbox" name="${`tick ${key}`}" value="yes" ?checked=${typed?.has(`tick ${key}`) === true} />Do again</label
    >
    <label
      >Note<textarea name="${`note ${key}`}" rows="2" maxlength="1000">${typed?.get(`note ${key}`) ?? ""}</textarea>
    </label>
  </fieldset>`;
}

function rejectForm(parts: WorkFormParts): Html {
  return form(
    parts,
    { step: "reject", title: "Reject", lead: "Ends the order. Nothing is changed, and nobody works on it any more." },
    html`${seenFields(parts)} ${textArea(parts, { name: "why", label: "Why", required: true })}
      <div class="buttons"><button class="button danger" type="submit">Reject</button></div>`,
  );
}

function requeueForm(parts: WorkFormParts): Html {
  const lead =
    "Puts it to work again: items that were rejected or have failed are handed out anew, else a new plan is made.";
  return form(
    parts,
    { step: "requeue", title: "Requeue", lead },
    html`<div class="buttons"><button class="button" type="submit">Requeue</button></div>`,
  );
}

interface ReasonStep extends Step {
  readonly button: string;
}

const CANCEL: ReasonStep = {
  ...{ step: "cancel", title: "Cancel", button: "Cancel the order" },
  lead: "Ends the order before anything was changed. Whoever holds a piece of it is told to stop.",
};
const REVERT: ReasonStep = {
  ...{ step: "revert", title: "Take it back", button: "Propose to take it back" },
  lead: "Proposes an order that undoes what this one has changed. Somebody else reviews it, as any other.",
};

function reasonForm(parts: WorkFormParts, { button, ...step }: ReasonStep): Html {
  return form(
    parts,
    step,
    html`<label class="wide">Reason<input name="reason" maxlength="500" autocomplete="off" /></label>
      <div class="buttons"><button class="button quiet" type="submit">${button}</button></div>`,
  );
}

function commentForm(parts: WorkFormParts): Html {
  return form(
    parts,
    { step: "comment", title: "Comment", lead: "Is shown with the order, to whoever works on it as well." },
    html`${textArea(parts, { name: "text", label: "Comment", required: true })}
      <div class="buttons"><button class="button quiet" type="submit">Comment</button></div>`,
  );
}

interface Area {
  readonly name: string;
  readonly label: string;
  readonly required: boolean;
  /** The key that leads there. */
  readonly key?: string;
}

function textArea({ typed }: WorkFormParts, { name, label, required, key }: Area): Html {
  return html`<label class="full"
    >${label}<textarea name="${name}" rows="3" maxlength="1000" ?required=${required} data-key="${key}">${typed?.get(name) ?? ""}</textarea>
  </label>`;
}

/** The form that asks for what is masked; the audit trail tells who did, and why. */
export function revealForm(
  parts: Pick<WorkFormParts, "examined" | "csrfToken">,
  {
    step,
    fields,
    what,
  }: { readonly step: string; readonly fields: Readonly<Record<string, string>>; readonly what: string },
): Html {
  const address = `${WORK_PATH}/${parts.examined.order.order}/${step}`;
  return html`<details class="same">
    <summary>Show ${what}</summary>
    <form class="filters" method="post" action="${address}">
      ${hiddenFields({ _csrf_token: parts.csrfToken, ...fields })}
      <label class="wide">Why you have to see it<input name="reason" required maxlength="500" autocomplete="off" /></label>
      <div class="buttons"><button class="button quiet" type="submit">Show it</button></div>
      <p class="soft full">The audit trail tells that you have looked.</p>
    </form>
  </details>`;
}
