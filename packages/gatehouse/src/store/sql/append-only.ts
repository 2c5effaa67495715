import type { AppendOnlyTable, WriteTransaction } from "../../kernel/ports/store.ts";

/** Deletes the oldest rows before a time, at most so many; resolves to how many there were. */
export type Prune = (transaction: WriteTransaction, before: number, limit: number) => Promise<number>;

/** The function of PostgreSQL by which retention deletes where the server's role may not delete itself. */
export function pruneFunction(table: string): string {
  return `prune_${table}`;
}

/** What retention leaves alone however old it is, as a condition that comes after another one. */
export function besidesSpared({ table, spared }: Pick<AppendOnlyTable, "table" | "spared">): string {
  const tables = spared?.by ?? [];
  return tables
    .map((by) => ` AND NOT EXISTS (SELECT 1 FROM ${by} AS sparing WHERE sparing.id = ${table}.${spared?.column})`)
    .join("");
}

/** Retention of a table that is only appended to. Listed in `guarded-tables.ts`, or in `guardedTables` of an application. */
export function pruneAppendOnly(pruned: AppendOnlyTable): Prune {
  const { table, time } = pruned;
  const old = `${time} < $1${besidesSpared(pruned)}`;
  const oldest = (row: string): string =>
    `DELETE FROM ${table} WHERE ${row} IN (SELECT ${row} FROM ${table} WHERE ${old} ORDER BY ${time} LIMIT $2) ` +
    `RETURNING ${time}`;
  const remove = { sqlite: oldest("rowid").replaceAll("$", "?"), postgres: oldest("ctid") };
  const name = pruneFunction(table);
  const find = {
    sqlite: "SELECT NULL AS name",
    postgres: `SELECT to_regprocedure('${name}(bigint, bigint)')::text AS name`,
  };
  const call = { sqlite: "SELECT 0 AS pruned", postgres: `SELECT ${name}($1, $2) AS pruned` };
  return async (transaction, before, limit) => {
    const [found] = await transaction.execute<{ name: string | null }>(find, []);
    if (typeof found?.name !== "string") return (await transaction.execute(remove, [before, limit])).length;
    const [answer] = await transaction.execute<{ pruned: number }>(call, [before, limit]);
    return answer?.pruned ?? 0;
  };
}
