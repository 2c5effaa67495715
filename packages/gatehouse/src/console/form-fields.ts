import { html, type Html } from "../html/html.ts";

/** The texts of a form's fields; what is not a text counts as nothing. */
export function textsOf(fields: unknown): URLSearchParams {
  const entries: readonly [string, unknown][] =
    typeof fields === "object" && fields !== null ? Object.entries(fields) : [];
  return new URLSearchParams(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** One field of a form and what is wrong with what was typed. */
export interface TextField {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** What to do about it; absent where nothing is wrong. */
  readonly fault?: string | undefined;
  readonly type?: "text" | "email";
  readonly required?: boolean;
  readonly maxlength?: number;
  /** Tells it from fields of the same name on the page. */
  readonly form: string;
}

/** A labelled field. */
export function textField({ name, label, value, fault, type = "text", maxlength = 500, ...field }: TextField): Html {
  const error = `${field.form}-${name}-error`;
  const marks = fault === undefined ? {} : { "aria-invalid": "true", "aria-describedby": error };
  return html`<label class="wide"
    >${label}<input
      ${{ name, type, ...marks }}
      value="${value}"
      ?required=${field.required === true}
      maxlength="${maxlength}"
      autocomplete="off"
    />${fault === undefined ? undefined : html`<span class="field-error" id="${error}">${fault}</span>`}</label
  >`;
}
