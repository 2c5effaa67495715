import { html, type Html } from "gatehouse/html";
import type { ReadTransaction } from "gatehouse/kernel";
import { live, reply } from "gatehouse/live";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";
import type { Example } from "./example.ts";

const SIZE = 12;
const ROWS = 500;
const LAST = Math.ceil(ROWS / SIZE);
const COLUMNS = { name: "Name", city: "City", guests: "Guests", answer: "Answer" } as const;

const Column = z.enum(["name", "city", "guests", "answer"]);
const View = z.object({ by: Column, descending: z.boolean(), page: z.int().min(1).max(LAST) });
const Row = z.object({ id: z.int(), name: z.string(), city: z.string(), guests: z.int(), answer: z.string() });
const START: z.infer<typeof View> = { by: "name", descending: false, page: 1 };

interface Tables {
  playground_guests: z.infer<typeof Row>;
}

/** What a view shows: the database sorts, and leaves out what is on other pages. */
async function look(transaction: ReadTransaction, { by, descending, page }: z.infer<typeof View>) {
  const guests = transaction.query<Tables>().selectFrom("playground_guests").selectAll();
  const sorted = guests.orderBy(by, descending ? "desc" : "asc").orderBy("id");
  const rows = await sorted
    .limit(SIZE)
    .offset((page - 1) * SIZE)
    .execute();
  const numbers = rows.map((row) => ({ ...row, id: Number(row.id), guests: Number(row.guests) }));
  return { by, descending, page, rows: numbers };
}

const table = live("playground-table", {
  state: View.extend({ rows: z.array(Row) }),
  contentOnly: ["rows"],
  mount: ({ previous, transaction }) => look(transaction, previous ?? START),
  actions: (action) => ({
    sort: action(
      { input: z.object({ by: Column }), authorise: "public", commutes: true, repeats: true, rateLimit: 120 },
      async ({ state, transaction }, { by }) => {
        const descending = state.by === by && !state.descending;
        const order = descending ? "descending" : "ascending";
        const next = await look(transaction, { by, descending, page: 1 });
        return reply({ state: next, effects: { announce: `Sorted by ${COLUMNS[by].toLowerCase()}, ${order}.` } });
      },
    ),
    turn: action(
      { input: View.pick({ page: true }), authorise: "public", commutes: true, repeats: true, rateLimit: 120 },
      async ({ state, transaction }, { page }) =>
        reply({
          state: await look(transaction, { ...state, page }),
          effects: { announce: `Page ${page} of ${LAST}.` },
        }),
    ),
  }),
  render: ({ state: { by, descending, page, rows }, act }) => html`
    <div class="table-frame" role="region" aria-label="Guest list" tabindex="0">
      <table class="data">
        <caption class="visually-hidden">
          Guests, page ${page} of ${LAST}
        </caption>
        <thead>
          <tr>
            ${Column.options.map((column) => {
              const sorted = column === by ? (descending ? "descending" : "ascending") : null;
              return html`<th scope="col" aria-sort=${sorted}>
                <button class="sort" ${act.sort({ by: column })}>${COLUMNS[column]}</button>
              </th>`;
            })}
          </tr>
        </thead>
        <tbody>
          ${rows.map(tableRow)}
        </tbody>
      </table>
    </div>
    <nav class="actions" aria-label="Pages">
      <button class="button quiet" ${act.turn({ page: 1 })}>First</button>
      <button class="button quiet" ${act.turn({ page: Math.max(page - 1, 1) })}>Previous</button>
      <p>Page ${page} of ${LAST}</p>
      <button class="button quiet" ${act.turn({ page: Math.min(page + 1, LAST) })}>Next</button>
      <button class="button quiet" ${act.turn({ page: LAST })}>Last</button>
    </nav>
  `,
});

/** Rows have no keys: another page puts other text into the same rows, which is little to send and nothing to move. */
function tableRow({ name, city, guests, answer }: z.infer<typeof Row>): Html {
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${city}</td>
    <td class="number">${guests}</td>
    <td><span class="answer ${answer}">${answer}</span></td>
  </tr>`;
}

const FIRST =
  "Ada Ben Carla Deniz Emil Fatma Greta Hugo Ines Jonas Kaya Lena Milo Nora Omar Paula Quinn Rosa Sami Thea";
const FAMILY = "Adler Baumann Costa Demir Ekman Fischer Grieg Haas Ivanov Jansen Keller Lindqvist Moreau Novak Okafor";
const CITIES = "Basel Bergen Bremen Cork Ghent Graz Leeds Lyon Porto Turin Uppsala";

function guest(index: number): z.infer<typeof Row> {
  const pick = (words: string, at: number): string => {
    const list = words.split(" ");
    return list[at % list.length] ?? "";
  };
  const round = Math.floor(index / 20);
  const name = `${pick(FIRST, index)} ${pick(FAMILY, index * 7 + round)}`;
  const answer = pick("yes no open yes yes", index * 3 + round);
  return { id: index, name, city: pick(CITIES, index * 5 + round), guests: 1 + ((index + round) % 5), answer };
}

/** Rows of a table in the store, sorted and paged there. */
export const tableExample: Example = {
  slug: "table",
  title: "Table",
  summary: "Five hundred rows, sorted and paged by the database, with the focus where it was.",
  shows: ["queries in mount", "contentOnly", "aria-sort", "updates of what changed"],
  tasks: [
    "Sort by a column, and again for the other direction. The button keeps the focus, so press Enter again.",
    "Turn pages with the keyboard: the focus stays on “Next”.",
    "Reload: you are where you were. Open a second browser: it is somewhere else.",
  ],
  source: import.meta.url,
  migrations: [
    portableMigration(
      "9014_playground_guests",
      `CREATE TABLE playground_guests (
        id {integer} PRIMARY KEY, name {id} NOT NULL, city {id} NOT NULL,
        guests {integer} NOT NULL, answer {id} NOT NULL
      )`,
    ),
  ],
  seed: async (transaction) => {
    const rows = Array.from({ length: ROWS }, (_, index) => guest(index + 1));
    const insert = transaction.query<Tables>().insertInto("playground_guests").values(rows);
    await insert.onConflict((conflict) => conflict.column("id").doNothing()).execute();
  },
  open: () => table,
};
