import { morph } from "../morph.ts";
import { element } from "./elements.ts";
import { Outline } from "./outline.ts";
import { STYLE } from "./style.ts";

/** What the panel shows. */
export interface PanelContent {
  readonly components: number;
  /** Refusals that nobody has looked at. */
  readonly unseen: number;
  /** Made only where somebody looks. */
  readonly body: () => readonly Node[];
}

/** What is asked for in the panel. */
export interface PanelListeners {
  /** It is opened or closed, or something in it is pressed: fresh content is wanted. */
  readonly changed: () => void;
  readonly select: (id: string) => void;
  readonly point: (id: string | undefined) => void;
  readonly forget: () => void;
}

const OPEN = "gatehouse-inspector";
const TITLE = "Live components";
const SHORTCUT = "Alt+Shift+L";
/** What a page listens for anywhere: what is done in the inspector is not meant for it. */
const OWN_EVENTS = ["click", "keydown", "keyup", "mousedown", "mouseup", "pointerdown", "pointerup"];

/**
 * The inspector's button and what it opens, in a shadow root beside the page's body: a body that is replaced takes
 * nothing of it along, and no selector of the page finds it among the page's own elements.
 */
export class Panel {
  readonly outline = new Outline();
  readonly #host = document.createElement("div");
  readonly #toggle = element("button", {
    id: "toggle",
    type: "button",
    "aria-controls": "panel",
    "aria-keyshortcuts": SHORTCUT,
  });
  readonly #title = element("h2", { id: "title", tabindex: "-1" }, TITLE);
  readonly #content = element("div");
  readonly #status = element("div", { role: "status", class: "heard" });
  readonly #panel: HTMLElement;
  readonly #root: ShadowRoot;
  readonly #listeners: PanelListeners;
  #open = remembered();
  /** What had the focus before a key opened the panel. */
  #before: Element | null = null;

  constructor(listeners: PanelListeners) {
    this.#listeners = listeners;
    const close = element("button", { type: "button", id: "close", "aria-label": "Close the inspector" }, "Close");
    const header = element("header", {}, this.#title, close);
    this.#panel = element(
      "div",
      { id: "panel", role: "dialog", "aria-label": TITLE },
      header,
      this.#content,
      this.#status,
    );
    this.#root = this.#host.attachShadow({ mode: "open" });
    this.#root.adoptedStyleSheets = [sheet()];
    const aside = element("aside", { "aria-label": "Inspector" }, this.#toggle, this.#panel);
    this.#root.append(aside, this.outline.element);
    this.#listen();
    this.#place();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Shows what there is to show; what has the focus, and how far it is scrolled, stays. */
  show({ components, unseen, body }: PanelContent): void {
    this.#place();
    this.#label(components, unseen);
    this.#toggle.ariaExpanded = String(this.#open);
    this.#toggle.toggleAttribute("data-refused", unseen > 0);
    this.#panel.hidden = !this.#open;
    if (!this.#open) this.outline.show(undefined);
    const fragment = document.createDocumentFragment();
    // What nobody sees is not there for those either who search the page.
    if (this.#open) fragment.append(...body());
    morph(this.#content, fragment);
  }

  /** Few words: tests of an application look for its buttons by theirs. */
  #label(components: number, unseen: number): void {
    const name = unseen === 0 ? `Live ${components}` : `Live ${components} · ${unseen} refused`;
    if (this.#toggle.textContent !== name) this.#toggle.textContent = name;
    // There is nothing to look at on a page without components, unless it is asked for by the key.
    this.#toggle.hidden = components === 0 && unseen === 0 && !this.#open;
  }

  /** The page may have taken it away with everything else. */
  #place(): void {
    if (!this.#host.isConnected) document.documentElement.append(this.#host);
  }

  #listen(): void {
    this.#root.addEventListener("click", ({ target }) => {
      if (target instanceof Element) this.#pressed(target);
    });
    this.#root.addEventListener("keydown", (event) => {
      if (!(event instanceof KeyboardEvent) || event.key !== "Escape" || !this.#open) return;
      event.preventDefault();
      this.#turn(false);
    });
    for (const name of ["pointerover", "pointerleave"]) {
      this.#panel.addEventListener(name, ({ target }) => {
        const row = target instanceof Element ? target.closest<HTMLElement>("[data-select]") : null;
        this.#listeners.point(row?.dataset["select"]);
      });
    }
    for (const name of OWN_EVENTS) this.#host.addEventListener(name, (event) => event.stopPropagation());
    // Before the page's own listeners: the shortcut works wherever the focus is.
    window.addEventListener("keydown", (event) => this.#shortcut(event), { capture: true });
  }

  #shortcut(event: KeyboardEvent): void {
    const { code, altKey, shiftKey, ctrlKey, metaKey, repeat } = event;
    if (code !== "KeyL" || !altKey || !shiftKey || ctrlKey || metaKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!repeat) this.#turn(!this.#open);
  }

  #pressed(target: Element): void {
    const button = target.closest<HTMLElement>("button");
    const { select, copy } = button?.dataset ?? {};
    if (button === this.#toggle) this.#turn(!this.#open);
    else if (button?.id === "close") this.#turn(false);
    else if (button?.id === "forget") this.#listeners.forget();
    else if (select !== undefined) this.#listeners.select(select);
    else if (copy !== undefined) void this.#copy(copy);
  }

  /** Opens or closes the panel; the focus goes there, and back to where it was. */
  #turn(open: boolean): void {
    if (open === this.#open) return;
    const { activeElement } = document;
    if (open) this.#before = activeElement === this.#host ? null : activeElement;
    const within = activeElement === this.#host;
    this.#open = open;
    remember(open);
    this.#listeners.changed();
    if (open) this.#title.focus({ preventScroll: true });
    else if (within) this.#giveBack();
  }

  #giveBack(): void {
    const before = this.#before;
    if (before instanceof HTMLElement && before.isConnected && before !== document.body)
      before.focus({ preventScroll: true });
    else this.#toggle.focus({ preventScroll: true });
  }

  async #copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.#status.textContent = "Copied.";
    } catch {
      // Without permission it can be selected and copied by hand.
      const code = this.#content.querySelector(`[data-copy="${CSS.escape(text)}"]`)?.previousElementSibling;
      if (code) getSelection()?.selectAllChildren(code);
      this.#status.textContent = "Selected; copy it by hand.";
    }
  }
}

/** Made by script, so that the page's policy for styles has nothing to allow. */
function sheet(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(STYLE);
  return made;
}

/** Whether the panel was open on the page before. */
function remembered(): boolean {
  return sessionStorage.getItem(OPEN) !== null;
}

function remember(open: boolean): void {
  if (open) sessionStorage.setItem(OPEN, "open");
  else sessionStorage.removeItem(OPEN);
}
