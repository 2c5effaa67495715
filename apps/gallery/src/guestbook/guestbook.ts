import { html, type Html } from "gatehouse/html";
import { deny, problems, type Ids, type Principal, type ReadTransaction } from "gatehouse/kernel";
import { live, reply, type ActEntry, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { seesEvent, type ViewerParts } from "../events/viewer.ts";
import { formatTime, languages, texts, type Language } from "../language.ts";
import type { Words } from "../texts/en.ts";
import { addEntry, countEntries, listEntries, type Entry } from "./entries.ts";
import { writerOf } from "./writer.ts";

const PAGE = 20;
const MOST_SHOWN = 500;

/** A guest who was let in is counted alone; strangers by their address, which all of a venue may share. */
const SIGNATURES = { limitBy: ["session", "action"], rateLimit: 10, rateLimitWindow: 60, anonymousLimit: 120 } as const;

const EntrySchema = z.object({ id: z.string(), author: z.string(), message: z.string(), createdAt: z.number() });
/** `null` for who may not look. */
const State = z.object({ entries: z.array(EntrySchema).nullable(), total: z.number() });
const Props = z.object({ eventId: z.uuid(), language: z.enum(languages.tags) });

/** What a guest writes, with what is wrong about it said in the language of the form. */
const Greeting = z.discriminatedUnion("language", [greetingIn("en").partial({ language: true }), greetingIn("de")]);

function greetingIn<const Tag extends Language>(language: Tag) {
  const words = texts[language];
  return z.object({
    language: z.literal(language),
    author: z.string(words.nameMissing).trim().min(1, words.nameMissing).max(60, words.nameTooLong),
    message: z.string(words.messageMissing).trim().min(1, words.messageMissing).max(1000, words.messageTooLong),
  });
}

/** What guestbooks are kept with. */
export interface GuestbookParts extends ViewerParts {
  readonly ids: Ids;
}

interface Asked {
  readonly transaction: ReadTransaction;
  readonly tenant: string;
  readonly principal: Principal;
  readonly props: Pick<z.infer<typeof Props>, "eventId">;
}

/** The guestbook of an event: newest entries first, a form above them. */
export function createGuestbook({ ids, grants }: GuestbookParts): LiveComponent<z.infer<typeof Props>> {
  const sees = ({ transaction, tenant, principal, props: { eventId } }: Asked): Promise<boolean> =>
    seesEvent(transaction, { grants }, { tenant, principal, eventId });
  return live("guestbook", {
    props: Props,
    state: State,
    // Who has asked for more entries goes on seeing them when news come.
    mount: async ({ previous, ...asked }) =>
      (await sees(asked)) ? newest(asked, Math.max(PAGE, previous?.entries?.length ?? 0)) : CLOSED,
    topics: ({ props: { eventId } }) => [guestbookTopic(eventId)],
    actions: (action) => ({
      sign: action(
        {
          input: Greeting,
          authorise: "public",
          commutes: true,
          ...SIGNATURES,
          audit: { context: (input) => ({ length: input.message.length }) },
        },
        async (context, { author, message }) => {
          if (!(await sees(context))) return deny(problems.PERMISSION_DENIED);
          const { transaction, tenant, props, state, principal, now } = context;
          const { eventId, language } = props;
          const entry = { id: ids.next(), author, message, createdAt: now };
          await addEntry(transaction, { tenant, eventId }, { ...entry, owner: writerOf(principal) });
          context.publish(guestbookTopic(eventId));
          const shown = await newest(context, Math.max(PAGE, (state.entries?.length ?? 0) + 1));
          return reply({ state: shown, effects: { announce: texts[language].signed } });
        },
      ),
      more: action(
        { authorise: "public", commutes: true, limitBy: ["session", "action"], rateLimit: 60, anonymousLimit: 240 },
        async ({ state, ...asked }) => {
          if (!(await sees(asked))) return deny(problems.PERMISSION_DENIED);
          const shown = await newest(asked, Math.min((state.entries?.length ?? 0) + PAGE, MOST_SHOWN));
          const { entriesShown } = texts[asked.props.language];
          return reply({ state: shown, effects: { announce: entriesShown(shown.entries.length) } });
        },
      ),
    }),
    render: ({ state: { entries, total }, act, instance, props: { language } }) => {
      if (entries === null) return html``;
      const words = texts[language];
      return html`
        <div class="section-head">
          <h2 id="${instance}-heading">${words.guestbook}</h2>
          <p>${words.entryCount(total)}</p>
        </div>
        ${signForm(act.sign, { instance, language, words })}
        ${entries.length === 0 ? html`<p class="empty">${words.noEntries}</p>` : entryList(entries, language)}
        ${
          total > entries.length && entries.length < MOST_SHOWN
            ? html`<p class="actions"><button class="button quiet" ${act.more()}>${words.moreEntries}</button></p>`
            : undefined
        }
      `;
    },
  });
}

const CLOSED = { entries: null, total: 0 };

/** The state of a guestbook that shows so many entries. */
async function newest(
  { transaction, tenant, props: { eventId } }: Omit<Asked, "principal">,
  limit: number,
): Promise<{ readonly entries: Entry[]; readonly total: number }> {
  const key = { tenant, eventId };
  return { entries: await listEntries(transaction, key, limit), total: await countEntries(transaction, key) };
}

/** What open guestbooks of an event follow. */
export function guestbookTopic(eventId: string): string {
  return `guestbook/${eventId}`;
}

interface Frame {
  readonly instance: string;
  readonly language: Language;
  readonly words: Words;
}

function signForm(sign: ActEntry<z.input<typeof Greeting>>, { instance, language, words }: Frame): Html {
  return html`
    <form class="card" ${sign.form} aria-labelledby="${instance}-heading">
      ${sign.fields}
      <input type="hidden" name="language" value="${language}" />
      <div class="field">
        <label for="${instance}-author">${words.yourName}</label>
        <input id="${instance}-author" autocomplete="name" maxlength="60" required ${sign.field("author")} />
        ${sign.error("author")}
      </div>
      <div class="field">
        <label for="${instance}-message">${words.yourMessage}</label>
        <textarea
          id="${instance}-message"
          maxlength="1000"
          required
          rows="4"
          ${sign.area("message")}
        >
${sign.value("message")}</textarea>
        ${sign.error("message")}
      </div>
      <button class="button" type="submit">${words.sign}</button>
    </form>
  `;
}

function entryList(entries: readonly Entry[], language: Language): Html {
  return html`<ol class="entries" reversed>
    ${entries.map(
      ({ id, author, message, createdAt }) =>
        html`<li class="card entry" id="entry-${id}">
          <span class="avatar" aria-hidden="true">${[...author][0]?.toUpperCase()}</span>
          <header>
            <span class="author">${author}</span>
            <time datetime="${new Date(createdAt).toISOString()}">${formatTime(createdAt, language)}</time>
          </header>
          <p class="message">${message}</p>
        </li>`,
    )}
  </ol>`;
}
