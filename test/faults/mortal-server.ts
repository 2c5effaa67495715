import { setTimeout as delay } from "node:timers/promises";
import { Client } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { unexpectedExceptions, type Violations } from "./drill.ts";

/** What a server that is killed again and again is started with. */
export interface MortalServerOptions {
  /** Its data directory, the same for all its lives. */
  readonly data: string;
  readonly config: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly violations: Violations;
}

/** Milliseconds until it has to be ready after a start, or after its store has come back. */
const PATIENCE = 60_000;

/** A server that is killed and started again on the same data and port. */
export class MortalServer {
  /** How long each start took until it was ready, in milliseconds. */
  readonly starts: number[] = [];
  readonly #options: MortalServerOptions;
  #port = 0;
  #process: ServerProcess | undefined;

  constructor(options: MortalServerOptions) {
    this.#options = options;
  }

  /** Starts it, which must succeed whatever it died of. */
  async start(differences: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const started = performance.now();
    const server = await this.launch(differences);
    await server.ready();
    this.starts.push(performance.now() - started);
    this.#port = server.port;
    await this.untilReady(server.url);
    return server;
  }

  /** Starts it without waiting until it is ready. */
  async launch(differences: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const { data, config, environment } = this.#options;
    const options = { data, config, port: this.#port, environment: { ...environment, ...differences } };
    this.#process = await ServerProcess.launch(options);
    return this.#process;
  }

  /** Whether it runs. */
  get lives(): boolean {
    return this.#process?.hasEnded === false;
  }

  /** Its process, of its last start. */
  get life(): ServerProcess {
    if (this.#process === undefined) throw new Error("The server was not started.");
    return this.#process;
  }

  /** Waits until a server has everything it needs. */
  async untilReady(url: string): Promise<void> {
    using client = new Client({ url });
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const answer = await client.get("/readyz", { timeout: 5_000 }).catch(() => undefined);
      if (answer?.status === 200) return;
      if (performance.now() > deadline) throw new Error(`The server is not ready: ${answer?.text}`);
      await delay(50);
    }
  }

  /** Notes what a server should not have done before it was killed. */
  judge(server: ServerProcess): void {
    const { violations } = this.#options;
    violations.expect(!server.hasEnded, "The server ended by itself.");
    violations.expect(server.errors === "", `The server wrote to standard error: ${server.errors}`);
    for (const line of unexpectedExceptions(server)) violations.add(`The server reported: ${line}`);
  }

  /** Asks it to stop, which it must do in order. */
  async stop(server: ServerProcess): Promise<void> {
    const { code } = await server.stop();
    this.#options.violations.expect(code === 0, `The server's orderly end had the code ${code}.`);
  }

  /** Ends its last life. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }
}
