import type { StorageTarget } from "../../kernel/ports/storage-target.ts";

/** A target that may hold connections. */
export type OpenedTarget = StorageTarget & Partial<Disposable>;

/**
 * A target that is opened when it is first needed, and again after that has failed: a server starts, and keeps what it
 * has, while its archive is away.
 */
export function createLateTarget(name: string, open: () => Promise<OpenedTarget>): StorageTarget & AsyncDisposable {
  let opening: Promise<OpenedTarget> | undefined;

  function target(): Promise<OpenedTarget> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  return {
    name,
    put: async (key, file) => (await target()).put(key, file),
    get: async (key, range) => (await target()).get(key, range),
    head: async (key) => (await target()).head(key),
    delete: async (key) => (await target()).delete(key),
    list: async (prefix, after) => (await target()).list(prefix, after),
    removeUnfinished: async (before) => (await target()).removeUnfinished(before),
    capacity: async () => (await target()).capacity(),
    async [Symbol.asyncDispose]() {
      const opened = await opening?.catch(() => undefined);
      opened?.[Symbol.dispose]?.();
    },
  };
}
