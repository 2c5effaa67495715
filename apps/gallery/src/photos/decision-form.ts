import { html, type Html } from "gatehouse/html";
import { texts, type Language } from "../language.ts";

/** What a host can do about a photo. */
export type Decision = "publish" | "hide" | "reject";

/** What the buttons are made from. */
export interface DecisionFormParts {
  readonly slug: string;
  readonly asset: string;
  readonly language: Language;
  readonly csrfToken: string;
  readonly decisions: readonly Decision[];
  /** Which photo the buttons belong to, for who does not see it. */
  readonly subject: string;
  /** Whether the host comes from the queue, and goes back there. */
  readonly fromQueue: boolean;
}

/** The buttons by which hosts decide about a photo. */
export function decisionForm(parts: DecisionFormParts): Html {
  const { slug, asset, language, csrfToken, decisions, subject, fromQueue } = parts;
  const words = texts[language];
  const labels = { publish: words.decidePublish, hide: words.decideHide, reject: words.decideReject };
  return html`<form class="actions" method="post" action="/events/${slug}/photos/${asset}/decision">
    <input type="hidden" name="_csrf_token" value="${csrfToken}" />
    ${fromQueue ? html`<input type="hidden" name="from" value="queue" />` : undefined}
    ${decisions.map(
      (decision, index) =>
        html`<button class="button ${index === 0 ? "" : "quiet"}" type="submit" name="decision" value="${decision}">
          ${labels[decision]}<span class="visually-hidden">: ${subject}</span>
        </button>`,
    )}
  </form>`;
}
