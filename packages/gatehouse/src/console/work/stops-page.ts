import type { z } from "zod";
import { html, type Html } from "../../html/html.ts";
import { moment } from "../format.ts";
import type { Counts, Pauses } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";
import { hiddenFields, words, WORK_PATH } from "./words.ts";

/** Where work is stopped and let go on. */
export const STOPS_PATH = `${WORK_PATH}/stops`;

/** What the page is made from. */
export interface StopsParts {
  readonly pauses: z.infer<typeof Pauses>["pauses"];
  readonly types: z.infer<typeof Counts>["types"];
  readonly csrfToken: string;
  readonly idempotencyKey: () => string;
}

/** What is stopped, and the form that stops more. */
export function stopsPage(parts: StopsParts): Html {
  return html`<p><a href="${WORK_PATH}" data-key="u">Back to the queue</a></p>
    ${stoppedPanel(parts)} ${stopForm(parts)}`;
}

function stoppedPanel({ pauses, csrfToken, idempotencyKey }: StopsParts): Html {
  return html`<section class="panel" aria-labelledby="stopped">
    <h2 id="stopped">Stopped</h2>
    ${
      pauses.length === 0
        ? html`<p class="empty">Nothing is stopped.</p>`
        : html`<div class="table">
            <table class="stack work">
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">Why</th>
                  <th scope="col">By</th>
                  <th scope="col">Since (UTC)</th>
                  <th scope="col"><span class="visually-hidden">What to do</span></th>
                </tr>
              </thead>
              <tbody>
                ${pauses.map(
                  ({ kind, name, reason, paused_by: by, at }) =>
                    html`<tr>
                      <td data-label="What">${words(kind)} ${name === "" ? undefined : visibleText(name)}</td>
                      <td data-label="Why">${visibleText(reason)}</td>
                      <td data-label="By">${visibleText(by)}</td>
                      <td data-label="Since">${moment(at)}</td>
                      <td>
                        <form method="post" action="${`${STOPS_PATH}/resume`}">
                          ${hiddenFields({ _csrf_token: csrfToken, idempotency_key: idempotencyKey(), kind, name })}
                          <button class="button quiet" type="submit">Let it go on<span class="visually-hidden">: ${words(kind)} ${visibleText(name)}</span></button>
                        </form>
                      </td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function stopForm({ types, csrfToken, idempotencyKey }: StopsParts): Html {
  return html`<form class="panel filters" method="post" action="${`${STOPS_PATH}/pause`}" aria-labelledby="stop-title">
    <h2 id="stop-title" class="full">Stop</h2>
    <p class="soft full">
      Nothing of it is handed out, handed in or carried out until you let it go on. Whoever holds a piece is told to stop.
    </p>
    ${hiddenFields({ _csrf_token: csrfToken, idempotency_key: idempotencyKey() })}
    <label
      >What<select name="kind">
        <option value="agent">One agent</option>
        <option value="type">One type of orders</option>
        <option value="tenant">Everything here</option>
        <option value="auto_approval">Approvals by rule</option>
      </select></label
    >
    <label class="wide"
      >Which<input name="name" maxlength="200" autocomplete="off" list="work-types" placeholder="an agent, or a type"
    /></label>
    <datalist id="work-types">${types.map(({ type, title }) => html`<option value="${type}">${title}</option>`)}</datalist>
    <label class="wide">Reason<input name="reason" required maxlength="500" autocomplete="off" /></label>
    <div class="buttons"><button class="button danger" type="submit">Stop</button></div>
  </form>`;
}
