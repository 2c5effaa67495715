import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../kernel/clock.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { CreateStoreFixture } from "./store-contract-fixture.ts";

/** A directory of its own under the system's temporary one, removed when disposed. */
export function createTemporaryDirectory(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "gatehouse-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A SQLite database in a file, for contracts. */
export const createSqliteFixture: CreateStoreFixture = async () => {
  const directory = createTemporaryDirectory();
  return {
    lasting: true,
    open: (migrations) => openSqliteStore({ directory: directory.path, clock: systemClock, migrations }),
    [Symbol.asyncDispose]: async () => directory[Symbol.dispose](),
  };
};

/** A SQLite database in memory, for contracts. */
export const createSqliteMemoryFixture: CreateStoreFixture = async () => ({
  lasting: false,
  open: (migrations) => openSqliteStore({ memory: true, clock: systemClock, migrations }),
  [Symbol.asyncDispose]: async () => undefined,
});

/** Resolves once a condition holds, looking every few milliseconds; a test's own time-out ends a vain wait. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
