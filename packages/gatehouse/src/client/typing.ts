import { componentOf } from "./component.ts";
import { isField, plain } from "./element.ts";
import { parametersOf } from "./form.ts";

/** Milliseconds without a key press after which what was typed is sent. */
const PAUSE = 200;

const pauses = new WeakMap<HTMLFormElement, ReturnType<typeof setTimeout>>();
const sending = new WeakSet<HTMLFormElement>();

/** Forgets what would have been sent after the pause: the form is sent now. */
export function stopTyping(form: HTMLFormElement): void {
  clearTimeout(pauses.get(form));
}

/**
 * Sends the form of a field that is typed into, after a pause. One text at a time is on its way, and the newest follows
 * it, so that an older answer is never the last one shown. The field keeps what is in it.
 */
export function typed(event: Event): void {
  const { target: field } = event;
  if (!isField(field) || field.dataset["liveTyping"] === undefined || field.form === null) return;
  // An input method is not done yet; `compositionend` says when it is.
  if (event instanceof InputEvent && event.isComposing) return;
  later(field.form);
}

function later(form: HTMLFormElement): void {
  stopTyping(form);
  pauses.set(
    form,
    setTimeout(() => send(form), PAUSE),
  );
}

function send(form: HTMLFormElement): void {
  const { dataset, isConnected } = plain(form);
  const { liveAction: action } = dataset;
  if (!isConnected || action === undefined) return;
  if (sending.has(form)) return later(form);
  sending.add(form);
  const end = (): void => void sending.delete(form);
  componentOf(form)?.executeAction(action, parametersOf(form, null)).then(end, end);
}
