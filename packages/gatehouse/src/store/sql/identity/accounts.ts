import type {
  AccountChange,
  AccountKey,
  Accounts,
  AccountState,
  StoredAccount,
  StoredIdentifier,
} from "../../../kernel/ports/accounts.ts";
import type { SqlValue } from "../../../kernel/ports/store.ts";
import { portableStatement } from "../statement.ts";

interface AccountRow {
  readonly id: string;
  readonly tenant: string;
  readonly state: AccountState;
  readonly profile: string;
  /** JSON array of texts. */
  readonly grants: string;
  readonly created_at: number;
  readonly changed_at: number;
}

interface IdentifierRow {
  readonly key: string;
  readonly tenant: string;
  readonly account: string;
  readonly kind: StoredIdentifier["kind"];
  readonly body: string;
  readonly verified_at: number | null;
}

const COLUMNS = "id, tenant, state, profile, grants, created_at, changed_at";
const FIND = portableStatement(`SELECT ${COLUMNS} FROM accounts WHERE tenant = $1 AND id = $2`);
const FIND_BY_IDENTIFIER = portableStatement(
  `SELECT ${COLUMNS} FROM accounts WHERE id = (SELECT account FROM account_identifiers WHERE key = $1)`,
);
const LIST = portableStatement(`SELECT ${COLUMNS} FROM accounts WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`);
const LIST_ALL = portableStatement(`SELECT ${COLUMNS} FROM accounts WHERE id > $1 ORDER BY id LIMIT $2`);
const CREATE = portableStatement(`INSERT INTO accounts (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)`);
const UPDATE = portableStatement(
  `UPDATE accounts SET
     profile = COALESCE(CAST($3 AS TEXT), profile),
     grants = COALESCE(CAST($4 AS TEXT), grants),
     state = COALESCE(CAST($5 AS TEXT), state),
     changed_at = CASE WHEN CAST($6 AS BIGINT) = 0 THEN changed_at
       WHEN {now} > changed_at THEN {now} ELSE changed_at + 1 END
   WHERE tenant = $1 AND id = $2 RETURNING changed_at`,
);
const REMOVE = portableStatement("DELETE FROM accounts WHERE tenant = $1 AND id = $2 RETURNING id");
const REMOVE_IDENTIFIERS = portableStatement("DELETE FROM account_identifiers WHERE tenant = $1 AND account = $2");
const REMOVE_FACTORS = portableStatement("DELETE FROM account_factors WHERE tenant = $1 AND account = $2");

const IDENTIFIER_COLUMNS = "key, tenant, account, kind, body, verified_at";
const IDENTIFIERS = portableStatement(
  `SELECT ${IDENTIFIER_COLUMNS} FROM account_identifiers WHERE tenant = $1 AND account = $2 ORDER BY key`,
);
const ADD_IDENTIFIER = portableStatement(
  `INSERT INTO account_identifiers (${IDENTIFIER_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (key) DO NOTHING RETURNING key`,
);
const VERIFY_IDENTIFIER = portableStatement(
  `UPDATE account_identifiers SET verified_at = COALESCE(verified_at, {now})
   WHERE key = $1 AND tenant = $2 AND account = $3 RETURNING key`,
);

const REMOVE_IDENTIFIER = portableStatement(
  "DELETE FROM account_identifiers WHERE key = $1 AND tenant = $2 AND account = $3 RETURNING key",
);
const REWRITE_IDENTIFIER = portableStatement(
  "UPDATE account_identifiers SET body = $3 WHERE key = $1 AND body = $2 RETURNING key",
);

/** Accounts in the tables `accounts` and `account_identifiers`. */
export function createAccounts(): Accounts {
  return {
    async find(transaction, { tenant, id }) {
      const [row] = await transaction.execute<AccountRow>(FIND, [tenant, id]);
      return row === undefined ? undefined : accountOf(row);
    },
    async findByIdentifier(transaction, key) {
      const [row] = await transaction.execute<AccountRow>(FIND_BY_IDENTIFIER, [key]);
      return row === undefined ? undefined : accountOf(row);
    },
    async list(transaction, { tenant, after = "", limit }) {
      const rows =
        tenant === undefined
          ? transaction.execute<AccountRow>(LIST_ALL, [after, limit])
          : transaction.execute<AccountRow>(LIST, [tenant, after, limit]);
      return (await rows).map(accountOf);
    },
    async identifiers(transaction, { tenant, id }) {
      return (await transaction.execute<IdentifierRow>(IDENTIFIERS, [tenant, id])).map(identifierOf);
    },
    async create(transaction, account, identifier) {
      const { id, tenant, state, profile, grants, createdAt, changedAt } = account;
      const added = await transaction.execute(ADD_IDENTIFIER, identifierValues(identifier));
      if (added.length === 0) return false;
      await transaction.execute(CREATE, [id, tenant, state, profile, JSON.stringify(grants), createdAt, changedAt]);
      return true;
    },
    async addIdentifier(transaction, identifier) {
      return (await transaction.execute(ADD_IDENTIFIER, identifierValues(identifier))).length === 1;
    },
    async verifyIdentifier(transaction, key, { tenant, id }) {
      return (await transaction.execute(VERIFY_IDENTIFIER, [key, tenant, id])).length === 1;
    },
    async removeIdentifier(transaction, key, { tenant, id }) {
      return (await transaction.execute(REMOVE_IDENTIFIER, [key, tenant, id])).length === 1;
    },
    async rewriteIdentifier(transaction, key, { before, body }) {
      return (await transaction.execute(REWRITE_IDENTIFIER, [key, before, body])).length === 1;
    },
    async update(transaction, key, change) {
      const [row] = await transaction.execute<Pick<AccountRow, "changed_at">>(UPDATE, changeValues(key, change));
      return row === undefined ? undefined : Number(row.changed_at);
    },
    async remove(transaction, { tenant, id }) {
      await transaction.execute(REMOVE_FACTORS, [tenant, id]);
      await transaction.execute(REMOVE_IDENTIFIERS, [tenant, id]);
      return (await transaction.execute(REMOVE, [tenant, id])).length === 1;
    },
  };
}

function accountOf({ id, tenant, state, profile, ...row }: AccountRow): StoredAccount {
  return {
    ...{ id, tenant, state, profile },
    // Written from an array of texts.
    grants: JSON.parse(row.grants) as string[],
    createdAt: Number(row.created_at),
    changedAt: Number(row.changed_at),
  };
}

function identifierOf({ key, tenant, account, kind, body, verified_at: at }: IdentifierRow): StoredIdentifier {
  return { key, tenant, account, kind, body, verifiedAt: at === null ? undefined : Number(at) };
}

function identifierValues({ key, tenant, account, kind, body, verifiedAt }: StoredIdentifier): SqlValue[] {
  return [key, tenant, account, kind, body, verifiedAt ?? null];
}

function changeValues({ tenant, id }: AccountKey, { profile, grants, state, voids }: AccountChange): SqlValue[] {
  const texts = [profile ?? null, grants === undefined ? null : JSON.stringify(grants), state ?? null];
  return [tenant, id, ...texts, voids ? 1 : 0];
}
