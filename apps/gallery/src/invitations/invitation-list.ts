import type { GuestServices } from "gatehouse/guests";
import { html, type Html } from "gatehouse/html";
import { deny, isDenial, problems, type Principal, type ReadTransaction } from "gatehouse/kernel";
import { live, reply, type ActEntry, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { isHost } from "../events/events.ts";
import { formatDate, languages, texts, type Language } from "../language.ts";
import type { Words } from "../texts/en.ts";
import { permissionOf, PERMISSIONS, scopesOf } from "./permissions.ts";

const DAY = 86_400_000;
/** Milliseconds the text of before goes on. */
const GRACE = DAY;
const LASTING = ["1", "7", "30", "90"] as const;
const MOST = 100;

const Props = z.object({ eventId: z.uuid(), slug: z.string(), language: z.enum(languages.tags) });
type Props = z.infer<typeof Props>;

const Invitation = z.object({
  id: z.string(),
  label: z.string(),
  permission: z.enum(PERMISSIONS).optional(),
  guests: z.number(),
  standing: z.enum(["good", "expired", "revoked"]),
  expiresAt: z.number(),
});
type Invitation = z.infer<typeof Invitation>;
/** `null` for who is no host. */
const State = z.object({ invitations: z.array(Invitation).nullable() });

/** What a host asks for, with what is wrong about it said in the language of the form. */
const Request = z.discriminatedUnion("language", [requestIn("en").partial({ language: true }), requestIn("de")]);
const Chosen = z.object({ id: z.uuid() });

function requestIn<const Tag extends Language>(language: Tag) {
  const words = texts[language];
  return z.object({
    language: z.literal(language),
    label: z.string(words.fieldMissing).trim().min(1, words.fieldMissing).max(80, words.fieldTooLong(80)),
    permission: z.enum(PERMISSIONS, words.fieldMissing),
    days: z.enum(LASTING, words.fieldMissing),
  });
}

interface Asked {
  readonly tenant: string;
  readonly principal: Principal;
  readonly props: Props;
}

/** The invitations of an event: hosts make them, take them back, and give them new codes. */
export function createInvitationList({ book, tokens }: GuestServices): LiveComponent<Props> {
  const list = async (
    transaction: ReadTransaction,
    { tenant, principal, props }: Asked,
    now: number,
  ): Promise<z.infer<typeof State>> => {
    if (!(await isHost(transaction, { tenant, account: principal.id, eventId: props.eventId }))) {
      return { invitations: null };
    }
    const found = await tokens.list(transaction, { tenant, collection: props.eventId, limit: MOST });
    return {
      invitations: found.map(({ id, label, scopes, guests, state, expiresAt }) => ({
        ...{ id, label, guests, expiresAt, permission: permissionOf(scopes) },
        standing: state === "revoked" ? "revoked" : expiresAt <= now ? "expired" : "good",
      })),
    };
  };
  const isOwn = async (transaction: ReadTransaction, { tenant, principal, props }: Asked, id: string) => {
    const token = await tokens.find(transaction, { tenant, id });
    const { eventId } = props;
    return token?.collection === eventId && (await isHost(transaction, { tenant, account: principal.id, eventId }));
  };
  return live("invitations", {
    mode: "none",
    props: Props,
    state: State,
    visible: ({ principal }) => principal.type === "user",
    mount: ({ transaction, now, ...asked }) => list(transaction, asked, now),
    actions: (action) => ({
      create: action(
        {
          input: Request,
          authorise: ({ principal }) => principal.type === "user",
          rateLimit: 30,
          audit: { context: ({ permission, days }) => ({ permission, days: Number(days) }) },
        },
        async ({ transaction, now, ...asked }, { language = "en", label, permission, days }) => {
          const { invitations } = await list(transaction, asked, now);
          if (invitations === null) return deny(problems.PERMISSION_DENIED);
          if (invitations.length >= MOST) {
            return deny(problems.PERMISSION_DENIED, { detail: texts[language].tooManyInvitations });
          }
          const { tenant, props } = asked;
          const request = { tenant, collection: props.eventId, label, scopes: scopesOf(permission) };
          const issued = await book.create(transaction, { ...request, lifetime: Number(days) * DAY });
          if (isDenial(issued)) return issued;
          return reply({ effects: { redirect: `/events/${props.slug}/invitations/${issued.id}` } });
        },
      ),
      revoke: action(
        {
          input: Chosen,
          authorise: ({ principal }) => principal.type === "user",
          rateLimit: 60,
          audit: { context: ({ id }) => ({ id }) },
        },
        async ({ transaction, now, ...asked }, { id }) => {
          if (!(await isOwn(transaction, asked, id))) return deny(problems.NOT_FOUND);
          const revoked = await book.revoke(transaction, { tenant: asked.tenant, id });
          if (isDenial(revoked)) return revoked;
          const announce = texts[asked.props.language].invitationIsRevoked;
          return reply({ state: await list(transaction, asked, now), effects: { announce } });
        },
      ),
      rotate: action(
        {
          input: Chosen,
          authorise: ({ principal }) => principal.type === "user",
          rateLimit: 60,
          audit: { context: ({ id }) => ({ id }) },
        },
        async ({ transaction, now, ...asked }, { id }) => {
          if (!(await isOwn(transaction, asked, id))) return deny(problems.NOT_FOUND);
          const rotated = await book.rotate(transaction, { tenant: asked.tenant, id }, GRACE);
          if (isDenial(rotated)) return rotated;
          const announce = texts[asked.props.language].invitationIsRotated;
          return reply({ state: await list(transaction, asked, now), effects: { announce } });
        },
      ),
    }),
    render: ({ state: { invitations }, act, instance, props }) => {
      if (invitations === null) return html``;
      const words = texts[props.language];
      return html`${
        invitations.length === 0
          ? html`<p class="empty">${words.noInvitations}</p>`
          : html`<ul class="event-list">
                ${invitations.map((invitation) => html`<li class="card">${row(invitation, props, act)}</li>`)}
              </ul>`
      }
        ${form(act.create, { instance, language: props.language, words })}`;
    },
  });
}

function row(
  { id, label, permission, guests, standing, expiresAt }: Invitation,
  { slug, language }: Props,
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

function form(create: ActEntry<z.input<typeof Request>>, { instance, language, words }: FormFrame): Html {
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
