import type { StorageTarget } from "../kernel/ports/storage-target.ts";
import type { Store } from "../kernel/ports/store.ts";

class CrashError extends Error {
  override readonly name = "CrashError";
}

/** Where a rehearsed process dies: after so many steps, before or after the step took effect. */
export class Fuse {
  #left = Number.POSITIVE_INFINITY;
  #dead = false;

  /** Lets the process die at the end of so many half steps. */
  light(steps: number): void {
    this.#left = steps;
    this.#dead = false;
  }

  /** A new process, which lives. */
  restart(): void {
    this.light(Number.POSITIVE_INFINITY);
  }

  get dead(): boolean {
    return this.#dead;
  }

  async step<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#burn();
    const result = await work();
    this.#burn();
    return result;
  }

  #burn(): void {
    this.#left -= 1;
    if (this.#left < 0) this.#dead = true;
    if (this.#dead) throw new CrashError("rehearsed");
  }
}

/** A store whose transactions end with the process. */
export function mortalStore(store: Store, fuse: Fuse): Store {
  return {
    dialect: store.dialect,
    read: (work) => fuse.step(() => store.read(work)),
    write: (work) => fuse.step(() => store.write(work)),
    health: () => store.health(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** A target whose users end with the process. */
export function mortalTarget(target: StorageTarget, fuse: Fuse): StorageTarget {
  return {
    name: target.name,
    put: (key, file) => fuse.step(() => target.put(key, file)),
    get: (key, range) => fuse.step(() => target.get(key, range)),
    head: (key) => fuse.step(() => target.head(key)),
    delete: (key) => fuse.step(() => target.delete(key)),
    list: (prefix, after) => fuse.step(() => target.list(prefix, after)),
    removeUnfinished: (before) => fuse.step(() => target.removeUnfinished(before)),
    capacity: () => fuse.step(() => target.capacity()),
  };
}
