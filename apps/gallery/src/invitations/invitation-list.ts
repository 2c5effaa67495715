import type { GuestServices } from "gatehouse/guests";
import { html } from "gatehouse/html";
import {
  deny,
  isDenial,
  problems,
  type Authorise,
  type Denial,
  type Principal,
  type ReadTransaction,
  type WriteTransaction,
} from "gatehouse/kernel";
import { live, reply, type LiveAnswer, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { isHost } from "../events/events.ts";
import { languages, texts, type Language } from "../language.ts";
import {
  Chosen,
  Invitation,
  invitationForm,
  invitationRow,
  LASTING,
  type InvitationProps,
  type InvitationRequest,
} from "./invitation-view.ts";
import { permissionOf, PERMISSIONS, scopesOf } from "./permissions.ts";

const DAY = 86_400_000;
/** Milliseconds the text of before goes on. */
const GRACE = DAY;
const MOST = 100;

const Props = z.object({ eventId: z.uuid(), slug: z.string(), language: z.enum(languages.tags) });

/** `null` for who is no host. */
const State = z.object({ invitations: z.array(Invitation).nullable() });
type State = z.infer<typeof State>;

/** What a host asks for, with what is wrong about it said in the language of the form. */
const Request = z.discriminatedUnion("language", [requestIn("en").partial({ language: true }), requestIn("de")]);

function requestIn<const Tag extends Language>(language: Tag) {
  const words = texts[language];
  return z.object({
    language: z.literal(language),
    label: z.string(words.fieldMissing).trim().min(1, words.fieldMissing).max(80, words.fieldTooLong(80)),
    permission: z.enum(PERMISSIONS, words.fieldMissing),
    days: z.enum(LASTING, words.fieldMissing),
  });
}

const signedIn: Authorise<unknown> = ({ principal }) => principal.type === "user";
const DECIDED = { authorise: signedIn, rateLimit: 60, audit: { context: ({ id }: { id: string }) => ({ id }) } };

/** The invitations of an event: hosts make them, take them back, and give them new codes. */
export function createInvitationList(guests: GuestServices): LiveComponent<InvitationProps> {
  const desk = new InvitationDesk(guests);
  return live("invitations", {
    mode: "none",
    props: Props,
    state: State,
    visible: ({ principal }) => principal.type === "user",
    mount: (asked) => desk.list(asked.transaction, asked),
    actions: (action) => ({
      create: action(
        {
          input: Request,
          authorise: signedIn,
          rateLimit: 30,
          audit: { context: ({ permission, days }) => ({ permission, days: Number(days) }) },
        },
        (asked, request) => desk.create(asked.transaction, asked, request),
      ),
      revoke: action({ input: Chosen, ...DECIDED }, (asked, { id }) =>
        desk.decide(asked, id, { what: "revoke", announce: texts[asked.props.language].invitationIsRevoked }),
      ),
      rotate: action({ input: Chosen, ...DECIDED }, (asked, { id }) =>
        desk.decide(asked, id, { what: "rotate", announce: texts[asked.props.language].invitationIsRotated }),
      ),
    }),
    render: ({ state: { invitations }, act, instance, props }) => {
      if (invitations === null) return html``;
      const words = texts[props.language];
      return html`${
        invitations.length === 0
          ? html`<p class="empty">${words.noInvitations}</p>`
          : html`<ul class="event-list">
                ${invitations.map((one) => html`<li class="card">${invitationRow(one, props, act)}</li>`)}
              </ul>`
      }
        ${invitationForm(act.create, { instance, language: props.language, words })}`;
    },
  });
}

/** Who asks about which event, when. */
interface Asked {
  readonly tenant: string;
  readonly principal: Principal;
  readonly props: InvitationProps;
  readonly now: number;
}

interface Decision {
  readonly what: "revoke" | "rotate";
  readonly announce: string;
}

class InvitationDesk {
  readonly #guests: GuestServices;

  constructor(guests: GuestServices) {
    this.#guests = guests;
  }

  async list(transaction: ReadTransaction, asked: Asked): Promise<State> {
    if (!(await this.#isHost(transaction, asked))) return { invitations: null };
    const { tenant, props, now } = asked;
    const query = { tenant, collection: props.eventId, limit: MOST };
    const found = await this.#guests.tokens.list(transaction, query);
    return {
      invitations: found.map(({ id, label, scopes, guests, state, expiresAt }) => ({
        ...{ id, label, guests, expiresAt, permission: permissionOf(scopes) },
        standing: state === "revoked" ? "revoked" : expiresAt <= now ? "expired" : "good",
      })),
    };
  }

  async create(
    transaction: WriteTransaction,
    asked: Asked,
    { language = "en", label, permission, days }: InvitationRequest,
  ): Promise<LiveAnswer<State>> {
    const { invitations } = await this.list(transaction, asked);
    if (invitations === null) return deny(problems.PERMISSION_DENIED);
    if (invitations.length >= MOST) {
      return deny(problems.PERMISSION_DENIED, { detail: texts[language].tooManyInvitations });
    }
    const { tenant, props } = asked;
    const request = { tenant, collection: props.eventId, label, scopes: scopesOf(permission) };
    const issued = await this.#guests.book.create(transaction, { ...request, lifetime: Number(days) * DAY });
    if (isDenial(issued)) return issued;
    return reply({ effects: { redirect: `/events/${props.slug}/invitations/${issued.id}` } });
  }

  async decide(
    { transaction, ...asked }: Asked & { readonly transaction: WriteTransaction },
    id: string,
    { what, announce }: Decision,
  ): Promise<LiveAnswer<State>> {
    const { tenant, props } = asked;
    const token = await this.#guests.tokens.find(transaction, { tenant, id });
    const own = token?.collection === props.eventId && (await this.#isHost(transaction, asked));
    const done: unknown = own ? await this.#change(transaction, { tenant, id }, what) : deny(problems.NOT_FOUND);
    return isDenial(done) ? done : reply({ state: await this.list(transaction, asked), effects: { announce } });
  }

  #change(
    transaction: WriteTransaction,
    key: { readonly tenant: string; readonly id: string },
    what: Decision["what"],
  ): Promise<object | number | Denial> {
    const { book } = this.#guests;
    return what === "revoke" ? book.revoke(transaction, key) : book.rotate(transaction, key, GRACE);
  }

  #isHost(transaction: ReadTransaction, { tenant, principal, props }: Asked): Promise<boolean> {
    return isHost(transaction, { tenant, account: principal.id, eventId: props.eventId });
  }
}
