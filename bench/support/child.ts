import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** A program of a benchmark, in a process of its own, that answers messages. It ends when it is let go. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #log: number;
  readonly #logFile: string;

  /** Starts a file; what it writes goes to a temporary file, as a log does. */
  constructor(file: string, ...words: readonly string[]) {
    const name = [basename(file, ".ts"), ...words].join("-");
    this.#logFile = join(tmpdir(), `gatehouse-bench-${process.pid}-${name}.log`);
    this.#log = openSync(this.#logFile, "w");
    this.#process = fork(file, words, {
      stdio: ["ignore", this.#log, "inherit", "ipc"],
      execArgv: process.execArgv.filter((argument) => argument !== "--expose-gc"),
    });
  }

  /** The next message; the programs answer one question at a time. */
  async answer<Answer>(question?: object | string): Promise<Answer> {
    const waiting = new AbortController();
    const answered = once(this.#process, "message", { signal: waiting.signal });
    const fail = (): void => waiting.abort(new Error("A program of the benchmark has ended."));
    this.#process.once("exit", fail);
    if (question !== undefined) this.#process.send(question);
    const [answer] = await answered;
    this.#process.off("exit", fail);
    // Each question has one kind of answer, which the caller names.
    return answer as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.connected) {
      const ended = once(this.#process, "exit");
      this.#process.disconnect();
      await ended;
    }
    closeSync(this.#log);
    rmSync(this.#logFile, { force: true });
  }
}
