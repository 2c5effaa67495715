import type { SqlValue, Statement } from "../../kernel/ports/store.ts";
import { portableStatement } from "./statement.ts";

/** A statement that changes one row. PostgreSQL has another one, that changes as many as a JSON array holds: its one parameter. */
export interface RowStatement extends Statement {
  readonly columns: readonly string[];
  readonly many: Statement;
}

/** Columns of all tables that are no text on PostgreSQL. */
export type ColumnTypes = Readonly<Record<string, "bigint" | "bytea">>;

const statements = new WeakSet<Statement>();

/** Adds rows of these columns. */
export function insertRows(table: string, columns: string, types: ColumnTypes): RowStatement {
  const names = columns.split(", ");
  const values = names.map((_, index) => `$${index + 1}`).join(", ");
  return define(names, {
    one: `INSERT INTO ${table} (${columns}) VALUES (${values})`,
    many: `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${given(names, types)}`,
  });
}

/** Sets columns of the row with a key, which is the first of them; `also` is set, too. */
export function updateRows(
  table: string,
  columns: string,
  { types, also }: { readonly types: ColumnTypes; readonly also?: string },
): RowStatement {
  const names = columns.split(", ");
  const [key = "", ...set] = names;
  const more = also === undefined ? [] : [also];
  const one = set.map((name, index) => `${name} = $${index + 2}`);
  const many = set.map((name) => `${name} = given.${name}`);
  return define(names, {
    one: `UPDATE ${table} SET ${[...one, ...more].join(", ")} WHERE ${key} = $1`,
    many: `UPDATE ${table} AS changed SET ${[...many, ...more].join(", ")} FROM ${given(names, types)} WHERE changed.${key} = given.${key}`,
  });
}

/** Deletes the rows whose columns have these values. */
export function deleteRows(table: string, columns: string, types: ColumnTypes): RowStatement {
  const names = columns.split(", ");
  const one = names.map((name, index) => `${name} = $${index + 1}`);
  const many = names.map((name) => `gone.${name} = given.${name}`);
  return define(names, {
    one: `DELETE FROM ${table} WHERE ${one.join(" AND ")}`,
    many: `DELETE FROM ${table} AS gone USING ${given(names, types)} WHERE ${many.join(" AND ")}`,
  });
}

/** Whether a statement takes many rows. */
export function isRowStatement(statement: Statement): statement is RowStatement {
  return statements.has(statement);
}

/** The parameter on PostgreSQL. */
export function rowsAsJson({ columns }: Pick<RowStatement, "columns">, rows: readonly (readonly SqlValue[])[]): string {
  return JSON.stringify(
    rows.map((values) => Object.fromEntries(columns.map((name, index) => [name, jsonValue(values[index] ?? null)]))),
  );
}

/** Rows of a JSON array as a table of PostgreSQL. */
export function given(names: readonly string[], types: ColumnTypes): string {
  return `json_to_recordset($1::json) AS given(${names.map((name) => `${name} ${types[name] ?? "text"}`).join(", ")})`;
}

/** PostgreSQL reads bytes from hexadecimal digits. */
function jsonValue(value: SqlValue): unknown {
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString("hex")}` : value;
}

function define(columns: readonly string[], texts: { readonly one: string; readonly many: string }): RowStatement {
  const statement = Object.freeze({ ...portableStatement(texts.one), many: portableStatement(texts.many), columns });
  statements.add(statement);
  return statement;
}
