import { plain } from "./element.ts";

/**
 * Keeps the focus while `change` is made to what is in `root`; a field keeps its selection by itself. Where what
 * had the focus is gone or cannot have it any more, `root` has it: the person keeps the place in the page.
 */
export function keepFocus(root: HTMLElement, change: () => void): void {
  const focused = plain(root).querySelector<HTMLElement>(":focus");
  change();
  if (focused?.isConnected === false || focused?.closest("[hidden], [inert]")) {
    root.tabIndex = -1;
    root.focus({ preventScroll: true });
  } else focused?.focus({ preventScroll: true });
}
