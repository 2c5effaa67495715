/**
 * One of the servers that are measured, in a process of its own:
 *
 * - `hono`: Hono on @hono/node-server; parses JSON, validates with zod, answers. Nothing is guarded, nothing stored.
 * - `hono-store`: the same, and the note is stored durably through the same store as the guarded server's.
 * - `gatehouse`: the guarded action, with every guard on.
 */
import { createIds, systemClock as clock, systemRandom as random } from "gatehouse/kernel";
import { openSqliteStore } from "gatehouse/store/sqlite";
import { Hono } from "hono";
import { production, serveGuarded } from "../support/guarded-server.ts";
import { answerParent, serveHono, type Running } from "../support/served.ts";
import { application, INSERT_NOTE, Note, noteMigrations, ORIGIN } from "./application.ts";

const ids = createIds(clock, random);

function plain(): Promise<Running> {
  const app = new Hono();
  app.post("/notes", async (context) => {
    const note = Note.safeParse(await context.req.json());
    if (!note.success) return context.json({ error: "invalid" }, 422);
    return context.json({ id: ids.next(), entry: note.data.entry, rating: note.data.rating });
  });
  return serveHono(app);
}

async function stored(directory: string): Promise<Running> {
  const store = await openSqliteStore({ directory, clock, migrations: noteMigrations });
  const app = new Hono();
  app.post("/notes", async (context) => {
    const note = Note.safeParse(await context.req.json());
    if (!note.success) return context.json({ error: "invalid" }, 422);
    const { entry, rating } = note.data;
    const id = ids.next();
    await store.write((transaction) => transaction.execute(INSERT_NOTE, [id, "ada", entry, rating, clock.now()]));
    return context.json({ id, entry, rating });
  });
  const { port, close } = await serveHono(app);
  return { port, close: () => close().then(() => store[Symbol.asyncDispose]()) };
}

const variants: Readonly<Record<string, (directory: string) => Promise<Running>>> = {
  hono: plain,
  "hono-store": stored,
  gatehouse: (directory) => serveGuarded(application, production(ORIGIN, directory)),
};
const variant = variants[process.argv[2] ?? ""];
if (variant === undefined) throw new Error("There is no such server.");
await answerParent(variant);
