import type { Statement } from "../../kernel/ports/store.ts";

/** The name under which SQLite connections offer the store's clock to statements. */
export const SQLITE_NOW_FUNCTION = "gatehouse_now";

const POSTGRES_NOW = "floor(extract(epoch from clock_timestamp()) * 1000)::bigint";

/**
 * A statement written once for both engines. Parameters are `$1`, `$2` ... and may be used more than once;
 * `{now}` is the database's time in epoch milliseconds, for reads that judge an expiry.
 */
export function portableStatement(text: string): Statement {
  return Object.freeze({
    sqlite: text.replaceAll(/\$(\d+)/g, "?$1").replaceAll("{now}", `${SQLITE_NOW_FUNCTION}()`),
    postgres: text.replaceAll("{now}", POSTGRES_NOW),
  });
}
