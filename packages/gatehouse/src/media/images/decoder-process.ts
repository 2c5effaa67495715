import { fork, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { confinementOf, programOf, type DecoderName } from "./confinement.ts";
import { DecoderSlot } from "./decoder-slot.ts";
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

/** Which program runs, and in which folder it gets one of its own. */
export interface DecoderProgram {
  readonly adapter: DecoderName;
  readonly folder: string;
}

const WATCH_INTERVAL = 50;
const PAGE_BYTES = 4096;

/**
 * A child process that decodes pictures, one at a time. Decoders are large programs in unsafe languages, fed by
 * strangers: the process has no environment, may start no other, sees the picture it is at and nothing else that is
 * ours, and is killed when it takes too long or too much. Threads would not do: one that is stuck in native code cannot
 * be stopped.
 */
export class DecoderProcess implements Disposable {
  readonly #limits: DecoderLimits;
  readonly #child: ChildProcess;
  readonly #slot: DecoderSlot;
  #settle: ((answer: PictureAnswer) => void) | undefined;
  #stderr = "";
  #done = 0;

  constructor({ adapter, folder }: DecoderProgram, limits: DecoderLimits) {
    this.#limits = limits;
    this.#slot = new DecoderSlot(folder);
    this.#child = fork(programOf(adapter), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // Nothing of what this process knows.
      env: { NODE_ENV: "production" },
      execArgv: [...confinementOf(adapter, this.#slot.path)],
    });
    // Our own program, which sends nothing else.
    this.#child.on("message", (answer) => this.#end(answer as PictureAnswer));
    this.#child.on("error", (error) => this.#fault("crashed", error.message));
    this.#child.on("exit", (code, signal) => {
      this.#fault("crashed", `${signal ?? code}: ${this.#stderr}`);
      void this.#slot.remove().catch(() => undefined);
    });
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
    const slotted = await this.#slot.bring(task);
    const answer = await this.#ask(slotted.task, signal);
    const taken = answer.ok && (await this.#slot.take(slotted));
    if (this.fresh) await this.#slot.clear();
    return answer.ok && !taken ? { ok: false, fault: "crashed", detail: "It made something else." } : answer;
  }

  async #ask(task: PictureTask, signal: AbortSignal): Promise<PictureAnswer> {
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
