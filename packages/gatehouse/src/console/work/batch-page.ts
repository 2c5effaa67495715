import { html, type Html } from "../../html/html.ts";
import { changeView, radiusTags } from "./change.ts";
import type { Examined } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";
import { actorWords, hiddenFields, programWords, riskTag, stateWords, WORK_PATH } from "./words.ts";

/** Orders that are looked at together. */
export const LARGEST_BATCH = 20;

/** What became of one approval of a batch. */
export interface BatchOutcome {
  readonly order: string;
  /** What went wrong; absent where it was approved. */
  readonly fault?: string;
}

/** What the page is made from. */
export interface BatchParts {
  readonly examined: readonly Examined[];
  readonly outcomes?: readonly BatchOutcome[];
  readonly csrfToken: string;
  readonly idempotencyKey: string;
}

/** Plans one below the other. Each is ticked once it was seen: the tick names the very plan that stands above it. */
export function batchPage({ examined, outcomes, csrfToken, idempotencyKey }: BatchParts): Html {
  return html`<p><a href="${WORK_PATH}" data-key="u">Back to the queue</a></p>
    ${outcomes === undefined ? undefined : outcomeList(outcomes)}
    ${
      examined.length === 0
        ? html`<section class="panel" aria-label="Plans"><p class="empty">Nothing was ticked that waits for review.</p></section>`
        : html`<form method="post" action="${`${WORK_PATH}/batch`}" class="queue" aria-label="Plans">
            ${hiddenFields({ _csrf_token: csrfToken, idempotency_key: idempotencyKey })}
            ${examined.map(planOf)}
            <div class="panel row decide">
              <button class="button" type="submit" data-key="a">Approve the ticked plans</button>
              <span class="soft">Only those that are ticked, and only as they stand here.</span>
            </div>
          </form>`
    }`;
}

function outcomeList(outcomes: readonly BatchOutcome[]): Html {
  const done = outcomes.filter(({ fault }) => fault === undefined).length;
  return html`<section class="notice" role="status" aria-label="What became of it">
    <p><strong>${done} of ${outcomes.length} approved.</strong></p>
    <ul>
      ${outcomes.map(
        ({ order, fault }) =>
          html`<li>
            <a href="${`${WORK_PATH}/${order}`}">…${order.slice(-12)}</a>
            ${fault === undefined ? html`<span class="tag good">approved</span>` : html`<span class="tag bad">not approved</span> ${fault}`}
          </li>`,
      )}
    </ul>
  </section>`;
}

function planOf({ order, title, type, plan, provenance, standing }: Examined, index: number): Html {
  const id = `plan-${index}`;
  const whyNot = hindrance({ plan, standing });
  return html`<section class="panel plan" aria-labelledby="${id}" data-row tabindex="-1">
    <h2 id="${id}">
      <a href="${`${WORK_PATH}/${order.order}`}" data-open>${title === "" ? (type?.title ?? order.type) : visibleText(title)}</a>
      ${riskTag(order.risk)} ${plan === undefined ? undefined : radiusTags(plan.counts)}
    </h2>
    <p class="soft">
      ${stateWords(order)} Proposed by ${actorWords(order.proposer)}, ${programWords(provenance)}. Approvals: ${standing.approvals.length} of
      ${standing.needed}.
    </p>
    ${plan?.changes.map((change) => changeView(change, { prefix: `${id}-` }))}
    ${
      whyNot === undefined && plan !== undefined
        ? html`<label class="check tick"
            ><input
              type="checkbox"
              name="${`tick-${index}`}"
              value="${`${order.order} ${plan.revision} ${plan.digest}`}"
              data-tick
            />I have seen plan ${plan.digest.slice(0, 8)} and approve it</label
          >`
        : html`<p class="notice">${whyNot} <a href="${`${WORK_PATH}/${order.order}`}">Open it by itself</a>.</p>`
    }
  </section>`;
}

/** Why a plan cannot be approved among others. */
function hindrance({ plan, standing }: Pick<Examined, "plan" | "standing">): string | undefined {
  if (plan === undefined) return "It has no plan.";
  if (plan.next !== undefined) return "It changes more than is shown here.";
  if (plan.drift.length > 0) return "What it rests on has changed since.";
  if (!standing.independent) return "You have a part in it.";
  if (standing.approved_already) return "You have approved it.";
  return standing.step_up && !standing.stepped_up ? "It needs a fresh sign-in with a second factor." : undefined;
}
