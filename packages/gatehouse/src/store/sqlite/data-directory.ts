import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";

/** Name of the database file within a data directory. */
export const DATABASE_FILE = "store.db";

/** Whether a data directory holds a store. */
export function hasStore(directory: string): boolean {
  return statSync(join(directory, DATABASE_FILE), { throwIfNoEntry: false }) !== undefined;
}

/**
 * The database's path in a data directory, which is made when it does not exist. Directory and file are
 * readable by their owner alone; the log and index beside the file take over its permissions.
 * @throws {StoreUnavailableError} when the directory cannot be used.
 */
export function prepareDirectory(directory: string): string {
  const path = join(resolve(directory), DATABASE_FILE);
  try {
    const made = mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) syncDirectory(dirname(made));
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) createFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailableError("sqlite", `The data directory ${directory} cannot be used: ${reason}`, {
      cause: error,
    });
  }
  return path;
}

/** Makes the names of new files in a directory survive a loss of power. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function createFile(path: string): void {
  // Opened and closed before SQLite knows the file: a descriptor closed later would drop SQLite's locks.
  closeSync(openSync(path, "wx", 0o600));
  syncDirectory(dirname(path));
}
