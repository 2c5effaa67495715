import { html, type Html } from "gatehouse/html";
import type { ActEntry } from "gatehouse/live";
import { z } from "zod";
import { formatDate, texts, type Language } from "../language.ts";
import type { Words } from "../texts/en.ts";
import { PERMISSIONS } from "./permissions.ts";

/** How many days invitations last. */
export const LASTING = ["1", "7", "30", "90"] as const;

/** An invitation as hosts see it. */
export const Invitation = z.object({
  id: z.string(),
  label: z.string(),
  permission: z.enum(PERMISSIONS).optional(),
  guests: z.number(),
  standing: z.enum(["good", "expired", "revoked"]),
  expiresAt: z.number(),
});
/** An invitation as hosts see it. */
export type Invitation = z.infer<typeof Invitation>;

/** One of them, by its identifier. */
export const Chosen = z.object({ id: z.uuid() });

/** What the list is told of its page. */
export interface InvitationProps {
  readonly eventId: string;
  readonly slug: string;
  readonly language: Language;
}

/** What a host fills in. */
export interface InvitationRequest {
  readonly language?: Language | undefined;
  readonly label: string;
  readonly permission: (typeof PERMISSIONS)[number];
  readonly days: (typeof LASTING)[number];
}

/** One invitation, and what its host can do about it. */
export function invitationRow(
  { id, label, permission, guests, standing, expiresAt }: Invitation,
  { slug, language }: InvitationProps,
  { rotate, revoke }: Readonly<Record<"rotate" | "revoke", ActEntry<z.input<typeof Chosen>>>>,
): Html {
  const words = texts[language];
  const until = {
    good: words.invitationUntil(formatDate(new Date(expiresAt).toISOString().slice(0, 10), language)),
    expired: words.invitationOver,
    revoked: words.invitationRevoked,
  }[standing];
  return html`<h3>${label}</h3>
    <p>
      ${words.guestCount(guests)}, ${until}.
      ${permission === undefined ? undefined : `${words.guestsMay} ${words[permission]}.`}
    </p>
    ${
      standing !== "good"
        ? undefined
        : html`<div class="actions">
            <a class="button quiet" href="/events/${slug}/invitations/${id}">
              ${words.showInvitation}<span class="visually-hidden">: ${label}</span>
            </a>
            <button class="button quiet" ${rotate({ id })}>
              ${words.rotateInvitation}<span class="visually-hidden">: ${label}</span>
            </button>
            <button class="button quiet" ${revoke({ id })}>
              ${words.revokeInvitation}<span class="visually-hidden">: ${label}</span>
            </button>
          </div>`
    }`;
}

interface FormFrame {
  readonly instance: string;
  readonly language: Language;
  readonly words: Words;
}

/** The form by which a host makes another one. */
export function invitationForm(create: ActEntry<InvitationRequest>, { instance, language, words }: FormFrame): Html {
  const permission = create.value("permission") || PERMISSIONS[0];
  const days = create.value("days") || "7";
  return html`<form class="card" ${create.form} aria-labelledby="${instance}-new">
    ${create.fields}
    <input type="hidden" name="language" value="${language}" />
    <h2 id="${instance}-new">${words.newInvitation}</h2>
    <div class="field">
      <label for="${instance}-label">${words.invitationFor}</label>
      <p class="hint">${words.invitationForHint}</p>
      <input id="${instance}-label" maxlength="80" required ${create.field("label")} />
      ${create.error("label")}
    </div>
    <fieldset class="field">
      <legend>${words.guestsMay}</legend>
      ${PERMISSIONS.map(
        (value) =>
          html`<label class="choice">
            <input type="radio" value="${value}" ?checked=${value === permission} ${create.area("permission")} />
            ${words[value]}
          </label>`,
      )}
      ${create.error("permission")}
    </fieldset>
    <div class="field">
      <label for="${instance}-days">${words.validFor}</label>
      <select id="${instance}-days" ${create.area("days")}>
        ${LASTING.map(
          (value) => html`<option value="${value}" ?selected=${value === days}>${words.days(Number(value))}</option>`,
        )}
      </select>
      ${create.error("days")}
    </div>
    <button class="button" type="submit">${words.createInvitation}</button>
  </form>`;
}
