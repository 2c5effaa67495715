import { qrSvg } from "gatehouse/guests";
import { html, trustedHtml, type Html } from "gatehouse/html";
import type { GalleryEvent } from "../events/events.ts";
import { texts, type Language } from "../language.ts";

/** What the page of an invitation shows. */
export interface InvitationPageParts {
  readonly event: GalleryEvent;
  readonly id: string;
  readonly label: string;
  readonly language: Language;
  /** Where guests come in; `undefined` where the code was shown once, and is kept nowhere. */
  readonly address: string | undefined;
  readonly csrfToken: string;
  /** What happened in the last 24 hours. */
  readonly usage: { readonly joins: number; readonly uploads: number; readonly refused: number };
}

/** The page of one invitation: its code, its link, cards to print, and how it is used. */
export function invitationPage(parts: InvitationPageParts): Html {
  const { event, label, language, address, usage } = parts;
  const words = texts[language];
  return html`<main id="content" class="column" tabindex="-1">
    <p><a href="/events/${event.slug}/invitations">${words.backToInvitations}</a></p>
    <h1>${label}</h1>
    ${address === undefined ? undefined : code(parts, address)}
    <section class="card">
      <h2>${words.inOneDay}</h2>
      <dl class="counts">
        <div><dt>${words.usageJoins}</dt><dd>${usage.joins}</dd></div>
        <div><dt>${words.usageUploads}</dt><dd>${usage.uploads}</dd></div>
        <div><dt>${words.usageRefused}</dt><dd>${usage.refused}</dd></div>
      </dl>
    </section>
  </main>`;
}

function code({ event, id, language, csrfToken }: InvitationPageParts, address: string): Html {
  const words = texts[language];
  return html`<section class="card">
    <div class="qr" role="img" aria-label="${words.invitationCode}">
      ${trustedHtml(qrSvg(address), "drawn from squares alone")}
    </div>
    <div class="field">
      <label for="address">${words.invitationLink}</label>
      <input id="address" value="${address}" readonly />
    </div>
    <form class="actions" method="post" action="/events/${event.slug}/invitations/${id}/cards">
      <input type="hidden" name="_csrf_token" value="${csrfToken}" />
      <input type="hidden" name="language" value="${language}" />
      <button class="button" type="submit" name="paper" value="A6">${words.printCard}</button>
      <button class="button quiet" type="submit" name="paper" value="A4">${words.printSheet}</button>
    </form>
  </section>`;
}
