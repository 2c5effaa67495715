import type { FactorKind, Factors, StoredFactor } from "../../../kernel/ports/accounts.ts";
import { portableStatement } from "../statement.ts";

interface FactorRow {
  readonly key: string;
  readonly tenant: string;
  readonly account: string;
  readonly kind: FactorKind;
  readonly body: string;
  readonly counter: number;
  readonly created_at: number;
  readonly used_at: number | null;
}

const COLUMNS = "key, tenant, account, kind, body, counter, created_at, used_at";
const FIND = portableStatement(`SELECT ${COLUMNS} FROM account_factors WHERE key = $1`);
const OF_KIND = "tenant = $1 AND account = $2 AND (CAST($3 AS TEXT) IS NULL OR kind = CAST($3 AS TEXT))";
const LIST = portableStatement(`SELECT ${COLUMNS} FROM account_factors WHERE ${OF_KIND} ORDER BY created_at, key`);
const ADD = portableStatement(
  `INSERT INTO account_factors (${COLUMNS})
   SELECT $1, $2, $3, $4, $5, CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT)
   WHERE EXISTS (SELECT 1 FROM accounts WHERE tenant = $2 AND id = $3)
   ON CONFLICT (key) DO NOTHING RETURNING key`,
);
const REWRITE = portableStatement("UPDATE account_factors SET body = $3 WHERE key = $1 AND body = $2 RETURNING key");
const ADVANCE = portableStatement(
  "UPDATE account_factors SET counter = $2, used_at = {now} WHERE key = $1 AND counter < $2 RETURNING key",
);
const TOUCH = portableStatement("UPDATE account_factors SET used_at = {now} WHERE key = $1 RETURNING key");
const REMOVE = portableStatement(
  "DELETE FROM account_factors WHERE key = $1 AND tenant = $2 AND account = $3 RETURNING key",
);
const REMOVE_ALL = portableStatement(`DELETE FROM account_factors WHERE ${OF_KIND} RETURNING key`);

/** Factors in the table `account_factors`. */
export function createFactors(): Factors {
  return {
    async find(transaction, key) {
      const [row] = await transaction.execute<FactorRow>(FIND, [key]);
      return row === undefined ? undefined : factorOf(row);
    },
    async list(transaction, { tenant, account, kind }) {
      return (await transaction.execute<FactorRow>(LIST, [tenant, account, kind ?? null])).map(factorOf);
    },
    async add(transaction, { key, tenant, account, kind, body, counter, createdAt, usedAt }) {
      const values = [key, tenant, account, kind, body, counter, createdAt, usedAt ?? null];
      return (await transaction.execute(ADD, values)).length === 1;
    },
    async rewrite(transaction, key, { before, body }) {
      return (await transaction.execute(REWRITE, [key, before, body])).length === 1;
    },
    advance: async (transaction, key, counter) => (await transaction.execute(ADVANCE, [key, counter])).length === 1,
    touch: async (transaction, key) => (await transaction.execute(TOUCH, [key])).length === 1,
    async remove(transaction, key, { tenant, id }) {
      return (await transaction.execute(REMOVE, [key, tenant, id])).length === 1;
    },
    async removeAll(transaction, { tenant, account, kind }) {
      return (await transaction.execute(REMOVE_ALL, [tenant, account, kind ?? null])).length;
    },
  };
}

function factorOf({ key, tenant, account, kind, body, ...row }: FactorRow): StoredFactor {
  return {
    ...{ key, tenant, account, kind, body },
    counter: Number(row.counter),
    createdAt: Number(row.created_at),
    usedAt: row.used_at === null ? undefined : Number(row.used_at),
  };
}
