/**
 * Keys for the review desk. What they lead to is on the page for everybody: rows are marked with `data-row`, what opens one
 * with `data-open`, its tick with `data-tick`, and what a letter leads to with `data-key`. A key never decides anything by
 * itself: it leads to the button, and Enter presses that.
 */

const SWITCH = "gatehouse.desk.keys";
const OFF = "off";

const dialog = document.querySelector<HTMLDialogElement>("dialog#keys");

/** Some people's programs type letters as they hear them: keys of one letter can be switched off. */
function isOn(): boolean {
  return localStorage.getItem(SWITCH) !== OFF;
}

function label(): void {
  const button = dialog?.querySelector<HTMLButtonElement>("[data-keys-switch]");
  if (button !== null && button !== undefined) button.textContent = `Switch these keys ${isOn() ? "off" : "on"}`;
}

function rows(): readonly HTMLElement[] {
  const all = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  return all.filter((row) => row.parentElement?.closest("[data-row]") === null);
}

function currentRow(): HTMLElement | undefined {
  return rows().find((row) => row.contains(document.activeElement));
}

function focus(row: HTMLElement): void {
  const target = row.matches("[tabindex]") ? row : (row.querySelector<HTMLElement>("[data-open]") ?? row);
  target.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(by: 1 | -1): void {
  const all = rows();
  const current = currentRow();
  const at = current === undefined ? (by === 1 ? -1 : all.length) : all.indexOf(current);
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (next !== undefined) focus(next);
}

function lead(key: string): void {
  const target = document.querySelector<HTMLElement>(`[data-key="${key}"]`);
  target?.scrollIntoView({ block: "center" });
  target?.focus({ preventScroll: true });
}

const KEYS: Readonly<Record<string, () => void>> = {
  j: () => move(1),
  k: () => move(-1),
  x: () => currentRow()?.querySelector<HTMLInputElement>("[data-tick]")?.click(),
  a: () => lead("a"),
  r: () => lead("r"),
  u: () => document.querySelector<HTMLAnchorElement>('[data-key="u"]')?.click(),
};

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== "checkbox";
  return target.isContentEditable || target.matches("textarea, select");
}

addEventListener("keydown", (event) => {
  const { key, target, ctrlKey, metaKey, altKey, isComposing, repeat } = event;
  if (ctrlKey || metaKey || altKey || isComposing || isTyping(target) || dialog?.open === true) return;
  if (key === "?") {
    event.preventDefault();
    label();
    dialog?.showModal();
    return;
  }
  // Enter on a row that is no link itself opens it.
  if (key === "Enter" && target instanceof HTMLElement && target.matches("[data-row]")) {
    target.querySelector<HTMLElement>("[data-open]")?.click();
    return;
  }
  const act = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  if (act === undefined || !isOn() || (repeat && key !== "j" && key !== "k")) return;
  event.preventDefault();
  act();
});

dialog?.querySelector("[data-keys-switch]")?.addEventListener("click", () => {
  localStorage.setItem(SWITCH, isOn() ? OFF : "on");
  label();
});
