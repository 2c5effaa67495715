import type { ActionOptions } from "./action-options.ts";
import { loadChunks } from "./chunks.ts";
import { componentOf, componentsBy, type LiveComponent, type LiveEvents } from "./component.ts";
import { is, plain } from "./element.ts";
import { parametersOf } from "./form.ts";
import { refresh, watch } from "./loader.ts";
import { remember } from "./rendering.ts";
import { fillFields, setToken } from "./token.ts";
import type { LiveResponse } from "./transport.ts";
import { stopTyping, typed } from "./typing.ts";

/** A component by its id, the first of the page without one. */
function component(id?: string): LiveComponent {
  const [found] = componentsBy(id === undefined ? "" : `[data-live="${CSS.escape(id)}"]`);
  if (found === undefined) throw new Error(`There is no live component ${id ?? ""} on this page.`);
  return found;
}

/** A second press of what has not been answered yet, or of a double click, is the same intent. */
function isRepetition(event: Event, trigger: Element): boolean {
  if (trigger.hasAttribute("data-live-repeats")) return false;
  return (event instanceof MouseEvent && event.detail > 1) || componentOf(trigger)?.isPending(trigger) === true;
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : undefined;
  const button = target?.closest("button, input[type=submit], [data-live-action]");
  if (!(button instanceof HTMLElement) || event.defaultPrevented) return;
  if (is(button, "form")) return;
  const action = button.dataset["liveAction"];
  if (action === undefined) {
    const form = is(button, "button", "input") ? button.form : null;
    if (form !== null && plain(form).dataset["liveAction"] !== undefined && isRepetition(event, button))
      event.preventDefault();
    return;
  }
  const owner = componentOf(button);
  if (owner === undefined) return;
  event.preventDefault();
  if (isRepetition(event, button)) return;
  const params: unknown = JSON.parse(button.dataset["liveParams"] ?? "{}");
  owner.executeAction(action, params, { trigger: button }).catch(() => undefined);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!is(form, "form") || event.defaultPrevented) return;
  const own = plain(form);
  const action = own.dataset["liveAction"];
  const owner = componentOf(form);
  if (action === undefined || owner === undefined) return;
  // Files that nothing has taken yet go with the form itself, as without scripts.
  if ([...own.querySelectorAll<HTMLInputElement>("[type=file]")].some(({ value }) => value !== "")) return;
  event.preventDefault();
  stopTyping(form);
  if (owner.isPending(form)) return;
  // The form itself stays usable: what is typed while the answer is on its way is kept.
  const pressed = event.submitter ?? own.querySelector("button:not([type=button]), input[type=submit]") ?? undefined;
  const parameters = parametersOf(form, event.submitter);
  owner.executeAction(action, parameters, { form, trigger: form, pressed }).catch(() => undefined);
});

for (const name of ["input", "compositionend"]) document.addEventListener(name, typed);

/** A key held down is pressed once. */
document.addEventListener("keydown", (event) => {
  const target = event.target instanceof Element ? event.target.closest("[data-live-action]") : null;
  const presses = event.key === "Enter" || event.key === " ";
  if (event.repeat && presses && target !== null && !is(event.target, "textarea")) {
    event.preventDefault();
  }
});

/** A page that the browser had kept for going back to it may have been overtaken, or be somebody else's by now. */
window.addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  refresh(componentsBy(":not([data-live-load])")).then(
    (known) => known || location.reload(),
    () => undefined,
  );
});

document.addEventListener("live:shown", ({ target }) => {
  if (target instanceof Element) watch(target);
  loadChunks();
});
for (const root of document.querySelectorAll("[data-live]")) remember(root);
watch(document);
loadChunks();
fillFields();

/** What scripts of the page may use. `liveComponent` is the first component. */
const api = {
  component,
  executeAction: (name: string, params?: unknown, options?: ActionOptions): Promise<LiveResponse> => {
    const result = component().executeAction(name, params, options);
    result.catch(() => undefined);
    return result;
  },
  on: <Name extends keyof LiveEvents>(name: Name, listener: (event: LiveEvents[Name]) => void): (() => void) =>
    component().on(name, listener),
  setCsrfToken: setToken,
};

declare global {
  interface Window {
    liveComponent: typeof api;
  }
}

window.liveComponent = api;
document.dispatchEvent(new CustomEvent("live:ready"));
