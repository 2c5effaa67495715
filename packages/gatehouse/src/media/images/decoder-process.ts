import { fork, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { PictureAnswer, PictureFault, PictureTask } from "./picture-task.ts";

/** What a child process may use up. */
export interface DecoderLimits {
  /** Milliseconds of one task. */
  readonly time: number;
  /** Bytes of memory, watched where the system shows them under `/proc`. */
  readonly memory: number;
  /** Tasks before it is replaced. */
  readonly tasks: number;
}

/** Which program runs, and the one folder it may write to. */
export interface DecoderProgram {
  readonly adapter: "sharp-child" | "heif-child";
  readonly folder: string;
}

const WATCH_INTERVAL = 50;
const PAGE_BYTES = 4096;

/**
 * A child process that decodes pictures, one at a time. Decoders are large programs in unsafe languages, fed by
 * strangers: the process has no environment, may start no other, writes to one folder, and is killed when it takes too
 * long or too much. Threads would not do: one that is stuck in native code cannot be stopped.
 */
export class DecoderProcess implements Disposable {
  readonly #limits: DecoderLimits;
  readonly #child: ChildProcess;
  #settle: ((answer: PictureAnswer) => void) | undefined;
  #stderr = "";
  #done = 0;

  constructor({ adapter, folder }: DecoderProgram, limits: DecoderLimits) {
    this.#limits = limits;
    const program = new URL(`./adapters/${adapter}${extname(import.meta.url)}`, import.meta.url);
    this.#child = fork(program, [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // Nothing of what this process knows.
      env: { NODE_ENV: "production" },
      execArgv: [
        ...["--permission", "--allow-fs-read=*", `--allow-fs-write=${folder}/*`, "--disable-warning=SecurityWarning"],
        ...(adapter === "sharp-child" ? ["--allow-addons"] : []),
      ],
    });
    // Our own program, which sends nothing else.
    this.#child.on("message", (answer) => this.#end(answer as PictureAnswer));
    this.#child.on("error", (error) => this.#fault("crashed", error.message));
    this.#child.on("exit", (code, signal) => this.#fault("crashed", `${signal ?? code}: ${this.#stderr}`));
    this.#child.stderr?.on("data", (data: Buffer) => (this.#stderr = (this.#stderr + data.toString()).slice(-500)));
    this.#child.unref();
    this.#child.channel?.unref();
  }

  /** Whether it can take another task. */
  get fresh(): boolean {
    return this.#child.connected && this.#done < this.#limits.tasks;
  }

  /** Does one task; after a fault of the process itself it is gone. */
  async run(task: PictureTask, signal: AbortSignal): Promise<PictureAnswer> {
    const { promise, resolve } = Promise.withResolvers<PictureAnswer>();
    this.#settle = resolve;
    this.#child.channel?.ref();
    const deadline = setTimeout(() => this.#fault("timeout", `longer than ${this.#limits.time} ms`), this.#limits.time);
    const watch = setInterval(() => void this.#watchMemory(), WATCH_INTERVAL);
    const stop = (): void => this.#fault("timeout", "the server stops");
    signal.addEventListener("abort", stop);
    try {
      if (!this.#child.connected || signal.aborted) this.#fault("crashed", "it has ended");
      else this.#child.send(task);
      return await promise;
    } finally {
      clearTimeout(deadline);
      clearInterval(watch);
      signal.removeEventListener("abort", stop);
      this.#child.channel?.unref();
      this.#done += 1;
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }

  async #watchMemory(): Promise<void> {
    const text = await readFile(`/proc/${this.#child.pid}/statm`, "utf8").catch(() => "");
    const resident = Number(text.split(" ")[1] ?? 0) * PAGE_BYTES;
    if (resident > this.#limits.memory) this.#fault("memory", `${resident} bytes`);
  }

  #fault(fault: PictureFault, detail: string): void {
    this.#done = Number.POSITIVE_INFINITY;
    this[Symbol.dispose]();
    this.#end({ ok: false, fault, detail });
  }

  #end(answer: PictureAnswer): void {
    this.#settle?.(answer);
    this.#settle = undefined;
  }
}
