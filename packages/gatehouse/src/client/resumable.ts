/**
 * Has the files of a form uploaded in pieces. Each form marked with `data-resumable` works without scripts as it is; with
 * this one its files are sent as they are chosen, several at once, with progress, and go on after interruptions: also
 * when the page has been left, once the same file is chosen again.
 */
import { unfinished } from "./resumable/memory.ts";
import { UploadQueue } from "./resumable/queue.ts";
import { UploadRow } from "./resumable/row.ts";
import { PageToken } from "./resumable/token.ts";
import { FileUpload } from "./resumable/upload.ts";

/** Uploads of one form at once. */
const PARALLEL = 3;

class ResumableForm {
  readonly #form: HTMLFormElement;
  readonly #template: HTMLTemplateElement;
  readonly #list: Element;
  readonly #queue: UploadQueue;
  readonly #token: PageToken;

  constructor(form: HTMLFormElement, template: HTMLTemplateElement, list: Element) {
    this.#form = form;
    this.#template = template;
    this.#list = list;
    this.#queue = new UploadQueue(Number(form.dataset["parallel"]) || PARALLEL);
    const token = form.querySelector<HTMLInputElement>('input[name="_csrf_token"]');
    this.#token = new PageToken(token?.value ?? "");
    form.addEventListener("change", ({ target }) => this.#take(target));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      for (const input of form.querySelectorAll<HTMLInputElement>('input[type="file"]')) this.#take(input);
    });
    // Files go as they are chosen: there is nothing left for it to do.
    for (const button of form.querySelectorAll<HTMLElement>("[data-upload-plain]")) button.hidden = true;
    this.#tellUnfinished();
  }

  /** Sends the files of a field, and empties it for the next ones. */
  #take(target: EventTarget | null): void {
    if (!(target instanceof HTMLInputElement) || target.type !== "file") return;
    for (const file of target.files ?? []) this.#send(file);
    target.value = "";
  }

  #send(file: File): void {
    const endpoint = new URL(this.#form.action, location.href).href;
    const row = new UploadRow(this.#form, this.#template, {
      toggle: () => {
        if (upload.state === "paused" || upload.state === "refused") upload.resume();
        else upload.pause();
        this.#queue.go();
      },
      cancel: () => upload.cancel(),
    });
    const upload: FileUpload = new FileUpload({
      ...{ file, endpoint, token: this.#token, piece: Number(this.#form.dataset["piece"]) || 0 },
      changed: (changed) => {
        row.show(changed);
        if (changed.state === "done" && changed.outcome === undefined) this.#tell("gatehouse:uploaded", changed);
        if (changed.state === "refused") this.#tell("gatehouse:upload-refused", changed);
        if (changed.state === "cancelled") row.element.remove();
      },
    });
    row.show(upload);
    this.#list.append(row.element);
    this.#queue.add(upload);
  }

  /** For what else the page shows: a gallery that fills. */
  #tell(name: string, { id, file, reason }: FileUpload): void {
    const detail = { id, name: file.name, reason };
    this.#form.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
  }

  /** Names files that were on their way when the page was left: chosen again, they go on. */
  #tellUnfinished(): void {
    const place = this.#form.querySelector<HTMLElement>("[data-upload-unfinished]");
    const names = unfinished(new URL(this.#form.action, location.href).href);
    if (place === null || names.length === 0) return;
    const list = place.querySelector("[data-upload-names]");
    if (list !== null) list.textContent = names.join(", ");
    place.hidden = false;
  }
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-resumable]")) {
  const template = form.querySelector<HTMLTemplateElement>("template[data-upload-row]");
  const list = form.querySelector("[data-upload-list]");
  if (template !== null && list !== null) new ResumableForm(form, template, list);
}
