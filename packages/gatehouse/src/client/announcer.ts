const HIDDEN =
  "position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap";
const ALERT =
  "position:fixed;z-index:2147483647;inset-block-end:1rem;inset-inline:1rem;margin-inline:auto;max-inline-size:32rem;" +
  "padding:.75rem 1rem;border-radius:.5rem;border:1px solid GrayText;background:Canvas;color:CanvasText;font:inherit";
/** Milliseconds a message stays to be read. */
const SHOWN = 10_000;

const polite = region("status", "live-status");
const assertive = region("alert", "live-alert");
let timer: ReturnType<typeof setTimeout> | undefined;

/** Regions exist before there is anything to say: assistive technology hears changes of known ones only. */
function region(role: "status" | "alert", className: string): HTMLElement {
  const element = document.createElement("div");
  element.setAttribute("role", role);
  element.className = className;
  element.style.cssText = HIDDEN;
  document.body.append(element);
  return element;
}

/** Has a text read out when there is a pause. */
export function announce(text: string): void {
  say(polite, text);
}

/** Has a text read out at once, and shows it. */
export function alert(text: string): void {
  say(assertive, text);
  assertive.style.cssText = text === "" ? HIDDEN : ALERT;
  clearTimeout(timer);
  if (text !== "") timer = setTimeout(() => alert(""), SHOWN);
}

/** Where text is the same as before it would go unheard; the marker makes it another one. */
function say(element: HTMLElement, text: string): void {
  // An open modal dialog hides the rest of the page from assistive technology.
  const modal = document.querySelector("dialog:modal");
  const home = modal ?? document.body;
  if (element.parentElement !== home) home.append(element);
  element.textContent = element.textContent === text ? `${text}\u00a0` : text;
}
