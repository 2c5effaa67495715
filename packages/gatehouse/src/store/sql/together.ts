import type { SqlValue, Statement, WriteTransaction } from "../../kernel/ports/store.ts";
import { isRowStatement, rowsAsJson } from "./row-statement.ts";

/** A statement that changes rows, and its values. */
export type Change = readonly [Statement, readonly SqlValue[]];

/** Statements that have been joined, by the first and then each that followed. */
interface Joined {
  readonly further: Map<Statement, Joined>;
  statement?: Statement;
}

const joined: Joined = { further: new Map() };

/**
 * Makes changes that neither see each other nor touch the same row, in one statement where statements cost a round trip. On
 * PostgreSQL they are parts of one that see what was there before all of them, and the rows of one `RowStatement` are one part.
 * Nobody waits for it: what follows in the transaction comes after it all the same.
 */
export function together(transaction: WriteTransaction, changes: readonly Change[]): void {
  if (transaction.dialect === "sqlite") {
    for (const change of changes) transaction.later(...change);
    return;
  }
  const parts = gathered(changes);
  const [first] = parts;
  if (first === undefined) return;
  if (parts.length === 1) return transaction.later(...first);
  const joint = join(parts.map(([statement]) => statement));
  transaction.later(
    joint,
    parts.flatMap(([, values]) => values),
  );
}

/** The rows of each statement in one change, at the place of its first. */
function gathered(changes: readonly Change[]): readonly Change[] {
  const parts: { readonly statement: Statement; readonly rows: (readonly SqlValue[])[] }[] = [];
  const known = new Map<Statement, (readonly SqlValue[])[]>();
  for (const [statement, values] of changes) {
    const rows = known.get(statement);
    if (rows !== undefined) rows.push(values);
    else {
      const part = { statement, rows: [values] };
      parts.push(part);
      if (isRowStatement(statement)) known.set(statement, part.rows);
    }
  }
  return parts.map(({ statement, rows }) =>
    rows.length > 1 && isRowStatement(statement)
      ? [statement.many, [rowsAsJson(statement, rows)]]
      : [statement, rows[0] ?? []],
  );
}

/** One text, and so one prepared statement, for the same statements in the same order. */
function join(statements: readonly Statement[]): Statement {
  let node = joined;
  for (const statement of statements) {
    const next = node.further.get(statement) ?? { further: new Map() };
    node.further.set(statement, next);
    node = next;
  }
  node.statement ??= joinTexts(statements);
  return node.statement;
}

function joinTexts(statements: readonly Statement[]): Statement {
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
  return Object.freeze({ sqlite, postgres: `WITH ${parts.join(", ")} SELECT 1 AS done` });
}
