import { is, plain, type Field } from "./element.ts";

/** What a field holds, for comparison. */
export function stateOf(field: Field): string {
  if (is(field, "select")) return Array.from(field.selectedOptions, ({ index }) => index).join();
  return `${is(field, "input") && field.checked} ${field.value}`;
}

/**
 * Changes the server's part of a field by `change`. Three values decide what it shows: the server's last, the
 * person's, the server's new one. What a person has changed stays.
 */
export function updateField(field: HTMLInputElement | HTMLTextAreaElement, change: () => void): void {
  const { value, defaultValue } = field;
  const tick = is(field, "input") && field.checked === field.defaultChecked ? field : undefined;
  change();
  if (field.type !== "file" && value === defaultValue && field.value !== field.defaultValue) {
    field.value = field.defaultValue;
  }
  if (tick !== undefined) tick.checked = tick.defaultChecked;
}

/** The same for a list: what a person has chosen is chosen again if it is still there. */
export function updateList(list: HTMLSelectElement, change: () => void): void {
  // In a copy, nobody has chosen yet.
  const untouched = stateOf(list) === stateOf(list.cloneNode(true) as HTMLSelectElement);
  const values = new Set(Array.from(list.selectedOptions, ({ value }) => value));
  change();
  const options = [...list.options];
  const keeps = !untouched && (list.multiple || options.some(({ value }) => values.has(value)));
  for (const option of options) {
    const selected = keeps ? values.has(option.value) : option.defaultSelected;
    if (option.selected !== selected) option.selected = selected;
  }
}

/** Keeps the radio buttons that a person has chosen in `root` while `change` is made: one of a group is enough. */
export function keepRadios(root: Element, change: () => void): void {
  const chosen = plain(root).querySelectorAll<HTMLInputElement>("[type=radio]:checked:not([checked])");
  change();
  for (const radio of chosen) radio.checked = true;
}
