import { Worker } from "node:worker_threads";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import type { DatabaseAnswer, DatabaseTask } from "./database-worker.ts";

/**
 * A thread with a connection of its own for what would keep the event loop from turning: checkpoints and
 * integrity checks. It starts when it is first needed and does not keep the process alive.
 */
export class DatabaseThread implements AsyncDisposable {
  readonly #path: string;
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #waiting: PromiseWithResolvers<DatabaseAnswer>[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Copies what is in the log into the database file, without holding anyone up. */
  async checkpoint(): Promise<{ readonly log: number; readonly checkpointed: number }> {
    const answer = await this.#ask("checkpoint");
    if (answer.task !== "checkpoint") throw unexpected(answer);
    return answer;
  }

  /** What is wrong with the database; empty when it is sound. */
  async check(): Promise<readonly string[]> {
    const answer = await this.#ask("check");
    if (answer.task !== "check") throw unexpected(answer);
    return answer.problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker?.ref();
    this.#worker?.postMessage("close");
    await this.#exited;
  }

  async #ask(task: DatabaseTask): Promise<DatabaseAnswer> {
    const worker = (this.#worker ??= this.#start());
    const answer = Promise.withResolvers<DatabaseAnswer>();
    this.#waiting.push(answer);
    worker.postMessage(task);
    return answer.promise;
  }

  #start(): Worker {
    // Sources run as TypeScript, the published package as JavaScript: the worker's file ends like this one.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const file = new URL(`./database-worker.${extension}`, import.meta.url);
    const worker = new Worker(file, { workerData: { path: this.#path }, execArgv: [], name: "gatehouse-database" });
    worker.unref();
    worker.on("message", (answer: DatabaseAnswer) => this.#waiting.shift()?.resolve(answer));
    worker.on("error", (error) => this.#stopped(error));
    const exited = Promise.withResolvers<void>();
    this.#exited = exited.promise;
    worker.on("exit", () => {
      this.#stopped(new Error("The database thread ended."));
      exited.resolve();
    });
    return worker;
  }

  #stopped(error: unknown): void {
    this.#worker = undefined;
    for (const answer of this.#waiting.splice(0)) answer.reject(error);
  }
}

function unexpected(answer: DatabaseAnswer): Error {
  const message = answer.task === "error" ? answer.message : "the thread answered something else";
  const cause = answer.task === "error" ? Object.assign(new Error(message), { errcode: answer.resultCode }) : undefined;
  return new StoreUnavailableError("sqlite", `Maintenance of the database failed: ${message}.`, { cause });
}
