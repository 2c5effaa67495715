import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../kernel/clock.ts";
import { formatKeyMaterial, generateKeyMaterial, parseKeyMaterial, type KeyMaterial } from "../kernel/key-material.ts";
import type { Random } from "../kernel/random.ts";

/** The key file cannot be used as it is. The message says how to mend it and repeats no secrets. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
}

const OWNER_ONLY = 0o600;
const WIDER_THAN_OWNER = 0o077;
const WRITABLE_BY_OTHERS = 0o002;
const STICKY = 0o1000;
const LARGEST = 1_048_576;
const LOCK_WAIT = 10_000;

// Calls here are synchronous on purpose: they happen at start and in commands, and nothing else of the
// process can come between a file's lock, content and replacement.

/**
 * Reads a key file. It must be a regular file of the process's own user that nobody else can read, in a
 * directory that others cannot write to.
 * @throws {KeyFileError} when it is missing or open to others.
 * @throws {KeyMaterialError} when its content is malformed.
 */
export function readKeyFile(path: string): KeyMaterial {
  checkDirectory(path);
  const descriptor = openKeyFile(path);
  try {
    checkFile(path, descriptor);
    return parseKeyMaterial(readFileSync(descriptor, "utf8"));
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads a key file, or makes one with new keys when there is none. Several processes that start at once
 * end up with the same keys.
 * @throws {KeyFileError} when there is one that is open to others.
 * @throws {KeyMaterialError} when its content is malformed.
 */
export function ensureKeyFile(path: string, random: Random, clock: Clock): KeyMaterial {
  if (isPresent(path)) return readKeyFile(path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  checkDirectory(path);
  return withLock(path, () => {
    if (isPresent(path)) return readKeyFile(path);
    const material = generateKeyMaterial(random, clock);
    replaceFile(path, formatKeyMaterial(material));
    return material;
  });
}

/**
 * Changes a key file: reads it, applies `change`, and replaces it in one step, so that a crash leaves
 * either the old or the new one. Changes from several processes are made one after the other.
 * @throws {KeyFileError} when it is missing or open to others, or stays locked for ten seconds.
 * @throws {KeyMaterialError} when its content is malformed, or from `change`, which leaves the file alone.
 */
export function updateKeyFile(path: string, change: (material: KeyMaterial) => KeyMaterial): KeyMaterial {
  // Otherwise the lock would be made beside a file that does not exist, or where others can put one.
  if (!isPresent(path)) throw missing(path);
  checkDirectory(path);
  return withLock(path, () => {
    const material = change(readKeyFile(path));
    replaceFile(path, formatKeyMaterial(material));
    return material;
  });
}

function isPresent(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function missing(path: string): KeyFileError {
  return new KeyFileError(`There is no key file at ${path}.`);
}

function openKeyFile(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") throw missing(path);
    if (code === "ELOOP" || code === "EMLINK") {
      throw new KeyFileError(`The key file ${path} is a symbolic link. Name the file itself.`);
    }
    throw new KeyFileError(`The key file ${path} cannot be opened (${code}).`, { cause: error });
  }
}

function checkFile(path: string, descriptor: number): void {
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) throw new KeyFileError(`The key file ${path} is not a regular file.`);
  if ((stats.mode & WIDER_THAN_OWNER) !== 0) {
    throw new KeyFileError(`The key file ${path} is open to other users. Run: chmod 600 ${path}`);
  }
  const user = process.geteuid?.();
  if (user !== undefined && stats.uid !== user) {
    throw new KeyFileError(`The key file ${path} belongs to another user. Run as its owner, or change the owner.`);
  }
  if (stats.nlink !== 1) throw new KeyFileError(`The key file ${path} has another name too. Remove that hard link.`);
  if (stats.size > LARGEST) throw new KeyFileError(`The key file ${path} is too large to be one.`);
}

/** Whoever can write to the directory can replace the file, unless its sticky bit is set. */
function checkDirectory(path: string): void {
  const directory = dirname(path);
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) throw missing(path);
  if ((stats.mode & WRITABLE_BY_OTHERS) === 0 || (stats.mode & STICKY) !== 0) return;
  throw new KeyFileError(`Every user can replace files in ${directory}. Run: chmod o-w ${directory}`);
}

/** Writes beside the file, makes the content durable, and moves it into place. Only called under the lock. */
function replaceFile(path: string, content: string): void {
  const temporary = `${path}.new`;
  // One may be left from a process that died while it was writing.
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Runs `work` while no other process does the same for this path. The lock is the operating system's, taken
 * through SQLite on an empty database beside the file, so that it ends with a process that dies.
 */
function withLock<Result>(path: string, work: () => Result): Result {
  const lockPath = `${path}.lock`;
  createLockFile(lockPath);
  const lock = new DatabaseSync(lockPath, { timeout: LOCK_WAIT });
  try {
    try {
      lock.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      throw new KeyFileError(`The key file ${path} is being changed by another process.`, { cause: error });
    }
    return work();
  } finally {
    lock.close();
  }
}

function createLockFile(lockPath: string): void {
  try {
    // Never opened when it exists: closing any descriptor of a file drops the locks this process has on it.
    closeSync(openSync(lockPath, "wx", OWNER_ONLY));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
