import { html, type Html } from "gatehouse/html";
import type { Ids, ReadTransaction } from "gatehouse/kernel";
import { live, reply, type ActEntry, type LiveComponent } from "gatehouse/live";
import { z } from "zod";
import { addEntry, countEntries, listEntries, type Entry, type EventKey } from "./entries.ts";

const PAGE = 20;
const MOST_SHOWN = 500;

/** A guest who was let in is counted alone; strangers by their address, which all of a venue may share. */
const SIGNATURES = { limitBy: ["session", "action"], rateLimit: 10, rateLimitWindow: 60, anonymousLimit: 120 } as const;

const EntrySchema = z.object({ id: z.string(), author: z.string(), message: z.string(), createdAt: z.number() });
const State = z.object({ entries: z.array(EntrySchema), total: z.number() });
const Props = z.object({ eventId: z.uuid() });

/** What a guest writes. */
const Greeting = z.object({
  author: z
    .string("Please tell us your name.")
    .trim()
    .min(1, "Please tell us your name.")
    .max(60, "A name has at most 60 characters."),
  message: z
    .string("Please write a few words.")
    .trim()
    .min(1, "Please write a few words.")
    .max(1000, "An entry has at most 1000 characters."),
});

/** The guestbook of an event: newest entries first, a form above them. */
export function createGuestbook({ ids }: { readonly ids: Ids }): LiveComponent<z.infer<typeof Props>> {
  return live("guestbook", {
    props: Props,
    state: State,
    mount: async ({ transaction, tenant, props: { eventId }, previous }) => {
      // Who has asked for more entries goes on seeing them when news come.
      const shown = Math.max(PAGE, previous?.entries.length ?? 0);
      return newest(transaction, { tenant, eventId }, shown);
    },
    topics: ({ props: { eventId } }) => [topicOf(eventId)],
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
          const { transaction, tenant, props, state, principal, now } = context;
          const key = { tenant, eventId: props.eventId };
          const entry = { id: ids.next(), author, message, createdAt: now };
          await addEntry(transaction, key, { ...entry, owner: principal.session ?? principal.id });
          context.publish(topicOf(props.eventId));
          return reply({
            state: await newest(transaction, key, Math.max(PAGE, state.entries.length + 1)),
            effects: { announce: "Your entry is in the guestbook. Thank you!" },
          });
        },
      ),
      more: action(
        { authorise: "public", commutes: true, limitBy: ["session", "action"], rateLimit: 60, anonymousLimit: 240 },
        async ({ transaction, tenant, props: { eventId }, state }) => {
          const limit = Math.min(state.entries.length + PAGE, MOST_SHOWN);
          const shown = await newest(transaction, { tenant, eventId }, limit);
          return reply({ state: shown, effects: { announce: `${shown.entries.length} entries shown.` } });
        },
      ),
    }),
    render: ({ state: { entries, total }, act, instance }) => html`
      <div class="section-head">
        <h2 id="${instance}-heading">Guestbook</h2>
        <p>${total === 1 ? "1 entry" : `${total} entries`}</p>
      </div>
      ${signForm(act.sign, instance)}
      ${entries.length === 0 ? html`<p class="empty">Nobody has written yet. Be the first!</p>` : entryList(entries)}
      ${
        total > entries.length && entries.length < MOST_SHOWN
          ? html`<p class="actions"><button class="button quiet" ${act.more()}>Show more entries</button></p>`
          : undefined
      }
    `,
  });
}

/** The state of a guestbook that shows so many entries. */
async function newest(transaction: ReadTransaction, key: EventKey, limit: number): Promise<z.infer<typeof State>> {
  return { entries: await listEntries(transaction, key, limit), total: await countEntries(transaction, key) };
}

/** What open guestbooks of an event follow. */
function topicOf(eventId: string): string {
  return `guestbook/${eventId}`;
}

function signForm(sign: ActEntry<z.input<typeof Greeting>>, instance: string): Html {
  return html`
    <form class="card" ${sign.form} aria-labelledby="${instance}-heading">
      ${sign.fields}
      <div class="field">
        <label for="${instance}-author">Your name</label>
        <input id="${instance}-author" autocomplete="name" maxlength="60" required ${sign.field("author")} />
        ${sign.error("author")}
      </div>
      <div class="field">
        <label for="${instance}-message">Your message</label>
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
      <button class="button" type="submit">Sign the guestbook</button>
    </form>
  `;
}

function entryList(entries: readonly Entry[]): Html {
  return html`<ol class="entries" reversed>
    ${entries.map(
      ({ id, author, message, createdAt }) =>
        html`<li class="card entry" id="entry-${id}">
          <span class="avatar" aria-hidden="true">${[...author][0]?.toUpperCase()}</span>
          <header>
            <span class="author">${author}</span>
            <time datetime="${new Date(createdAt).toISOString()}">${formatTime(createdAt)}</time>
          </header>
          <p class="message">${message}</p>
        </li>`,
    )}
  </ol>`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

function formatTime(time: number): string {
  return `${TIME.format(time)} UTC`;
}
