import { StoreUnavailableError, TransactionMisuseError } from "../../kernel/ports/store.ts";

/** Primary result codes (https://www.sqlite.org/rescode.html) that say something about the engine, not about the statement. */
const BUSY = 5;
const READ_ONLY = 8;
const FULL = 13;
const ENGINE_FAILURES: ReadonlyMap<number, string> = new Map([
  [3, "access to the database files was denied"],
  [7, "SQLite ran out of memory"],
  [8, "the database files cannot be written; check their owner and permissions"],
  [10, "reading or writing the database files failed; check the disk and the system log"],
  [11, "the database file is damaged; restore a backup"],
  [13, "the disk is full"],
  [14, "the database file cannot be opened; check the path, its owner and permissions"],
  [22, "the database files are too large for this file system"],
  [26, "the file is not a database; it was overwritten or belongs to something else"],
]);

/** The primary result code of an error of `node:sqlite`, or `undefined` for any other value. */
export function sqliteResultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return sqliteResultCode(error) === BUSY;
}

/** Whether an error, or what caused it, is a full disk: nothing was changed and what is there can be read. */
export function isDiskFull(error: unknown): boolean {
  if (sqliteResultCode(error) === FULL) return true;
  return error instanceof Error && error.cause !== undefined && isDiskFull(error.cause);
}

/**
 * The error to give to callers: a `StoreUnavailableError` that says what is wrong with the engine's files,
 * or the error itself where the statement is at fault.
 */
export function translateSqliteError(error: unknown, path: string): unknown {
  const reason = ENGINE_FAILURES.get(sqliteResultCode(error) ?? -1);
  if (reason === undefined) return error;
  return new StoreUnavailableError("sqlite", `The store ${path} is not usable: ${reason}.`, { cause: error });
}

/** As `translateSqliteError`, for statements of reads, where an attempt to write is a mistake of the caller. */
export function translateReadError(error: unknown, path: string): unknown {
  if (sqliteResultCode(error) !== READ_ONLY) return translateSqliteError(error, path);
  return new TransactionMisuseError("A read cannot change anything; use store.write().", { cause: error });
}
