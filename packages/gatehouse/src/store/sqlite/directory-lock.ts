import { chmodSync, closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../kernel/clock.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import { isBusy, translateSqliteError } from "./sqlite-error.ts";

/** Files of the lock; everything else in a data directory is data. */
export const LOCK_FILES = ["store.lock", "store.lock-journal", "store.pid"] as const;

/** Another process, or another store of this one, has the directory. */
export class DirectoryInUseError extends StoreUnavailableError {}

/**
 * Takes a data directory for this process alone. The lock is an exclusive transaction on a small database,
 * which the operating system ends with the process however it dies; `store.pid` only says who holds it.
 * @throws {DirectoryInUseError} while somebody else holds it.
 */
export function lockDirectory(directory: string, clock: Clock): Disposable {
  const path = join(directory, "store.lock");
  createPrivate(path);
  const database = openLock(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) throw inUse(directory);
    throw translateSqliteError(error, path);
  }
  const holder = join(directory, "store.pid");
  writeFileSync(holder, `${process.pid}\n${new Date(clock.now()).toISOString()}\n`, { mode: 0o600 });
  return {
    [Symbol.dispose]() {
      rmSync(holder, { force: true });
      if (database.isOpen) database.close();
    },
  };
}

/**
 * A lock file for its owner alone: who may open it can hold the lock. One that exists is not opened, since closing it
 * would drop the lock this process may have on it.
 */
function createPrivate(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openSync(path, "a", 0o600));
  else if (isOpenToOthers(path)) chmodSync(path, 0o600);
}

function isOpenToOthers(path: string): boolean {
  const { mode, uid } = statSync(path);
  return (mode & 0o077) !== 0 && uid === process.getuid?.();
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    throw translateSqliteError(error, path);
  }
}

function inUse(directory: string): DirectoryInUseError {
  return new DirectoryInUseError(
    "sqlite",
    `The data directory ${directory} is in use${holderOf(directory)}. ` +
      `Stop that process first, or choose another data directory.`,
  );
}

function holderOf(directory: string): string {
  try {
    const [pid = "?", since = "?"] = readFileSync(join(directory, "store.pid"), "utf8").split("\n");
    return ` by process ${pid}, since ${since}`;
  } catch {
    return "";
  }
}
