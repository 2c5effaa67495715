import { plain } from "./element.ts";
import type { CoreParts } from "./chunks.ts";
import { tell, Transfer } from "./transfer.ts";

/** Files sent at once; the others wait. */
const AT_ONCE = 2;

/** Uploads files as soon as they are chosen; forms then send what stands for them. */
export function start(core: CoreParts): void {
  const uploader = new Uploader(core);
  document.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === "file") uploader.take(target);
  });
  document.addEventListener("submit", (event) => uploader.check(event), true);
  for (const input of document.querySelectorAll<HTMLInputElement>("[data-live-upload] [type=file]"))
    uploader.take(input);
}

class Uploader {
  readonly #core: CoreParts;
  readonly #waiting: Transfer[] = [];
  /** Forms that are sent once their files are there, with what was pressed. */
  readonly #held = new Map<HTMLFormElement, HTMLElement | null>();
  readonly #sending = new Set<Transfer>();

  constructor(core: CoreParts) {
    this.#core = core;
  }

  /** Takes the files that were chosen out of their field, into the list beside it. */
  take(input: HTMLInputElement): void {
    const box = input.closest<HTMLElement>("[data-live-upload]");
    const list = box?.querySelector("ul") ?? null;
    const files = [...(input.files ?? [])];
    if (box === null || list === null || files.length === 0) return;
    const most = Number(box.dataset["liveMost"]);
    if (most === 1) this.#clear(list);
    const room = Math.max(0, most - list.children.length);
    const excess = files.length > room ? `At most ${most} ${most === 1 ? "file is" : "files are"} accepted.` : "";
    tell(box, excess);
    this.#core.announce(excess);
    for (const file of files.slice(0, room)) {
      const transfer = new Transfer(this.#core, { box, file }, () => {
        this.#waiting.push(transfer);
        this.#next();
      });
      list.append(transfer.item);
      transfer.begin();
    }
    // From here on the list stands for the files; without this the form would send them again.
    input.value = "";
    input.required = false;
  }

  /** Holds a form back whose files are not all there. */
  check(event: SubmitEvent): void {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const failed = stateIn(form, "failed");
    if (failed === null && !isUnderWay(form)) return;
    event.preventDefault();
    if (failed !== null) return this.#explain(failed);
    this.#held.set(form, event.submitter);
    this.#core.announce("Your files are being uploaded; the form is sent after them.");
  }

  /** Says beside a failed file why its form is not sent, and leads there. */
  #explain(failed: Element): void {
    const reason = "A file was not uploaded. Try it again or remove it.";
    tell(failed.closest("[data-live-upload]"), reason);
    this.#core.announce(reason);
    const button = failed.querySelector<HTMLElement>("button:not([hidden])");
    if (button === null) return;
    button.focus();
    if (button.matches(":focus-visible")) return;
    // Browsers draw no ring after a press with the mouse; nothing else would show where the focus went.
    button.style.outline = "auto";
    button.addEventListener("blur", () => button.style.removeProperty("outline"), { once: true });
  }

  /** Has another file take the place of the one that is there, or on its way. */
  #clear(list: Element): void {
    list.replaceChildren();
    for (const transfer of this.#sending) if (!transfer.item.isConnected) transfer.abort();
  }

  #next(): void {
    while (this.#sending.size < AT_ONCE) {
      const transfer = this.#waiting.shift();
      if (transfer === undefined) return;
      if (!transfer.item.isConnected) continue;
      this.#sending.add(transfer);
      void transfer.send().finally(() => {
        this.#sending.delete(transfer);
        this.#next();
        this.#release();
      });
    }
  }

  #release(): void {
    for (const [form, submitter] of this.#held) {
      if (isUnderWay(form)) continue;
      this.#held.delete(form);
      if (plain(form).isConnected && stateIn(form, "failed") === null) plain(form).requestSubmit(submitter);
    }
  }
}

function isUnderWay(form: Element): boolean {
  return (stateIn(form, "waiting") ?? stateIn(form, "sending")) !== null;
}

function stateIn(form: Element, state: string): Element | null {
  return plain(form).querySelector(`[data-live-upload] li[data-live-state="${state}"]`);
}
