import { html, type Html, type Renderable } from "../../html/html.ts";
import type { Actor, Finding, Order, Provenance } from "./shapes.ts";
import { visibleText } from "../visible-text.ts";

/** Where work orders are reviewed. */
export const WORK_PATH = "/console/work";

const RISKS: Readonly<Record<Order["risk"], string>> = { low: "", medium: "warn", high: "bad" };
const STATES: Readonly<Record<string, string>> = {
  ...{ submitted: "warn", approved: "good", applied: "good", completed: "good" },
  ...{ rejected: "bad", failed: "bad", dead_lettered: "bad" },
};

/** How much harm an order can do, as a tag. */
export function riskTag(risk: Order["risk"]): Html {
  return html`<span class="tag ${RISKS[risk]}">${risk} risk</span>`;
}

/** The state of an order or item, and why it is in it. */
export function stateWords({ state, reason = "" }: { readonly state: string; readonly reason?: string }): Html {
  const tone = STATES[state] ?? "";
  const why = reason === "" ? undefined : html` <span class="soft">${words(reason)}</span>`;
  return html`<span class="tag ${tone}">${words(state)}</span>${why}`;
}

/** A name of ours, such as `checked_out`, as words. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** Who did something, and for whom. */
export function actorWords({ type, id, on_behalf_of: whom }: Actor): Html {
  return html`${type} ${visibleText(id)}${whom === undefined ? undefined : html` for ${visibleText(whom)}`}`;
}

/** What a program says of itself: nothing is decided by it. */
export function programWords({ agent, version, model, runtime }: Provenance): Renderable {
  const said = [
    ...(agent === undefined
      ? []
      : [html`${visibleText(agent)}${version === undefined ? "" : html` ${visibleText(version)}`}`]),
    ...(model === undefined ? [] : [html`model ${visibleText(model)}`]),
    ...(runtime === undefined ? [] : [html`on ${visibleText(runtime)}`]),
  ];
  if (said.length === 0) return html`<span class="soft">says nothing of itself</span>`;
  return said.map((part, index) => html`${index === 0 ? "" : ", "}${part}`);
}

/** What is wrong, one by one. */
export function findingList(findings: readonly Finding[]): Html {
  return html`<ul class="findings">
    ${findings.map(
      ({ code, message, field }) =>
        html`<li>
          <code>${visibleText(code)}</code>${field === undefined ? undefined : html` <code>${visibleText(field)}</code>`}
          ${visibleText(message)}
        </li>`,
    )}
  </ul>`;
}

/** Hidden fields that forms of changes have. */
export function hiddenFields(fields: Readonly<Record<string, string>>): readonly Html[] {
  return Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`);
}
