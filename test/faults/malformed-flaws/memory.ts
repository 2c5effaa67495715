import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startServer, type ServerOptions, type ServerProcess } from "../../support/server-process.ts";

/** Bytes a server occupies after its garbage has been collected. */
export interface Memory {
  /** On the heap and in buffers. */
  readonly live: number;
  readonly resident: number;
}

/** A server whose memory can be measured. */
export interface MeasuredServer extends AsyncDisposable {
  readonly server: ServerProcess;
  measure(): Promise<Memory>;
}

/** Milliseconds for connections to end before a measurement. */
const SETTLING = 1_500;
const PATIENCE = 20_000;

/** Starts a server with a probe in it. */
export async function startMeasuredServer(options: ServerOptions = {}): Promise<MeasuredServer> {
  const file = join(tmpdir(), `gatehouse-memory-${process.pid}-${performance.now()}.json`);
  const probe = new URL("memory-probe.ts", import.meta.url).href;
  const server = await startServer({
    ...options,
    nodeFlags: ["--expose-gc", "--import", probe],
    environment: { ...options.environment, DRILL_MEMORY_FILE: file },
  });
  return {
    server,
    async measure() {
      await delay(SETTLING);
      rmSync(file, { force: true });
      server.signal("SIGUSR2");
      const { heapUsed, external, rss } = await read(file);
      return { live: heapUsed + external, resident: rss };
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(file, { force: true });
    },
  };
}

async function read(file: string): Promise<NodeJS.MemoryUsage> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    try {
      return JSON.parse(readFileSync(file, "utf8"));
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}
