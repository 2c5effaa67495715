import { StoreUnavailableError } from "../../kernel/ports/store.ts";

/** What this store is called in errors, health and events. */
export const POSTGRES_STORE = "postgres";

/** Transactions that were in each other's way: the same work succeeds when it is run again. */
const CONFLICTS = new Set(["40001", "40P01"]);
/** Named statements the connection no longer has, or whose tables have changed: a new connection prepares them afresh. */
const STALE_STATEMENT = new Set(["26000", "0A000"]);
/** By which the server says that it cannot serve now (PostgreSQL documentation, appendix A). */
const UNAVAILABLE: ReadonlyMap<string, string> = new Map([
  ["25006", "it is read-only"],
  ["25P03", "the transaction was idle for too long"],
  ["53000", "it has run out of resources"],
  ["53100", "its disk is full"],
  ["53200", "it has run out of memory"],
  ["53300", "it has too many connections"],
  ["55P03", "a lock was not granted in time"],
  ["57014", "a statement took too long"],
  ["57P01", "it is shutting down"],
  ["57P02", "it crashed and is restarting"],
  ["57P03", "it is starting up or shutting down"],
  ["57P05", "the connection was idle for too long"],
  ["58030", "reading or writing its files failed"],
  ["XX001", "its files are damaged"],
  ["XX002", "its indexes are damaged"],
]);

/** The five-character code of an error the server sent, or `undefined` for any other failure. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whether the same transaction may succeed when it is run again at once. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(sqlState(error) ?? "");
}

/** Whether a prepared statement must be prepared again. */
export function isStaleStatement(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined || !STALE_STATEMENT.has(state)) return false;
  // 0A000 also means that a feature is not supported.
  return state === "26000" || (error instanceof Error && error.message.includes("cached plan"));
}

/** Whether the server ends the connection with this error. */
export function endsConnection(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return false;
  if (state.startsWith("08") || state.startsWith("57P") || state === "25P03") return true;
  return error instanceof Error && "severity" in error && (error.severity === "FATAL" || error.severity === "PANIC");
}

/** The error to give to callers: a `StoreUnavailableError` where the engine is at fault, else the error itself. */
export function translatePostgresError(error: unknown, address: string): unknown {
  if (error instanceof StoreUnavailableError) return error;
  const state = sqlState(error);
  const connection = state?.startsWith("08") === true ? "the connection failed" : undefined;
  const reason = connection ?? UNAVAILABLE.get(state ?? "");
  if (reason === undefined) return error;
  return new StoreUnavailableError(POSTGRES_STORE, `PostgreSQL at ${address} cannot serve: ${reason}.`, {
    cause: error,
  });
}

/** The error for a connection that could not be made or was lost. */
export function connectionFailure(error: unknown, address: string): StoreUnavailableError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `PostgreSQL at ${address} cannot be reached: ${reason}`;
  return new StoreUnavailableError(POSTGRES_STORE, message, { cause: error });
}
