import { html, type Html } from "gatehouse/html";
import { deny, problems, type Ids, type Principal, type ReadTransaction } from "gatehouse/kernel";
import { live, reply, type ActEntry, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { languages, texts, type Language } from "../language.ts";
import type { Words } from "../texts/en.ts";
import {
  addEvent,
  addHost,
  changeEvent,
  findEventById,
  isHost,
  listEventsOf,
  type EventDetails,
  type GalleryEvent,
} from "./events.ts";
import { slugOf } from "./slug.ts";

/** The most events of one host. */
const MOST_EVENTS = 50;
/** Letters a taken slug is told apart with. */
const DISTINCTION = 4;

const Props = z.object({ eventId: z.uuid().optional(), language: z.enum(languages.tags) });
type Props = z.infer<typeof Props>;

const Shown = z.object({
  title: z.string(),
  hosts: z.string(),
  place: z.string(),
  heldOn: z.string(),
  welcome: z.string(),
  visibility: z.enum(["open", "invited"]),
  approval: z.enum(["none", "hosts"]),
});
const State = z.object({ details: Shown.nullable() });

/** What a host says of an event, with what is wrong about it said in the language of the form. */
const Details = z.discriminatedUnion("language", [detailsIn("en").partial({ language: true }), detailsIn("de")]);
type Typed = z.input<typeof Details>;

function detailsIn<const Tag extends Language>(language: Tag) {
  const words = texts[language];
  const text = (most: number) =>
    z.string(words.fieldMissing).trim().min(1, words.fieldMissing).max(most, words.fieldTooLong(most));
  return z.object({
    language: z.literal(language),
    title: text(80),
    hosts: text(120),
    place: text(120),
    heldOn: z.iso.date(words.dateMissing),
    welcome: z.string(words.fieldMissing).trim().max(1000, words.fieldTooLong(1000)),
    visibility: z.enum(["open", "invited"], words.fieldMissing),
    approval: z.enum(["none", "hosts"], words.fieldMissing),
  });
}

const EMPTY: EventDetails = {
  ...{ title: "", hosts: "", place: "", heldOn: "", welcome: "" },
  ...{ visibility: "invited", approval: "none" },
};

/** The form by which hosts make an event and change what is said of it. */
export function createEventForm({ ids }: { readonly ids: Ids }): LiveComponent<Props> {
  return live("event-form", {
    mode: "none",
    props: Props,
    state: State,
    visible: ({ principal }) => principal.type === "user",
    mount: async ({ transaction, tenant, principal, props: { eventId } }) => {
      if (eventId === undefined) return { details: EMPTY };
      const event = await ownEvent(transaction, { tenant, principal, eventId });
      return { details: event === undefined ? null : detailsOf(event) };
    },
    actions: (action) => ({
      save: action(
        {
          input: Details,
          authorise: ({ principal }) => principal.type === "user",
          rateLimit: 30,
          audit: { context: ({ visibility, approval }) => ({ visibility, approval }) },
        },
        async ({ transaction, tenant, principal, props, now }, { language = "en", ...details }) => {
          const words = texts[language];
          if (props.eventId !== undefined) {
            const event = await ownEvent(transaction, { tenant, principal, eventId: props.eventId });
            if (event === undefined) return deny(problems.PERMISSION_DENIED);
            await changeEvent(transaction, event, details);
            return reply({ state: { details }, effects: { announce: words.eventSaved } });
          }
          const host = { tenant, account: principal.id };
          const { length } = await listEventsOf(transaction, host);
          if (length >= MOST_EVENTS) return deny(problems.PERMISSION_DENIED, { detail: words.eventLimit });
          const id = ids.next();
          const named = { ...details, id, tenant, slug: slugOf(details.title) };
          const told = `${named.slug}-${id.slice(-DISTINCTION)}`.replace(/^-/, "event-");
          const event =
            named.slug !== "" && (await addEvent(transaction, named, now)) ? named : { ...named, slug: told };
          if (event !== named && !(await addEvent(transaction, event, now))) return deny(problems.STATE_CONFLICT);
          await addHost(transaction, { ...host, eventId: id }, now);
          return reply({ effects: { redirect: `/events/${event.slug}` } });
        },
      ),
    }),
    render: ({ state: { details }, act, instance, props }) =>
      details === null
        ? html``
        : form(act.save, { instance, details, language: props.language, isNew: props.eventId === undefined }),
  });
}

/** An event whose host the principal is. */
async function ownEvent(
  transaction: ReadTransaction,
  { tenant, principal, eventId }: { tenant: string; principal: Principal; eventId: string },
): Promise<GalleryEvent | undefined> {
  const mine = await isHost(transaction, { tenant, account: principal.id, eventId });
  return mine ? findEventById(transaction, tenant, eventId) : undefined;
}

function detailsOf({ title, hosts, place, heldOn, welcome, visibility, approval }: GalleryEvent): EventDetails {
  return { title, hosts, place, heldOn, welcome, visibility, approval };
}

interface Frame {
  readonly instance: string;
  readonly details: EventDetails;
  readonly language: Language;
  readonly isNew: boolean;
}

function form(save: ActEntry<Typed>, { instance, details, language, isNew }: Frame): Html {
  const words = texts[language];
  const line = (name: "title" | "hosts" | "place", label: string, most: number): Html =>
    html`<div class="field">
      <label for="${instance}-${name}">${label}</label>
      <input
        id="${instance}-${name}"
        value="${save.value(name) || details[name]}"
        maxlength="${most}"
        required
        ${save.area(name)}
      />
      ${save.error(name)}
    </div>`;
  return html`<form class="card" ${save.form}>
    ${save.fields}
    <input type="hidden" name="language" value="${language}" />
    ${line("title", words.eventTitle, 80)} ${line("hosts", words.eventHosts, 120)}
    ${line("place", words.eventPlace, 120)}
    <div class="field">
      <label for="${instance}-heldOn">${words.eventDate}</label>
      <input
        id="${instance}-heldOn"
        type="date"
        value="${save.value("heldOn") || details.heldOn}"
        required
        ${save.area("heldOn")}
      />
      ${save.error("heldOn")}
    </div>
    <div class="field">
      <label for="${instance}-welcome">${words.eventWelcome}</label>
      <p class="hint" id="${instance}-welcome-hint">${words.eventWelcomeHint}</p>
      <textarea id="${instance}-welcome" maxlength="1000" rows="3" ${save.area("welcome")}>
${save.value("welcome") || details.welcome}</textarea>
      ${save.error("welcome")}
    </div>
    ${choices(save, "visibility", { chosen: details.visibility, words })}
    ${choices(save, "approval", { chosen: details.approval, words })}
    <button class="button" type="submit">${isNew ? words.createEvent : words.saveEvent}</button>
  </form>`;
}

function choices(
  save: ActEntry<Typed>,
  name: "visibility" | "approval",
  { chosen, words }: { readonly chosen: string; readonly words: Words },
): Html {
  const options = {
    visibility: { invited: words.eventInvited, open: words.eventOpen },
    approval: { none: words.eventApprovalAtOnce, hosts: words.eventApprovalByHosts },
  }[name];
  const current = save.value(name) || chosen;
  return html`<fieldset class="field">
    <legend>${name === "visibility" ? words.eventVisibility : words.eventApproval}</legend>
    ${Object.entries(options).map(
      ([value, label]) =>
        html`<label class="choice">
          <input type="radio" value="${value}" ?checked=${value === current} ${save.area(name)} /> ${label}
        </label>`,
    )}
    ${save.error(name)}
  </fieldset>`;
}
