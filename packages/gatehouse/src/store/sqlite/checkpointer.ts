import type { DatabaseThread } from "./database-thread.ts";
import type { GroupCommit } from "./group-commit.ts";

/** What a checkpointer works on. */
export interface CheckpointerOptions {
  readonly thread: Pick<DatabaseThread, "checkpoint">;
  readonly writers: Pick<GroupCommit, "hold" | "release">;
  /** Frames in the log from which it is moved into the database file. */
  readonly threshold: number;
  /** The log could not be moved: an error of the engine, or a read that keeps an old snapshot open. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Keeps the write-ahead log from growing without bound. Once it is long enough it is copied into the database
 * file by another thread while writers go on. The log can start over only when all of it has been copied and
 * nothing was added meanwhile, which never happens under steady load: so the few frames that were added are
 * copied a second time, with the writers held for those milliseconds. The event loop turns all along.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #next: number;
  #running: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#next = options.threshold;
  }

  /** A batch was committed; the log now has this many frames. */
  committed(frames: number): void {
    if (frames < this.#options.threshold) this.#next = this.#options.threshold;
    if (this.#busy || frames < this.#next) return;
    this.#busy = true;
    this.#running = this.#checkpoint().then(
      () => void (this.#busy = false),
      (error: unknown) => {
        this.#busy = false;
        this.#options.onFailure(error);
      },
    );
  }

  /** Resolves once no checkpoint is running. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #checkpoint(): Promise<void> {
    const { thread, writers, threshold } = this.#options;
    await thread.checkpoint();
    writers.hold();
    try {
      const { log } = await thread.checkpoint();
      // Where a long read keeps the log from starting over, the next attempt is not made at once.
      this.#next = log + threshold;
    } finally {
      writers.release();
    }
  }
}
