import { alert, announce } from "./announcer.ts";
import type { LiveResponse } from "./transport.ts";

/** Does what an answer asks for besides new content. `root` is the element of the component that was answered. */
export function applyEffects(effects: NonNullable<LiveResponse["effects"]>, root: Element): void {
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
