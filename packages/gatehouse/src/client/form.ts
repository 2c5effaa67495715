import { is, isField, isTick, plain, type Field } from "./element.ts";
import { stateOf } from "./fields.ts";
import type { LiveError } from "./transport.ts";

function fieldsOf(form: HTMLFormElement): Field[] {
  return [...plain(form).elements].filter(isField);
}

/** The parameters a form stands for: its fields by name, several of one name as a list. Files are not among them. */
export function parametersOf(form: HTMLFormElement, submitter: HTMLElement | null): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = {};
  const data = new FormData(form, submitter);
  for (const name of new Set(data.keys())) {
    const values = data.getAll(name).filter((value) => typeof value === "string");
    const [first] = values;
    if (!name.startsWith("_") && first !== undefined) parameters[name] = values.length === 1 ? first : values;
  }
  return parameters;
}

/** What a form's fields hold, to tell later what was typed since. */
export function snapshot(form: HTMLFormElement): ReadonlyMap<Field, string> {
  return new Map(fieldsOf(form).map((field) => [field, stateOf(field)]));
}

/** Empties what was sent; what was typed since stays. */
export function resetSent(sent: ReadonlyMap<Field, string>): void {
  for (const [field, state] of sent) {
    if (stateOf(field) !== state) continue;
    // An uploaded file is used up.
    if (field.dataset["liveReference"] !== undefined) field.closest("li")?.remove();
    else if (is(field, "select")) for (const option of field.options) option.selected = option.defaultSelected;
    else if (isTick(field)) field.checked = field.defaultChecked;
    else if (field.type !== "hidden") field.value = field.defaultValue;
  }
}

/** Takes back the marks of an earlier refusal. */
export function clearErrors(form: HTMLFormElement): void {
  for (const field of plain(form).querySelectorAll('[aria-invalid="true"]')) field.removeAttribute("aria-invalid");
  for (const message of plain(form).querySelectorAll("[data-live-error]")) message.textContent = "";
}

/** Marks what was refused, says why next to it, and puts the focus on the first; `false` where no field is concerned. */
export function showErrors(form: HTMLFormElement, errors: LiveError["errors"]): boolean {
  let first: Field | undefined;
  for (const { pointer, detail } of errors) {
    const name = /^\/params\/([^/]*)/.exec(pointer)?.[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
    const field = fieldsOf(form).find((candidate) => candidate.name === name && candidate.type !== "hidden");
    if (name === undefined || field === undefined || field.getAttribute("aria-invalid") === "true") continue;
    field.setAttribute("aria-invalid", "true");
    const message = plain(form).querySelector(`[data-live-error="${CSS.escape(name)}"]`) ?? addMessage(field, name);
    message.textContent = detail;
    field.setAttribute("aria-describedby", message.id);
    first ??= field;
  }
  first?.focus();
  return first !== undefined;
}

function addMessage(field: Field, name: string): Element {
  const message = document.createElement("p");
  message.className = "live-error";
  message.dataset["liveError"] = name;
  message.id = `live-error-${crypto.randomUUID()}`;
  field.after(message);
  return message;
}
