import { find } from "./find.ts";
import { say, type Texts } from "./texts.ts";

/** What becomes of a form. */
export interface FormWork {
  /** Takes what was typed, by the names of the fields. */
  readonly send: (typed: ReadonlyMap<string, string>) => Promise<unknown>;
  /** The text that says that it is done. */
  readonly done: string;
}

/** Has the connection carry what a form says, where the page has the form. */
export function sendsInstead(selector: string, texts: Texts, { send, done }: FormWork): void {
  const form = document.querySelector<HTMLFormElement>(selector);
  if (form === null) return;
  const said = find("[data-said]", form);
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    said.textContent = "";
    const typed = new Map<string, string>();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") typed.set(name, value);
    send(typed).then(
      () => (said.textContent = say(texts, done)),
      (error: Error) => (said.textContent = `${say(texts, "failed")} ${error.message}`),
    );
  });
}
