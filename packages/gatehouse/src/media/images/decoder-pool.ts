import { DecoderProcess, type DecoderLimits, type DecoderProgram } from "./decoder-process.ts";
import type { PictureAnswer, PictureTask } from "./picture-task.ts";

/** What a pool is made of. */
export interface DecoderPoolOptions {
  readonly program: DecoderProgram;
  readonly limits: DecoderLimits;
  /** Processes at a time. */
  readonly size: number;
}

const IDLE = 60_000;

/** A few child processes that share the tasks of a server. They start when they are needed and end when idle. */
export class DecoderPool implements Disposable {
  readonly #options: DecoderPoolOptions;
  readonly #idle: DecoderProcess[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DecoderPoolOptions) {
    this.#options = options;
  }

  async run(task: PictureTask, signal: AbortSignal): Promise<PictureAnswer> {
    await this.#turn();
    const { program, limits } = this.#options;
    const process = this.#idle.pop() ?? new DecoderProcess(program, limits);
    try {
      return await process.run(task, signal);
    } finally {
      if (process.fresh) this.#keep(process);
      else process[Symbol.dispose]();
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const process of this.#idle.splice(0)) process[Symbol.dispose]();
  }

  async #turn(): Promise<void> {
    while (this.#busy >= this.#options.size) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy += 1;
  }

  #keep(process: DecoderProcess): void {
    this.#idle.push(process);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this[Symbol.dispose](), IDLE).unref();
  }
}
