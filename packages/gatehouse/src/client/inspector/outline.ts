import { element } from "./elements.ts";

/** Pixels. */
const LABEL = 20;

/** Frames a component in the page, over it and without touching it. */
export class Outline {
  readonly element = element("div", { class: "outline", hidden: "" });
  readonly #label = element("span");
  #root: HTMLElement | undefined;
  #frame = 0;

  constructor() {
    this.element.append(this.#label);
  }

  /** Frames a component, wherever it moves, until told otherwise. */
  show(root: HTMLElement | undefined): void {
    cancelAnimationFrame(this.#frame);
    this.#root = root;
    this.element.hidden = root === undefined;
    if (root === undefined) return;
    this.#label.textContent = root.dataset["live"] ?? "";
    this.#follow();
  }

  readonly #follow = (): void => {
    if (this.#root?.isConnected !== true) return this.show(undefined);
    const { left, top, width, height } = boxOf(this.#root);
    const { style } = this.element;
    style.transform = `translate(${left}px, ${top}px)`;
    style.width = `${width}px`;
    style.height = `${height}px`;
    // The label stands above, where there is room.
    this.element.toggleAttribute("data-inside", top < LABEL);
    this.#frame = requestAnimationFrame(this.#follow);
  };
}

/** An element may have no box of its own; what is in it has. */
function boxOf(root: HTMLElement): DOMRect {
  const box = root.getBoundingClientRect();
  if (box.width > 0 && box.height > 0) return box;
  const range = document.createRange();
  range.selectNodeContents(root);
  return range.getBoundingClientRect();
}
