import { Hono } from "hono";
import { defineApplication, type Application } from "gatehouse";
import { defineAction } from "gatehouse/kernel";
import { portableMigration, portableStatement } from "gatehouse/store";
import * as z from "zod";

/** What every server is sent. */
export const Note = z.object({ entry: z.string().min(1).max(500), rating: z.number().int().min(1).max(5) });

/** The table notes go to. */
export const noteMigrations = [
  portableMigration(
    "9001_notes",
    `CREATE TABLE notes (
      id {id} NOT NULL PRIMARY KEY,
      author TEXT NOT NULL,
      entry TEXT NOT NULL,
      rating {integer} NOT NULL,
      at {integer} NOT NULL
    ) {strict}`,
  ),
];

/** Stores one note. */
export const INSERT_NOTE = portableStatement(
  "INSERT INTO notes (id, author, entry, rating, at) VALUES ($1, $2, $3, $4, $5)",
);

/** Public address of the guarded server, as its proxy would pass it on. */
export const ORIGIN = "https://notes.example";

/** The guarded server's application: signing in, and writing notes. */
export const application: Application = defineApplication({
  migrations: noteMigrations,
  open({ edge, ids }) {
    const signIn = defineAction({
      name: "session.begin",
      entrances: ["http"],
      effects: "store",
      authorise: "public",
      input: z.object({}),
      idempotency: false,
      async run({ attempt, transaction }) {
        const principal = await edge.sessions.login(
          { attempt, transaction },
          { type: "user", id: "ada", grants: ["notes.write"] },
        );
        return { id: principal.id };
      },
    });
    const write = defineAction({
      name: "note.write",
      entrances: ["http"],
      effects: "store",
      authorise: ({ principal }) => principal.grants.has("notes.write"),
      limits: [{ name: "notes", by: ["principal"], rule: { kind: "window", limit: 1_000_000_000, window: 60_000 } }],
      input: Note,
      audit: { target: (_, { id }) => id },
      async run({ input, principal, now, transaction }) {
        const id = ids.next();
        await transaction.execute(INSERT_NOTE, [id, principal.id, input.entry, input.rating, now]);
        return { id, entry: input.entry, rating: input.rating };
      },
    });
    return {
      actions: [signIn, write],
      routes: () => new Hono().post("/sign-in", edge.action(signIn)).post("/notes", edge.action(write)),
    };
  },
});
