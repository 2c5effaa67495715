import { alert, announce } from "./announcer.ts";
import type { LiveResponse } from "./transport.ts";

/** Does what an action asks of the page besides new content. */
export function applyEffects(root: HTMLElement, effects: LiveResponse["effects"]): void {
  if (effects === undefined) return;
  const { announce: text, focus, redirect, download, dispatch = [] } = effects;
  for (const { name, detail } of dispatch) {
    root.dispatchEvent(new CustomEvent(`live:${name}`, { detail, bubbles: true }));
  }
  if (typeof text === "string") announce(text);
  else if (text !== undefined) (text.assertive ? alert : announce)(text.text);
  if (focus !== undefined) document.getElementById(focus)?.focus();
  if (download !== undefined && isOwn(download)) {
    const link = Object.assign(document.createElement("a"), { href: download, download: "" });
    link.click();
  }
  if (redirect !== undefined && isOwn(redirect)) location.assign(redirect);
}

function isOwn(path: string): boolean {
  return new URL(path, location.href).origin === location.origin;
}
