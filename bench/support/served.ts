import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";

/** What has been used up since the last question. */
export interface Usage {
  /** Processor time of all threads, in microseconds. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly memory: number;
}

/** A server that is measured. */
export interface Running {
  readonly port: number;
  close(): Promise<unknown>;
}

/** Idle connections are kept as long by every server, in milliseconds. */
export const KEEP_ALIVE = 65_000;

/** Serves a Hono application with @hono/node-server. */
export async function serveHono(app: Hono): Promise<Running> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => resolve(port));
  if ("keepAliveTimeout" in server) server.keepAliveTimeout = KEEP_ALIVE;
  const close = (): Promise<void> => new Promise((closed) => server.close(() => closed()));
  return { port: await promise, close };
}

/** Starts the server this process was asked for, tells its port, then what it uses, and ends with its parent. */
export async function answerParent(start: (directory: string) => Promise<Running>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  const { port, close } = await start(directory);
  let since = process.cpuUsage();
  process.on("message", (message) => {
    if (message !== "usage") return;
    const { user, system } = process.cpuUsage(since);
    since = process.cpuUsage();
    process.send?.({ cpu: user + system, memory: process.memoryUsage.rss() } satisfies Usage);
  });
  process.once("disconnect", () => {
    void close().then(() => {
      rmSync(directory, { recursive: true, force: true });
      process.exit();
    });
  });
  process.send?.({ port });
}
