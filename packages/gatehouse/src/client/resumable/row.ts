import type { FileUpload } from "./upload.ts";

/** What a row lets people do. */
export interface RowActions {
  toggle(): void;
  cancel(): void;
}

/**
 * Shows one upload: a copy of the form's template. What it says in which state, and of what became of a file, is for the
 * page to say, in its language: `data-text-sending`, `data-text-published` and the like of the form.
 */
export class UploadRow {
  readonly element: Element;
  readonly #texts: DOMStringMap;

  constructor(form: HTMLFormElement, template: HTMLTemplateElement, { toggle, cancel }: RowActions) {
    this.#texts = form.dataset;
    const copy = document.importNode(template.content, true);
    const element = copy.firstElementChild;
    if (element === null) throw new TypeError("The template of uploads is empty.");
    this.element = element;
    element.querySelector("[data-upload-toggle]")?.addEventListener("click", toggle);
    element.querySelector("[data-upload-cancel]")?.addEventListener("click", cancel);
  }

  show({ file, state, sent, reason, outcome }: FileUpload): void {
    const { element } = this;
    element.setAttribute("data-upload-state", state);
    if (outcome !== undefined) element.setAttribute("data-upload-outcome", outcome);
    this.#write("[data-upload-name]", file.name);
    const text = this.#textOf(outcome ?? state) ?? this.#textOf(state) ?? "";
    this.#write("[data-upload-text]", reason ?? text);
    const progress = element.querySelector("progress");
    if (progress !== null) {
      progress.max = Math.max(1, file.size);
      progress.value = state === "done" ? progress.max : sent;
    }
    for (const button of element.querySelectorAll("button")) button.hidden = state === "done" || state === "cancelled";
    const toggle = element.querySelector("[data-upload-toggle]");
    const isHeld = state === "paused" || state === "refused";
    toggle?.setAttribute("aria-pressed", String(isHeld));
  }

  #textOf(name: string): string | undefined {
    return this.#texts[`text${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`];
  }

  #write(selector: string, text: string): void {
    const place = this.element.querySelector(selector);
    if (place !== null && place.textContent !== text) place.textContent = text;
  }
}
