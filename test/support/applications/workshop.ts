import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { defineApplication, defineConfig } from "gatehouse";
import { html } from "gatehouse/html";
import { defineAction, type Migration } from "gatehouse/kernel";
import { live } from "gatehouse/live";
import { Hono } from "hono";
import { z } from "zod";

const table = "CREATE TABLE workshop_notes (marker text NOT NULL)";
const migrations: readonly Migration[] = [{ name: "9101_workshop", sqlite: table, postgres: table }];
const INSERT = {
  sqlite: "INSERT INTO workshop_notes (marker) VALUES (?1)",
  postgres: "INSERT INTO workshop_notes (marker) VALUES ($1)",
};
const SELECT = {
  sqlite: "SELECT marker FROM workshop_notes ORDER BY marker",
  postgres: "SELECT marker FROM workshop_notes ORDER BY marker",
};

/** How often each action began to run in this process, by action and marker. */
const runs = new Map<string, number>();

function count(action: string, marker: string): number {
  const name = `${action} ${marker}`;
  const times = (runs.get(name) ?? 0) + 1;
  runs.set(name, times);
  return times;
}

const marker = z.string().max(100);

/** A counter with the default limit, whose state is nobody's secret. */
const counter = live("counter", {
  state: z.object({ count: z.number() }),
  mount: ({ previous }) => previous ?? { count: 0 },
  actions: (action) => ({
    add: action({ input: z.object({ marker }), authorise: "public", commutes: true }, ({ state }, input) => {
      count("counter.add", input.marker);
      return { count: state.count + 1 };
    }),
    /** Writes, then fails: for good, or the first time. */
    fail: action(
      { input: z.object({ marker, once: z.boolean().default(false) }), authorise: "public", commutes: true },
      async ({ transaction, state }, input) => {
        await transaction.execute(INSERT, [input.marker]);
        const times = count("counter.fail", input.marker);
        if (!input.once || times === 1) throw new Error("the password of the database is hunter2");
        return { count: state.count + 1 };
      },
    ),
  }),
  render: ({ state, act }) => html`<button ${act.add({ marker: "page" })}>${state.count}</button>`,
});

/** Keeps something secret in its state, and something visible. */
const vault = live("vault", {
  state: z.object({ label: z.string(), secret: z.string() }),
  secret: ["secret"],
  mount: ({ previous }) => previous ?? { label: "", secret: "" },
  actions: (action) => ({
    keep: action(
      { input: z.object({ label: z.string(), secret: z.string() }), authorise: "public", commutes: true },
      (_context, input) => input,
    ),
    look: action({ authorise: "public", commutes: true }, ({ state }) => state),
  }),
  render: ({ state }) => html`<p>${state.label}</p>`,
});

/** Writes a row and answers with what it wrote. */
const note = defineAction({
  name: "workshop.note",
  entrances: ["http"],
  effects: "store",
  authorise: "public",
  input: z.strictObject({ marker }),
  run: async ({ input, transaction }) => {
    await transaction.execute(INSERT, [input.marker]);
    return { marker: input.marker, times: count("workshop.note", input.marker) };
  },
});

/** The application: pages, actions, and what tests ask about them. */
export const application = defineApplication({
  migrations,
  open: ({ edge, store, config }) => {
    /** Reaches for something outside of the store, which takes its time. */
    const charge = defineAction({
      name: "workshop.charge",
      entrances: ["http"],
      effects: "external",
      authorise: "public",
      idempotency: { required: true },
      input: z.strictObject({ marker }),
      run: async ({ input }) => {
        const times = count("workshop.charge", input.marker);
        appendFileSync(join(config.dataDirectory, "charges.txt"), `${input.marker}\n`);
        await setTimeout(150);
        return { marker: input.marker, times };
      },
    });
    return {
      components: [counter, vault],
      actions: [note, charge],
      routes: (components) => {
        const app = new Hono();
        app.get("/", async (context) => {
          const inbound = edge.of(context);
          const parts = [await components.mount(counter, { inbound }), await components.mount(vault, { inbound })];
          return edge.page(
            inbound,
            html`<!doctype html>
              <html lang="en">
                <head>
                  <meta charset="utf-8" />
                  <title>Workshop</title>
                  ${components.head(inbound)}
                </head>
                <body>
                  <main>
                    <h1>Workshop</h1>
                    ${parts}
                  </main>
                </body>
              </html>`,
          );
        });
        app.get("/runs", (context) => edge.json(edge.of(context), Object.fromEntries(runs)));
        app.get("/notes", async (context) => {
          const rows = await store.read((transaction) => transaction.execute<{ marker: string }>(SELECT, []));
          return edge.json(
            edge.of(context),
            rows.map((row) => row.marker),
          );
        });
        app.post("/note", edge.action(note));
        app.post("/charge", edge.action(charge));
        return app;
      },
    };
  },
});

export default defineConfig({ profile: "development" });
