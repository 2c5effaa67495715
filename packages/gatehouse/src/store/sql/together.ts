import type { SqlValue, Statement, WriteTransaction } from "../../kernel/ports/store.ts";

/** A statement that changes rows, and its values. */
export type Change = readonly [Statement, readonly SqlValue[]];

const joined = new Map<string, Statement>();

/**
 * Makes changes that neither see each other nor touch the same row, in one statement where statements cost a round trip. On
 * PostgreSQL they are parts of one that see what was there before all of them.
 */
export async function together(transaction: WriteTransaction, changes: readonly Change[]): Promise<void> {
  if (transaction.dialect === "sqlite" || changes.length < 2) {
    await Promise.all(changes.map(([statement, values]) => transaction.execute(statement, values)));
    return;
  }
  await transaction.execute(
    join(changes.map(([statement]) => statement)),
    changes.flatMap(([, values]) => values),
  );
}

/** One text, and so one prepared statement, for the same statements in the same order. */
function join(statements: readonly Statement[]): Statement {
  const key = statements.map(({ postgres }) => postgres).join(";");
  const known = joined.get(key);
  if (known !== undefined) return known;
  let first = 0;
  const parts = statements.map(({ postgres }, index) => {
    let most = 0;
    const text = postgres.replaceAll(/\$(\d+)/g, (_, number: string) => {
      most = Math.max(most, Number(number));
      return `$${first + Number(number)}`;
    });
    first += most;
    return `change${index} AS (${text})`;
  });
  const [{ sqlite } = { sqlite: "" }] = statements;
  const statement = Object.freeze({ sqlite, postgres: `WITH ${parts.join(", ")} SELECT 1 AS done` });
  joined.set(key, statement);
  return statement;
}
