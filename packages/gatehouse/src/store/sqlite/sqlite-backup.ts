import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  openSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { systemClock, type Clock } from "../../kernel/clock.ts";
import { DATABASE_FILE, prepareDirectory, syncDirectory } from "./data-directory.ts";
import { LOCK_FILES, lockDirectory } from "./directory-lock.ts";
import { sqliteResultCode } from "./sqlite-error.ts";
import type { SqliteStore } from "./sqlite-store.ts";

/** A copy of a store, as `backupStore` wrote it. */
export interface Backup {
  readonly file: string;
  readonly bytes: number;
}

/** How to restore. */
export interface RestoreOptions {
  /** Restore although the directory holds something; an existing store is kept aside in it. Default `false`. */
  readonly force?: boolean;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** A backup cannot be made or restored; `message` says why and what to do. Nothing was changed. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** All of a database in one step, so that writers in between cannot make it start over. */
const WHOLE_DATABASE = 2 ** 31 - 1;
const COMPANIONS = ["-wal", "-shm"] as const;

/**
 * Copies a running store into one self-contained file, as it is at one moment. Readers and writers go on
 * meanwhile. The file appears under its name only when it is complete, synced and verified, and only its owner
 * may read it: it holds what the store holds.
 * @throws {BackupError} when the store is in memory, the file exists or the copy is not sound.
 */
export async function backupStore(store: SqliteStore, file: string): Promise<Backup> {
  if (store.path === ":memory:") throw new BackupError("A store in memory cannot be backed up.");
  const target = resolve(file);
  if (exists(target)) throw new BackupError(`${target} exists already; choose a new name for the backup.`);
  const folder = dirname(target);
  if (!exists(folder)) throw new BackupError(`There is no folder ${folder}; make it first, or choose another one.`);
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  try {
    createPrivate(partial);
    await copyDatabase(store.path, partial);
    finish(partial);
    verify(partial);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof BackupError) throw error;
    throw new BackupError(`The backup to ${target} failed: ${reasonOf(error)}`, { cause: error });
  }
  syncDirectory(dirname(target));
  return { file: target, bytes: statSync(target).size };
}

/**
 * Puts a backup in place as the store of a data directory. The file is verified before anything is touched
 * and the copy once more before it takes its place. Whatever the file's permissions are, the store is its owner's alone.
 * @throws {BackupError} when the file is not a sound backup, or the directory holds something and `force` is not set.
 * @throws {DirectoryInUseError} while a store is open on the directory.
 */
export async function restoreStore(file: string, directory: string, options: RestoreOptions = {}): Promise<void> {
  const { force = false, clock = systemClock } = options;
  verify(resolve(file));
  if (!force) refuseContents(directory, clock);
  const fresh = !exists(join(directory, DATABASE_FILE));
  const path = prepareDirectory(directory);
  using _lock = lockDirectory(directory, clock);
  const partial = `${path}.restoring`;
  try {
    copyPrivately(file, partial);
    verify(partial);
    syncFile(partial);
    if (!fresh) setAside(path, new Date(clock.now()).toISOString().replaceAll(":", "-"));
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof BackupError) throw error;
    throw new BackupError(`Restoring to ${directory} failed: ${reasonOf(error)}`, { cause: error });
  }
  syncDirectory(directory);
}

/** An empty file for its owner alone, which an empty database is: written over, it keeps its permissions. */
function createPrivate(path: string): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    // The umask can take the owner's own permissions away.
    fchmodSync(descriptor, 0o600);
  } finally {
    closeSync(descriptor);
  }
}

/** A copy for its owner alone, from its first byte on: the original may have been laid open to others. */
function copyPrivately(source: string, target: string): void {
  rmSync(target, { force: true });
  createPrivate(target);
  copyFileSync(source, target);
  // Some systems copy the permissions with the bytes.
  chmodSync(target, 0o600);
}

async function copyDatabase(source: string, target: string): Promise<void> {
  // A connection of its own: its snapshot stays as it is while the store writes.
  using connection = new DatabaseSync(source, { readOnly: true, timeout: 5000 });
  await backup(connection, target, { rate: WHOLE_DATABASE });
}

/** Leaves one file that needs no log beside it. */
function finish(path: string): void {
  using database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = DELETE");
  database.close();
  syncFile(path);
}

/** @throws {BackupError} unless the file is a sound database of this product. */
function verify(path: string): void {
  if (!exists(path)) throw new BackupError(`There is no file ${path}.`);
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    const problems = database.prepare("PRAGMA integrity_check(5)").all();
    const first = Object.values(problems[0] ?? {})[0];
    if (first !== "ok") throw new BackupError(`${path} is damaged: ${String(first)}`);
    const tables = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").all();
    if (tables.length === 0) throw new BackupError(`${path} is a database, but not a backup of a store.`);
  } catch (error) {
    if (error instanceof BackupError) throw error;
    if (sqliteResultCode(error) === undefined) throw error;
    throw new BackupError(`${path} is not a sound backup: ${reasonOf(error)}`, { cause: error });
  }
}

function refuseContents(directory: string, clock: Clock): void {
  if (!exists(directory)) return;
  const locks: readonly string[] = LOCK_FILES;
  const contents = readdirSync(directory).filter((name) => !locks.includes(name));
  if (contents.length === 0) return;
  // Where a server runs, advice to use force would only lead to the next refusal.
  if (exists(join(directory, DATABASE_FILE))) lockDirectory(directory, clock)[Symbol.dispose]();
  throw new BackupError(
    `${directory} is not empty (${contents.slice(0, 3).join(", ")}). Restore into an empty directory, or use force ` +
      "(gatehouse restore FILE --force): an existing store is then kept aside.",
  );
}

/** Moves the store that is there into a folder beside it, its log first: a log must never meet another database. */
function setAside(path: string, time: string): void {
  const folder = join(dirname(path), `replaced-${time}`);
  mkdirSync(folder, { mode: 0o700 });
  for (const suffix of [...COMPANIONS, ""]) {
    if (exists(path + suffix)) renameSync(path + suffix, join(folder, basename(path) + suffix));
  }
  syncDirectory(folder);
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
