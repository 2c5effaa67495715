import { html, type Html } from "../../html/html.ts";
import type { Violation } from "../../kernel/outcome.ts";
import { BAN_KINDS } from "../../kernel/ports/bans.ts";

/** What an operator typed to ban a source. */
export interface TypedBan {
  readonly kind: string;
  readonly value: string;
  readonly reason: string;
  readonly minutes: string;
}

/** The form as it is first shown. */
export const EMPTY_BAN: TypedBan = Object.freeze({ kind: "ip", value: "", reason: "", minutes: "60" });

/** Reads the fields of the form; what is not a text counts as nothing. */
export function readTypedBan(fields: unknown): TypedBan {
  const read = (name: keyof TypedBan): string => {
    const value: unknown = typeof fields === "object" && fields !== null ? Reflect.get(fields, name) : undefined;
    return typeof value === "string" ? value.trim().slice(0, 500) : "";
  };
  return { kind: read("kind"), value: read("value"), reason: read("reason"), minutes: read("minutes") };
}

/** The input of `bans.add`; what is no number is left as it is, to be refused there. */
export function banInput({ minutes, ...ban }: TypedBan): Readonly<Record<string, unknown>> {
  return { ...ban, minutes: /^\d{1,9}$/.test(minutes) ? Number(minutes) : minutes };
}

/** What the form is made of. */
export interface BanFormParts {
  readonly csrfToken: string;
  /** Makes sending the form twice one ban. */
  readonly idempotencyKey: string;
  readonly typed: TypedBan;
  readonly violations: readonly Violation[];
}

const WHAT_IS_WRONG: Readonly<Record<keyof TypedBan, string>> = {
  kind: "Choose one of the kinds.",
  value: "Enter an address or an identifier; an address must be a whole one, such as 192.0.2.7.",
  reason: "Say why, in at most 500 characters.",
  minutes: "Enter a whole number of minutes, at most a year.",
};

/** The form that bans a source. It needs no script. */
export function banForm({ csrfToken, idempotencyKey, typed, violations }: BanFormParts): Html {
  const wrong = new Set(violations.map(({ pointer }) => pointer));
  const attributes = (name: keyof TypedBan): Readonly<Record<string, string>> =>
    wrong.has(`/${name}`) ? { name, "aria-invalid": "true", "aria-describedby": `ban-${name}-error` } : { name };
  const error = (name: keyof TypedBan): Html | undefined =>
    wrong.has(`/${name}`)
      ? html`<span class="field-error" id="ban-${name}-error">${WHAT_IS_WRONG[name]}</span>`
      : undefined;
  return html`<form class="panel filters" method="post" action="/console/bans" aria-label="Ban a source">
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    <input type="hidden" name="idempotency_key" value="${idempotencyKey}" />
    <label
      >Kind<select ${attributes("kind")}>
        ${BAN_KINDS.map((kind) => html`<option value="${kind}" ?selected=${kind === typed.kind}>${kind}</option>`)}</select
      >${error("kind")}</label
    >
    <label class="wide"
      >Address or identifier<input
        ${attributes("value")}
        value="${typed.value}"
        required
        maxlength="200"
        autocomplete="off"
      />${error("value")}</label
    >
    <label class="wide"
      >Reason<input ${attributes("reason")} value="${typed.reason}" required maxlength="500" autocomplete="off" />
      ${error("reason")}</label
    >
    <label
      >Minutes<input ${attributes("minutes")} value="${typed.minutes}" required inputmode="numeric" autocomplete="off" />
      ${error("minutes")}</label
    >
    <div class="buttons"><button class="button" type="submit">Ban</button></div>
  </form>`;
}
