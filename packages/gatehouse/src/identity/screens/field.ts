import { html, type Html, type Renderable } from "../../html/html.ts";

/** A field of a form with everything that belongs to it. */
export interface Field {
  readonly name: string;
  readonly label: string;
  /** Default `text`. */
  readonly type?: "text" | "email" | "password";
  /** A token of HTML's autofill: `username webauthn`, `current-password`, `one-time-code`. */
  readonly autocomplete: string;
  readonly inputmode?: "numeric" | "email" | "text";
  readonly value?: string;
  /** What is to be entered. */
  readonly hint?: Renderable;
  /** What is wrong with what was entered. */
  readonly error?: string | undefined;
  /** Whether the cursor is to be in it. Of a form that was refused the first wrong field has it. */
  readonly focused?: boolean;
  readonly maxlength?: number;
  /** Shown, not to be changed. */
  readonly fixed?: boolean;
  /** For codes: letters of one width, no help with spelling. */
  readonly code?: boolean;
}

/** A labelled field; what describes it, and what is wrong with it, is tied to it for those who do not see the page. */
export function formField(field: Field): Html {
  const { name, label, type = "text", autocomplete, inputmode, value, hint, error, focused, maxlength = 1000 } = field;
  const ids = { hint: `${name}-hint`, error: `${name}-error` };
  const described = [error === undefined ? "" : ids.error, hint === undefined ? "" : ids.hint].filter(
    (id) => id !== "",
  );
  return html`<div class="field">
    <label for="${name}">${label}</label>
    ${hint === undefined ? undefined : html`<p class="hint" id="${ids.hint}">${hint}</p>`}
    ${error === undefined ? undefined : html`<p class="field-error" id="${ids.error}">${error}</p>`}
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      class="${field.code === true ? "code" : undefined}"
      value="${value}"
      autocomplete="${autocomplete}"
      inputmode="${inputmode}"
      autocapitalize="${type === "password" ? undefined : "none"}"
      spellcheck="${type === "password" ? undefined : "false"}"
      maxlength="${maxlength}"
      required
      ?readonly=${field.fixed === true}
      aria-invalid="${error === undefined ? undefined : "true"}"
      aria-describedby="${described.length === 0 ? undefined : described.join(" ")}"
      ?autofocus=${focused === true}
    />
  </div>`;
}
