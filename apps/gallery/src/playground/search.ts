import { html, type Html } from "gatehouse/html";
import type { ReadTransaction } from "gatehouse/kernel";
import { live, reply } from "gatehouse/live";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";
import type { Example } from "./example.ts";
import { PLACES } from "./places.ts";

const MOST = 8;
const Query = z.object({ query: z.string().trim().max(60, "At most 60 characters.") });
const Place = z.object({ name: z.string(), country: z.string() });

interface Tables {
  playground_places: { name: string; country: string; folded: string };
}

async function search(transaction: ReadTransaction, query: string) {
  const places = transaction.query<Tables>().selectFrom("playground_places").select(["name", "country"]);
  // No name has characters that mean something to LIKE.
  const wanted = fold(query).replaceAll(/[\\%_]/g, "");
  const found = await places
    .where("folded", "like", `%${wanted}%`)
    // First those that begin with it.
    .orderBy(({ eb }) => eb.case().when("folded", "like", `${wanted}%`).then(0).else(1).end())
    .orderBy("name")
    .execute();
  return { query, total: found.length, places: found.slice(0, MOST) };
}

function fold(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}

const places = live("playground-search", {
  state: z.object({ query: z.string(), total: z.int(), places: z.array(Place) }),
  contentOnly: ["places"],
  mount: ({ previous, transaction }) => search(transaction, previous?.query ?? ""),
  actions: (action) => ({
    search: action(
      // Five pauses of 200 ms a second are as fast as anybody types.
      { input: Query, authorise: "public", commutes: true, rateLimit: 300 },
      async ({ transaction }, { query }) => {
        const state = await search(transaction, query);
        return reply({ state, effects: { announce: countOf(state.total) } });
      },
    ),
  }),
  render: ({ state: { query, total, places: found }, act, instance }) => html`
    <form role="search" ${act.search.form}>
      ${act.search.fields}
      <div class="field">
        <label for="${instance}-query">A city</label>
        <input
          id="${instance}-query"
          type="search"
          autocomplete="off"
          spellcheck="false"
          maxlength="60"
          value=${query}
          ${act.search.area("query")}
          ${act.search.typing}
        />
        ${act.search.error("query")}
      </div>
      <button class="button quiet" type="submit">Search</button>
    </form>
    <p class="hint">${countOf(total)}${total > found.length && `, the first ${found.length} are shown`}.</p>
    <ul class="results">
      ${found.map(({ name, country }) => result(name, country, query))}
    </ul>
  `,
});

function countOf(total: number): string {
  return total === 0 ? "No city has this in its name" : total === 1 ? "1 city" : `${total} cities`;
}

/** A result with what was searched for marked in it. It has no key: other results are other text in the same rows. */
function result(name: string, country: string, query: string): Html {
  const start = query === "" ? -1 : fold(name).indexOf(fold(query));
  const end = start + query.length;
  const marked = html`${name.slice(0, start)}<mark>${name.slice(start, end)}</mark>${name.slice(end)}`;
  return html`<li>
    <span>${start === -1 ? name : marked}</span> <span class="result-place">${country}</span>
  </li>`;
}

/** A form that is sent while one types. */
export const searchExample: Example = {
  slug: "search",
  title: "Search as you type",
  summary: "Results follow what is typed, the newest last, and the field is never touched.",
  shows: ["act.search.typing", "state in the store", "a read of a table", "announcements"],
  tasks: [
    "Type “san”, then go on with “ta”: the results follow a moment after you pause.",
    "Type quickly over a slow connection: one search at a time is on its way, and the last one shown is for what stands in the field.",
    "Without scripts the button searches, and the page remembers what for.",
  ],
  source: import.meta.url,
  migrations: [
    portableMigration(
      "9011_playground_places",
      "CREATE TABLE playground_places (name {id} PRIMARY KEY, country {id} NOT NULL, folded {id} NOT NULL)",
    ),
  ],
  seed: async (transaction) => {
    const rows = PLACES.map(([name, country]) => ({ name, country, folded: fold(name) }));
    const insert = transaction.query<Tables>().insertInto("playground_places").values(rows);
    await insert.onConflict((conflict) => conflict.column("name").doNothing()).execute();
  },
  open: () => places,
};
