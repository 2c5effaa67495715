import { open } from "node:fs/promises";

/** Makes entries of a directory durable. All who ask while it is at work share the next turn. */
export class DirectorySync {
  readonly #directory: string;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves once every entry that is there now is durable. Windows has no way to do that, and needs none. */
  sync(): Promise<void> {
    if (process.platform === "win32") return Promise.resolve();
    // What runs may have begun before the entry was there.
    this.#next ??= (this.#running ?? Promise.resolve()).catch(() => undefined).then(() => this.#run());
    return this.#next;
  }

  #run(): Promise<void> {
    this.#next = undefined;
    this.#running = this.#syncNow();
    return this.#running;
  }

  async #syncNow(): Promise<void> {
    const handle = await open(this.#directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
