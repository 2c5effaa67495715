import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { PROGRAM_FLAGS } from "./program-flags.ts";

/** How a node of realtime is started. */
export interface RealtimeProcessOptions {
  readonly postgres: string;
  readonly valkey: string;
  /** In front of all channels of the bus. */
  readonly prefix: string;
  readonly roles: readonly ("gateway" | "worker")[];
  /** It goes on with what it remembers of its rooms when its lease has run out. */
  readonly stubborn?: boolean;
}

/** What a node tells on its own account. */
export interface RealtimeNews {
  readonly told: string;
  readonly channel?: string | undefined;
  readonly offset?: number | undefined;
}

const PROGRAM = fileURLToPath(new URL("../../packages/gatehouse/src/testing/realtime-node.ts", import.meta.url));
const line = z.looseObject({
  id: z.number().optional(),
  told: z.string().optional(),
  node: z.string().optional(),
  channel: z.string().optional(),
  offset: z.number().optional(),
});

/** A node of realtime as a process of its own. It ends with the process that started it. */
export class RealtimeProcess implements AsyncDisposable {
  /** What it has told, in order. */
  readonly news: RealtimeNews[] = [];
  errors = "";
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (answer: Readonly<Record<string, unknown>>) => void>();
  readonly #ready = Promise.withResolvers<string>();
  #orders = 0;
  #node = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (this.errors += chunk));
    if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", (text) => this.#take(text));
    child.once("exit", () => this.#ended());
  }

  /** Starts a node and waits until it is one. */
  static async start(options: RealtimeProcessOptions): Promise<RealtimeProcess> {
    const parameters = [...PROGRAM_FLAGS, PROGRAM, JSON.stringify(options)];
    const child = spawn(process.execPath, parameters, { stdio: ["pipe", "pipe", "pipe"] });
    await once(child, "spawn");
    const started = new RealtimeProcess(child);
    started.#node = await started.#ready.promise;
    return started;
  }

  /** Identifier of the node. */
  get node(): string {
    return this.#node;
  }

  /** Gives an order; the answer is `{ code: "ended" }` where the process ends before. */
  order(what: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    const id = (this.#orders += 1);
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve({ code: "ended" });
      this.#answers.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ ...what, id })}\n`);
    });
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code, or the signal, that ended it. */
  async ended(): Promise<number | string | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }

  #take(text: string): void {
    const { id, told, node, channel, offset, ...rest } = line.parse(JSON.parse(text));
    if (told === "ready") this.#ready.resolve(node ?? "");
    if (told !== undefined) this.news.push({ told, channel, offset });
    if (id === undefined) return;
    this.#answers.get(id)?.(rest);
    this.#answers.delete(id);
  }

  #ended(): void {
    this.#ready.reject(new Error(`The node ended before it was ready:\n${this.errors}`));
    for (const answer of this.#answers.values()) answer({ code: "ended" });
    this.#answers.clear();
  }
}
