import { setTimeout as delay } from "node:timers/promises";
import type { QueryConfig, QueryResultRow } from "pg";
import type { Clock } from "../../kernel/clock.ts";
import type { StoreHealth } from "../../kernel/ports/store.ts";
import { POSTGRES_STORE } from "./postgres-errors.ts";
import type { PostgresPool } from "./postgres-pool.ts";

interface Facts {
  readonly version: string;
  readonly standby: number;
}

const FACTS = "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby";
const LIMIT = 1500;

/** Asks the server once, and answers within 1.5 s whatever it does. */
export async function probe(pool: PostgresPool, clock: Clock): Promise<StoreHealth> {
  const started = clock.monotonic();
  const outcome = await askServer<Facts>(pool, () => FACTS);
  const base = { name: POSTGRES_STORE, engine: "postgres", latency: clock.monotonic() - started };
  if (typeof outcome === "string") return { ...base, state: "down", detail: outcome };
  const { connections, idle, waiting } = pool.usage;
  const detail = `version ${outcome.version}, ${connections - idle} of ${connections} connections in use`;
  if (outcome.standby === 1) return { ...base, state: "degraded", detail: `${detail}; a standby that takes no writes` };
  if (waiting > 0) return { ...base, state: "degraded", detail: `${detail}, ${waiting} calls waiting` };
  return { ...base, state: "up", detail };
}

/** Puts one question to a server; its row, or why there is none within 1.5 s. */
export function askServer<Row extends QueryResultRow>(
  pool: PostgresPool,
  question: () => string | QueryConfig | Promise<QueryConfig>,
): Promise<Row | string> {
  const late = delay(LIMIT, "no answer within 1.5 s", { ref: false });
  return Promise.race([ask<Row>(pool, question), late]);
}

async function ask<Row extends QueryResultRow>(
  pool: PostgresPool,
  question: Parameters<typeof askServer>[1],
): Promise<Row | string> {
  try {
    const query = await question();
    const borrowed = await pool.acquire();
    const late = setTimeout(() => borrowed.release("broken"), LIMIT);
    try {
      const { rows } = await borrowed.client.query<Row>(query);
      return rows[0] ?? "the server gave no answer";
    } finally {
      clearTimeout(late);
      borrowed.release("reusable");
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
