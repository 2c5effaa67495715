import { html, type Html } from "../html/html.ts";
import type { InventoryRow } from "../kernel/gate.ts";

const MODES = { enforce: "good", shadow: "warn", off: "bad" } as const;

/** Which guards stand before which action, at which entrance. */
export function guardPage(rows: readonly InventoryRow[]): Html {
  const nouns = Map.groupBy(rows, ({ action }) => action.slice(0, action.indexOf(".")));
  return html`${[...nouns].map(([noun, entries]) => nounPanel(noun, entries))}`;
}

function nounPanel(noun: string, rows: readonly InventoryRow[]): Html {
  return html`<section class="panel" aria-labelledby="actions-${noun}">
    <h2 id="actions-${noun}">${noun}</h2>
    ${rows.map(passage)}
  </section>`;
}

function passage({ action, entrance, effects, steps }: InventoryRow): Html {
  const lax = steps.filter(({ mode }) => mode !== "enforce");
  return html`<details>
    <summary>
      <code>${action}</code> over <strong>${entrance}</strong>, ${steps.length} guards<span class="tag"
        >${effectsText(effects)}</span
      >${lax.map(({ guard, mode }) => html`<span class="tag ${MODES[mode]}">${guard}: ${mode}</span>`)}
    </summary>
    <div class="table" tabindex="0" role="region" aria-label="Guards of ${action} over ${entrance}">
      <table class="stack">
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
                <td data-label="Phase">${phase}</td>
                <td data-label="Guard"><code>${guard}</code></td>
                <td data-label="Mode"><span class="tag ${MODES[mode]}">${mode}</span></td>
                <td data-label="Demands">${summary}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

function effectsText(effects: InventoryRow["effects"]): string {
  if (effects === "none") return "reads";
  return effects === "external" ? "reaches other systems" : "changes the store";
}
