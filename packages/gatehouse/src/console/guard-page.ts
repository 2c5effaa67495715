import { html, type Html } from "../html/html.ts";
import type { InventoryRow } from "../kernel/gate.ts";

const MODES = { enforce: "good", shadow: "warn", off: "bad" } as const;

/** Which guards stand before which action, at which entrance. */
export function guardPage(rows: readonly InventoryRow[]): Html {
  const actions = Map.groupBy(rows, ({ action }) => action);
  return html`${[...actions].map(([action, entries]) => actionPanel(action, entries))}`;
}

function actionPanel(action: string, rows: readonly InventoryRow[]): Html {
  const [first] = rows;
  return html`<section class="panel" aria-labelledby="action-${action}">
    <h2 id="action-${action}"><code>${action}</code> <span class="tag">${effectsText(first?.effects)}</span></h2>
    ${rows.map(
      ({ entrance, steps }) =>
        html`<details>
          <summary>Over <strong>${entrance}</strong>, ${steps.length} guards</summary>
          <div class="table">
            <table>
              <caption class="visually-hidden">
                Guards of ${action} over ${entrance}, in order
              </caption>
              <thead>
                <tr>
                  <th scope="col">Phase</th>
                  <th scope="col">Guard</th>
                  <th scope="col">Mode</th>
                  <th scope="col">What it demands</th>
                </tr>
              </thead>
              <tbody>
                ${steps.map(
                  ({ phase, guard, mode, summary }) =>
                    html`<tr>
                      <td>${phase}</td>
                      <td><code>${guard}</code></td>
                      <td><span class="tag ${MODES[mode]}">${mode}</span></td>
                      <td>${summary}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>
        </details>`,
    )}
  </section>`;
}

function effectsText(effects: InventoryRow["effects"] | undefined): string {
  if (effects === "none") return "reads";
  return effects === "external" ? "reaches other systems" : "changes the store";
}
