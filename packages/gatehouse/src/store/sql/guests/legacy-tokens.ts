import type { LegacyRow, LegacyTable, LegacyTokens } from "../../../kernel/ports/legacy-tokens.ts";
import { portableStatement } from "../statement.ts";

interface Row {
  readonly id: string;
  readonly text: string;
  readonly collection: string;
  readonly tenant: string | null;
  readonly expires: string | null;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** A name of a table or column that is none, or could be more than a name. */
export class LegacyNameError extends Error {
  override readonly name = "LegacyNameError";
}

/**
 * The tokens of an earlier system, in a table of the same database.
 * @throws {LegacyNameError} for names that are no plain ones.
 */
export function createLegacyTokens(legacy: LegacyTable): LegacyTokens {
  const table = quoted(legacy.table);
  const column = quoted(legacy.column);
  const id = `CAST(${quoted(legacy.id)} AS TEXT)`;
  const optional = (name: string | undefined): string =>
    name === undefined ? "CAST(NULL AS TEXT)" : `CAST(${quoted(name)} AS TEXT)`;
  const columns = [
    `${id} AS id`,
    `CAST(${column} AS TEXT) AS text`,
    `CAST(${quoted(legacy.collection)} AS TEXT) AS collection`,
    `${optional(legacy.tenant)} AS tenant`,
    `${optional(legacy.expires)} AS expires`,
  ].join(", ");
  const clear = `${column} IS NOT NULL AND CAST(${column} AS TEXT) <> ''`;
  // Byte by byte, so that the pages of both engines follow each other alike.
  const byId = { sqlite: id, postgres: `${id} COLLATE "C"` };
  const statement = (text: (order: string) => string) => ({
    sqlite: portableStatement(text(byId.sqlite)).sqlite,
    postgres: portableStatement(text(byId.postgres)).postgres,
  });
  const rows = statement(
    (order) => `SELECT ${columns} FROM ${table} WHERE ${clear} AND ${order} > $1 ORDER BY ${order} LIMIT $2`,
  );
  const find = portableStatement(`SELECT ${columns} FROM ${table} WHERE ${column} = $1 ORDER BY 1 LIMIT 1`);
  const count = portableStatement(
    `SELECT COUNT(*) AS every, COUNT(CASE WHEN ${clear} THEN 1 END) AS clear FROM ${table}`,
  );
  const clearOne = portableStatement(
    `UPDATE ${table} SET ${column} = NULL WHERE ${id} = $1 AND ${column} = $2 RETURNING ${id} AS id`,
  );
  return {
    async rows(transaction, { after, limit }) {
      return (await transaction.execute<Row>(rows, [after, limit])).map(rowOf);
    },
    async findByText(transaction, text) {
      const [row] = await transaction.execute<Row>(find, [text]);
      return row === undefined ? undefined : rowOf(row);
    },
    async count(transaction) {
      const [row] = await transaction.execute<{ readonly every: number; readonly clear: number }>(count, []);
      return { all: Number(row?.every), clear: Number(row?.clear) };
    },
    async clear(transaction, row) {
      return (await transaction.execute(clearOne, [row.id, row.text])).length > 0;
    },
  };
}

function quoted(name: string): string {
  if (!NAME.test(name)) throw new LegacyNameError(`"${name}" is no plain name of a table or column.`);
  return `"${name}"`;
}

function rowOf({ id, text, collection, tenant, expires }: Row): LegacyRow {
  return { id, text, collection, tenant: tenant ?? undefined, expires: expires ?? undefined };
}
