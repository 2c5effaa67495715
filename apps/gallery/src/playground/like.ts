import { html, type Html } from "gatehouse/html";
import { deny, problems, type ReadTransaction } from "gatehouse/kernel";
import { expecting, live, reply, type ActEntry } from "gatehouse/live";
import { portableMigration } from "gatehouse/store";
import { z } from "zod";
import { heart } from "../art.ts";
import type { Example } from "./example.ts";

const PICTURES = [
  { id: "lake", title: "The lake at noon", closed: false },
  { id: "cake", title: "The cake, before", closed: false },
  { id: "dance", title: "The last dance", closed: false },
  { id: "award", title: "Picture of the year (voting has ended)", closed: true },
];
const Like = z.object({ picture: z.enum(PICTURES.map(({ id }) => id)), liked: z.boolean() });
const Picture = z.object({ id: z.string(), likes: z.int(), mine: z.boolean() });

interface Tables {
  playground_likes: { tenant: string; picture: string; owner: string };
}

async function likesOf(transaction: ReadTransaction, tenant: string, owner: string) {
  const likes = await transaction
    .query<Tables>()
    .selectFrom("playground_likes")
    .select(["picture", "owner"])
    .where("tenant", "=", tenant)
    .execute();
  return PICTURES.map(({ id }) => {
    const those = likes.filter(({ picture }) => picture === id);
    return { id, likes: those.length, mine: those.some((like) => like.owner === owner) };
  });
}

const likes = live("playground-like", {
  mode: "none",
  state: z.object({ pictures: z.array(Picture) }),
  mount: async ({ transaction, tenant, principal }) => ({
    pictures: await likesOf(transaction, tenant, principal.session ?? principal.id),
  }),
  actions: (action) => ({
    set: action(
      { input: Like, authorise: "public", commutes: true },
      async ({ transaction, tenant, principal }, { picture, liked }) => {
        if (PICTURES.some(({ id, closed }) => id === picture && closed)) {
          return deny(problems.PERMISSION_DENIED, { detail: "The voting for this picture has ended." });
        }
        const owner = principal.session ?? principal.id;
        const tables = transaction.query<Tables>();
        const like = { tenant, picture, owner };
        if (liked) {
          const insert = tables.insertInto("playground_likes").values(like);
          await insert.onConflict((conflict) => conflict.columns(["tenant", "picture", "owner"]).doNothing()).execute();
        } else {
          const own = tables.deleteFrom("playground_likes").where("tenant", "=", tenant);
          await own.where("picture", "=", picture).where("owner", "=", owner).execute();
        }
        return reply({ effects: { announce: liked ? "You like this picture." : "Your like is taken back." } });
      },
    ),
  }),
  render: ({ state: { pictures }, act }) =>
    html`<ul class="pictures">
      ${pictures.map((picture) => pictureCard(picture, act.set))}
    </ul>`,
});

function pictureCard({ id, likes, mine }: z.infer<typeof Picture>, set: ActEntry<z.input<typeof Like>>): Html {
  const title = PICTURES.find((picture) => picture.id === id)?.title ?? "";
  const expected = { "aria-pressed": String(!mine), text: String(mine ? likes - 1 : likes + 1) };
  return html`<li class="card picture" data-key=${id}>
    <span class="picture-art ${id}" aria-hidden="true"></span>
    <h3>${title}</h3>
    <button
      class="button like"
      aria-pressed="${mine ? "true" : "false"}"
      ${set({ picture: id, liked: !mine })}
      ${expecting(expected)}
    >
      ${likes}${heart} <span class="visually-hidden">${likes === 1 ? "like" : "likes"}: ${title}</span>
    </button>
  </li>`;
}

/** What a press will probably come to, shown at once. */
export const likeExample: Example = {
  slug: "like",
  title: "Optimistic like",
  summary: "A heart that is filled before the server has answered, and emptied again if it refuses.",
  shows: ["expecting", "state from a table (mode none)", "refusals", "announcements"],
  tasks: [
    "Like a picture: the heart and the number change at once, also over a slow connection.",
    "Like the picture of the year: the voting has ended, so the server refuses, and what was shown is taken back.",
    "Like from two browsers: everybody counts once.",
  ],
  source: import.meta.url,
  migrations: [
    portableMigration(
      "9010_playground_likes",
      `CREATE TABLE playground_likes (
        tenant {id} NOT NULL, picture {id} NOT NULL, owner {id} NOT NULL,
        PRIMARY KEY (tenant, picture, owner)
      )`,
    ),
  ],
  open: () => likes,
};
