/**
 * One of the servers that are measured, in a process of its own:
 *
 * - `hono`: Hono on @hono/node-server; parses JSON, validates with zod, answers. Nothing is guarded, nothing stored.
 * - `hono-store`: the same, and the note is stored durably through the same store as the guarded server's.
 * - `gatehouse`: the guarded action, with every guard on.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { openGatehouse } from "gatehouse";
import { listen } from "gatehouse/http";
import { createIds, requireConfig, systemClock as clock, systemRandom as random } from "gatehouse/kernel";
import { openSqliteStore } from "gatehouse/store/sqlite";
import { Hono } from "hono";
import { application, INSERT_NOTE, Note, noteMigrations, ORIGIN } from "./application.ts";

/** What has been used up since the last question. */
export interface Usage {
  /** Processor time of all threads, in microseconds. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly memory: number;
}

interface Running {
  readonly port: number;
  close(): Promise<void>;
}

const ids = createIds(clock, random);
const directory = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));

async function serveHono(app: Hono): Promise<Running> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => resolve(port));
  const close = (): Promise<void> => new Promise((closed) => server.close(() => closed()));
  return { port: await promise, close };
}

function plain(): Promise<Running> {
  const app = new Hono();
  app.post("/notes", async (context) => {
    const note = Note.safeParse(await context.req.json());
    if (!note.success) return context.json({ error: "invalid" }, 422);
    return context.json({ id: ids.next(), entry: note.data.entry, rating: note.data.rating });
  });
  return serveHono(app);
}

async function stored(): Promise<Running> {
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

/** As in production behind a proxy on the same machine: limits on and high, the log written. */
async function guarded(): Promise<Running> {
  const config = requireConfig({
    file: {
      profile: "production",
      dataDirectory: directory,
      server: { publicUrl: ORIGIN, trustedProxies: ["127.0.0.1"] },
      limits: { perIp: { limit: 1_000_000_000, window: "1m" } },
    },
    clock,
  });
  const gatehouse = await openGatehouse({ config, application, clock, random, log: process.stdout });
  const listening = await listen({
    handler: gatehouse.handler,
    port: 0,
    health: { check: () => gatehouse.health(), clock },
    trusts: (address) => gatehouse.services.proxies.trusts(address),
    refused: (connection, denial) => gatehouse.edge.refuseConnection(connection, denial),
  });
  const close = async (): Promise<void> => {
    await listening.close();
    await gatehouse[Symbol.asyncDispose]();
  };
  return { port: listening.port, close };
}

const variants: Readonly<Record<string, () => Promise<Running>>> = {
  hono: plain,
  "hono-store": stored,
  gatehouse: guarded,
};
const { port, close } = (await variants[process.argv[2] ?? ""]?.()) ?? { port: 0, close: async () => undefined };
let since = process.cpuUsage();
process.on("message", (message) => {
  if (message === "usage") {
    const { user, system } = process.cpuUsage(since);
    since = process.cpuUsage();
    process.send?.({ cpu: user + system, memory: process.memoryUsage.rss() } satisfies Usage);
  }
});
process.once("disconnect", () => {
  void close().then(() => {
    rmSync(directory, { recursive: true, force: true });
    process.exit();
  });
});
process.send?.({ port });
