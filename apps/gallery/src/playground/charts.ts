import { html, type Html } from "gatehouse/html";
import type { ReadTransaction } from "gatehouse/kernel";
import { live, reply } from "gatehouse/live";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";
import type { Example } from "./example.ts";

const SONGS = ["A slow waltz", "Something loud", "The accordion", "One more time", "Silence"] as const;
/** Milliseconds of one step of the curve. */
const STEP = 10_000;
const STEPS = 12;

const Song = z
  .int()
  .min(0)
  .max(SONGS.length - 1);
const State = z.object({ votes: z.array(z.int()), curve: z.array(z.int()), mine: z.int() });

interface Tables {
  playground_votes: { tenant: string; owner: string; song: number; at: number };
}

async function count(
  transaction: ReadTransaction,
  { tenant, owner, now }: { tenant: string; owner: string; now: number },
) {
  const rows = await transaction
    .query<Tables>()
    .selectFrom("playground_votes")
    .select(["owner", "song", "at"])
    .where("tenant", "=", tenant)
    .execute();
  const step = Math.floor(now / STEP);
  const isIn = (at: number, index: number): boolean => Math.floor(at / STEP) === step - STEPS + 1 + index;
  return {
    votes: SONGS.map((_, song) => rows.filter((row) => Number(row.song) === song).length),
    curve: Array.from({ length: STEPS }, (_, index) => rows.filter(({ at }) => isIn(Number(at), index)).length),
    mine: Number(rows.find((row) => row.owner === owner)?.song ?? -1),
  };
}

const charts = live("playground-charts", {
  mode: "none",
  poll: 1,
  state: State,
  mount: ({ transaction, tenant, principal, now }) =>
    count(transaction, { tenant, owner: principal.session ?? principal.id, now }),
  actions: (action) => ({
    vote: action(
      { input: z.object({ song: Song }), authorise: "public", commutes: true },
      async ({ transaction, tenant, principal, now }, { song }) => {
        const vote = { tenant, owner: principal.session ?? principal.id, song, at: now };
        const insert = transaction.query<Tables>().insertInto("playground_votes").values(vote);
        const { at } = vote;
        await insert
          .onConflict((conflict) => conflict.columns(["tenant", "owner"]).doUpdateSet({ song, at }))
          .execute();
        return reply({ effects: { announce: `You vote for: ${SONGS[song]}.` } });
      },
    ),
  }),
  render: ({ state: { votes, curve, mine }, act }) => html`
    <figure class="chart">
      <figcaption>What shall the band play next?</figcaption>
      ${bars(votes)}
    </figure>
    <div class="actions" role="group" aria-label="Vote">
      ${SONGS.map(
        (title, song) =>
          html`<button class="button quiet vote" aria-pressed="${song === mine ? "true" : "false"}" ${act.vote({ song })}>
            ${title}
          </button>`,
      )}
    </div>
    <figure class="chart">
      <figcaption>Votes of the last two minutes</figcaption>
      ${line(curve)}
    </figure>
  `,
});

const WIDTH = 480;
const ROW = 34;
const LABEL = 150;

function bars(votes: readonly number[]): Html {
  const most = Math.max(4, ...votes);
  const told = SONGS.map((title, song) => `${title}: ${votes[song]}`).join(", ");
  return html`<svg viewBox="0 0 ${WIDTH} ${SONGS.length * ROW}" role="img" aria-label="${told}">
    ${SONGS.map((title, song) => {
      const length = Math.round(((votes[song] ?? 0) / most) * (WIDTH - LABEL - 40));
      return html`<g transform="translate(0 ${song * ROW})">
        <text x="0" y="22">${title}</text>
        <rect class="bar-back" x="${LABEL}" y="5" width="${WIDTH - LABEL - 40}" height="24" rx="6" />
        <rect class="bar" x="${LABEL}" y="5" width="${length}" height="24" rx="6" />
        <text class="value" x="${WIDTH}" y="22">${votes[song]}</text>
      </g>`;
    })}
  </svg>`;
}

function line(curve: readonly number[]): Html {
  const most = Math.max(3, ...curve);
  const place = (value: number, index: number): string =>
    `${Math.round((index / (STEPS - 1)) * (WIDTH - 8)) + 4},${Math.round(96 - (value / most) * 84)}`;
  const points = curve.map(place);
  const sum = curve.reduce((total, value) => total + value, 0);
  return html`<svg viewBox="0 0 ${WIDTH} 104" role="img" aria-label="${sum === 1 ? "1 vote" : `${sum} votes`}">
    <path class="axis" d="M4 96H${WIDTH - 4}" />
    <polyline class="curve" points="${points.join(" ")}" />
  </svg>`;
}

/** Pictures made of what is stored, by the server. */
export const chartsExample: Example = {
  slug: "charts",
  title: "Charts that update",
  summary: "Drawn as SVG by the server, looked at anew every second, and sent as what has changed.",
  shows: ["poll", "mode none", "SVG from templates", "pictures with words"],
  tasks: [
    "Vote, and watch the bars. Vote from another browser, and watch them here.",
    "Wait: the curve moves on every ten seconds, without a script of the page.",
    "Hide the tab: pages nobody looks at do not ask.",
  ],
  source: import.meta.url,
  migrations: [
    portableMigration(
      "9015_playground_votes",
      `CREATE TABLE playground_votes (
        tenant {id} NOT NULL, owner {id} NOT NULL, song {integer} NOT NULL, at {integer} NOT NULL,
        PRIMARY KEY (tenant, owner)
      )`,
    ),
  ],
  seed: async (transaction, { tenant, now }) => {
    const votes = [0, 1, 1, 2, 2, 2, 3].map((song, index) => ({
      ...{ tenant, owner: `demonstration-${index}`, song },
      at: now - index * STEP,
    }));
    const insert = transaction.query<Tables>().insertInto("playground_votes").values(votes);
    await insert.onConflict((conflict) => conflict.columns(["tenant", "owner"]).doNothing()).execute();
  },
  open: () => charts,
};
