import { html } from "gatehouse/html";
import type { Ids, ReadTransaction } from "gatehouse/kernel";
import { live, reply, type LiveComponent } from "gatehouse/live";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";
import type { Example } from "./example.ts";

const MOST_SHOWN = 12;
const Message = z.object({ id: z.string(), author: z.string(), text: z.string(), at: z.int() });
const Words = z.object({
  author: z.string().trim().min(1, "Please say who you are.").max(40, "A name has at most 40 characters."),
  text: z.string().trim().min(1, "Please write something.").max(300, "A message has at most 300 characters."),
});

interface Tables {
  playground_messages: z.infer<typeof Message> & { tenant: string; owner: string };
}

async function newest(transaction: ReadTransaction, tenant: string): Promise<z.infer<typeof Message>[]> {
  const messages = transaction.query<Tables>().selectFrom("playground_messages").select(["id", "author", "text", "at"]);
  const rows = await messages.where("tenant", "=", tenant).orderBy("id", "desc").limit(MOST_SHOWN).execute();
  return rows.map((row) => ({ ...row, at: Number(row.at) })).toReversed();
}

function createRoom(ids: Ids): LiveComponent<undefined> {
  return live("playground-chat", {
    // The name is the visitor's own; the messages are everybody's, and read again whenever the room is shown.
    state: z.object({ author: z.string(), messages: z.array(Message) }),
    contentOnly: ["messages"],
    mount: async ({ previous, transaction, tenant }) => ({
      author: previous?.author ?? "",
      messages: await newest(transaction, tenant),
    }),
    poll: 2,
    actions: (action) => ({
      say: action(
        { input: Words, authorise: "public", commutes: true, rateLimit: 20 },
        async ({ transaction, tenant, principal, now }, { author, text }) => {
          const message = { id: ids.next(), tenant, owner: principal.session ?? principal.id, author, text, at: now };
          await transaction.query<Tables>().insertInto("playground_messages").values(message).execute();
          const state = { author, messages: await newest(transaction, tenant) };
          return reply({ state, effects: { announce: "Your message is in the room." } });
        },
      ),
    }),
    render: ({ state: { author, messages }, act: { say }, instance }) => html`
      <div class="chat" role="log" aria-label="Messages" tabindex="0">
        <div>
          ${messages.length === 0 && html`<p class="empty">Nobody has said anything yet.</p>`}
          ${messages.map(
            ({ id, author: who, text, at }) =>
              html`<p class="chat-message" data-key=${id}><b>${who}</b> <time>${TIME.format(at)}</time><br />${text}</p>`,
          )}
        </div>
      </div>
      <form ${say.form} aria-label="Say something">
        ${say.fields}
        <div class="field">
          <label for="${instance}-author">Your name</label>
          <input
            id="${instance}-author"
            autocomplete="nickname"
            maxlength="40"
            required
            value=${say.value("author") || author}
            ${say.area("author")}
          />
          ${say.error("author")}
        </div>
        <div class="field">
          <label for="${instance}-text">Your message</label>
          <input id="${instance}-text" autocomplete="off" maxlength="300" required ${say.field("text")} />
          ${say.error("text")}
        </div>
        <button class="button" type="submit">Send</button>
      </form>
    `,
  });
}

const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: "UTC" });

/** Several visitors in one room. */
export const chatExample: Example = {
  slug: "chat",
  title: "Chat",
  summary: "One room for everybody who has this page open.",
  shows: ["state shared by a table", "poll", "a limit of 20 messages a minute", "what is typed stays"],
  tasks: [
    "Open the page in two browsers and talk: messages of others appear within two seconds.",
    "Begin a message and wait for one from somebody else: yours stays as it is, and so does the caret.",
    "Send more than twenty messages in a minute.",
  ],
  source: import.meta.url,
  migrations: [
    portableMigration(
      "9012_playground_messages",
      `CREATE TABLE playground_messages (
        id {id} PRIMARY KEY, tenant {id} NOT NULL, owner {id} NOT NULL,
        author {id} NOT NULL, text {id} NOT NULL, at {integer} NOT NULL
      );
      CREATE INDEX playground_messages_newest ON playground_messages (tenant, id)`,
    ),
  ],
  seed: async (transaction, { tenant, now, ids }) => {
    if ((await newest(transaction, tenant)).length > 0) return;
    const first = {
      id: ids.next(),
      tenant,
      owner: "demonstration",
      author: "Anna",
      text: "The hall is open.",
      at: now,
    };
    await transaction.query<Tables>().insertInto("playground_messages").values(first).execute();
  },
  open: ({ ids }) => createRoom(ids),
};
