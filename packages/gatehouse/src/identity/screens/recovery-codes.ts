import { html } from "../../html/html.ts";
import type { Screen } from "./layout.ts";
import type { ScreenWords } from "./texts.ts";

/** New recovery codes. */
export interface ShownRecoveryCodes {
  readonly codes: readonly string[];
  /** What they are for. */
  readonly lead: string;
  /** Where somebody goes on who has put them away. */
  readonly location: string;
}

/** Shows recovery codes, once. */
export function recoveryCodesScreen(words: ScreenWords, { codes, lead, location }: ShownRecoveryCodes): Screen {
  return {
    title: words.recoveryCodes,
    lead,
    again: undefined,
    body: html`<ul class="codes">
        ${codes.map((code) => html`<li>${code}</li>`)}
      </ul>
      <p class="note">${words.recoveryCodesOnce}</p>
      <a class="button" href="${location}">${words.codesKept}</a>`,
  };
}
