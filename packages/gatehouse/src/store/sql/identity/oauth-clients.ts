import {
  isUseDue,
  type ClientKey,
  type OAuthClients,
  type StoredClient,
  type StoredClientSecret,
  type StoredRegistrationToken,
} from "../../../kernel/ports/oauth-clients.ts";
import { portableStatement } from "../statement.ts";

interface ClientRow {
  readonly tenant: string;
  readonly id: string;
  readonly origin: StoredClient["origin"];
  readonly state: StoredClient["state"];
  readonly body: string;
  readonly version: number;
  readonly created_at: number;
  readonly changed_at: number;
  readonly used_at: number | null;
}

interface SecretRow {
  readonly key: string;
  readonly tenant: string;
  readonly client: string;
  readonly id: string;
  readonly body: string | null;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly used_at: number | null;
}

interface TokenRow {
  readonly key: string;
  readonly tenant: string;
  readonly id: string;
  readonly label: string;
  readonly uses_left: number;
  readonly created_at: number;
  readonly expires_at: number;
  readonly used_at: number | null;
}

const COLUMNS = "tenant, id, origin, state, body, version, created_at, changed_at, used_at";
const FIND = portableStatement(`SELECT ${COLUMNS} FROM oauth_clients WHERE tenant = $1 AND id = $2`);
const LIST = portableStatement(
  `SELECT ${COLUMNS} FROM oauth_clients WHERE tenant = $1 AND id > $2 ORDER BY tenant, id LIMIT $3`,
);
const LIST_ALL = portableStatement(
  `SELECT ${COLUMNS} FROM oauth_clients WHERE tenant > $1 OR (tenant = $1 AND id > $2) ORDER BY tenant, id LIMIT $3`,
);
const CREATE = portableStatement(
  `INSERT INTO oauth_clients (tenant, id, origin, state, body, version, created_at, changed_at)
   VALUES ($1, $2, $3, 'active', $4, 1, $5, $5) ON CONFLICT (tenant, id) DO NOTHING RETURNING id`,
);
const UPDATE = portableStatement(
  `UPDATE oauth_clients SET
     body = COALESCE(CAST($3 AS TEXT), body),
     state = COALESCE(CAST($4 AS TEXT), state),
     version = version + 1,
     changed_at = $5
   WHERE tenant = $1 AND id = $2 AND (CAST($6 AS BIGINT) IS NULL OR version = CAST($6 AS BIGINT)) RETURNING version`,
);
const HOLDS = portableStatement(
  "SELECT used_at FROM oauth_clients WHERE tenant = $1 AND id = $2 AND version = $3 AND state = 'active'",
);
const USE = portableStatement("UPDATE oauth_clients SET used_at = $3 WHERE tenant = $1 AND id = $2");
const RESEAL = portableStatement(
  "UPDATE oauth_clients SET body = $4 WHERE tenant = $1 AND id = $2 AND body = $3 RETURNING id",
);
const REMOVE = portableStatement("DELETE FROM oauth_clients WHERE tenant = $1 AND id = $2 RETURNING id");
const UNUSED = portableStatement(
  `SELECT tenant, id FROM oauth_clients
   WHERE origin <> 'operator' AND COALESCE(used_at, created_at) < $1 ORDER BY tenant, id LIMIT $2`,
);

const SECRET_COLUMNS = "key, tenant, client, id, body, created_at, expires_at, used_at";
const LASTS = "(expires_at IS NULL OR expires_at > {now})";
const SECRETS = portableStatement(
  `SELECT ${SECRET_COLUMNS} FROM oauth_client_secrets
   WHERE tenant = $1 AND client = $2 AND ${LASTS} ORDER BY created_at DESC, id DESC`,
);
const ADD_SECRET = portableStatement(
  `INSERT INTO oauth_client_secrets (${SECRET_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)`,
);
const SECRET_HOLDS = portableStatement(`SELECT used_at FROM oauth_client_secrets WHERE key = $1 AND ${LASTS}`);
const USE_SECRET = portableStatement("UPDATE oauth_client_secrets SET used_at = $2 WHERE key = $1");
const EXPIRE_SECRET = portableStatement(
  `UPDATE oauth_client_secrets
   SET expires_at = CASE WHEN expires_at IS NOT NULL AND expires_at < $4 THEN expires_at ELSE $4 END
   WHERE tenant = $1 AND client = $2 AND id = $3 RETURNING id`,
);
const REMOVE_SECRETS = portableStatement("DELETE FROM oauth_client_secrets WHERE tenant = $1 AND client = $2");
const RESEAL_SECRET = portableStatement(
  "UPDATE oauth_client_secrets SET body = $3 WHERE key = $1 AND body = $2 RETURNING key",
);
const PRUNE_SECRETS = portableStatement(
  `DELETE FROM oauth_client_secrets WHERE key IN
   (SELECT key FROM oauth_client_secrets WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) RETURNING key`,
);

const TOKEN_COLUMNS = "key, tenant, id, label, uses_left, created_at, expires_at, used_at";
const FIND_TOKEN = portableStatement(
  `SELECT ${TOKEN_COLUMNS} FROM oauth_registration_tokens WHERE key = $1 AND uses_left > 0 AND expires_at > {now}`,
);
const TOKENS = portableStatement(
  `SELECT ${TOKEN_COLUMNS} FROM oauth_registration_tokens
   WHERE tenant = $1 AND uses_left > 0 AND expires_at > {now} ORDER BY created_at DESC, id DESC`,
);
const ADD_TOKEN = portableStatement(
  `INSERT INTO oauth_registration_tokens (${TOKEN_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)`,
);
const USE_TOKEN = portableStatement(
  `UPDATE oauth_registration_tokens SET uses_left = uses_left - 1, used_at = $2
   WHERE key = $1 AND uses_left > 0 AND expires_at > $2 RETURNING key`,
);
const REMOVE_TOKEN = portableStatement(
  "DELETE FROM oauth_registration_tokens WHERE tenant = $1 AND id = $2 RETURNING key",
);
const PRUNE_TOKENS = portableStatement(
  `DELETE FROM oauth_registration_tokens WHERE key IN
   (SELECT key FROM oauth_registration_tokens WHERE expires_at <= $1 OR uses_left <= 0 LIMIT $2) RETURNING key`,
);

/** Clients in the tables `oauth_clients`, `oauth_client_secrets` and `oauth_registration_tokens`. */
export function createOAuthClients(): OAuthClients {
  return { ...clientRows(), ...secretRows(), ...tokenRows() };
}

type ClientRows = Pick<
  OAuthClients,
  "find" | "list" | "create" | "update" | "use" | "reseal" | "remove" | "unused" | "prune"
>;

function clientRows(): ClientRows {
  return {
    async find(transaction, { tenant, id }) {
      const [row] = await transaction.execute<ClientRow>(FIND, [tenant, id]);
      return row === undefined ? undefined : clientOf(row);
    },
    async list(transaction, { tenant, after, limit }) {
      const rows =
        tenant === undefined
          ? transaction.execute<ClientRow>(LIST_ALL, [after?.tenant ?? "", after?.id ?? "", limit])
          : transaction.execute<ClientRow>(LIST, [tenant, after?.id ?? "", limit]);
      return (await rows).map(clientOf);
    },
    async create(transaction, { tenant, id, origin, body }) {
      return (await transaction.execute(CREATE, [tenant, id, origin, body, await transaction.now()])).length === 1;
    },
    async update(transaction, { tenant, id }, { body, state, expected }) {
      const values = [tenant, id, body ?? null, state ?? null, await transaction.now(), expected ?? null];
      const [row] = await transaction.execute<Pick<ClientRow, "version">>(UPDATE, values);
      return row === undefined ? undefined : Number(row.version);
    },
    async use(transaction, { tenant, id }, version) {
      const [row] = await transaction.execute<Pick<ClientRow, "used_at">>(HOLDS, [tenant, id, version]);
      if (row === undefined) return false;
      const now = await transaction.now();
      if (isUseDue(timeOf(row.used_at), now)) await transaction.execute(USE, [tenant, id, now]);
      return true;
    },
    async reseal(transaction, { tenant, id }, { before, body }) {
      return (await transaction.execute(RESEAL, [tenant, id, before, body])).length === 1;
    },
    async remove(transaction, { tenant, id }) {
      await transaction.execute(REMOVE_SECRETS, [tenant, id]);
      return (await transaction.execute(REMOVE, [tenant, id])).length === 1;
    },
    unused: (transaction, since, limit) => transaction.execute<ClientKey>(UNUSED, [since, limit]),
    async prune(transaction, limit) {
      const now = await transaction.now();
      const secrets = await transaction.execute(PRUNE_SECRETS, [now, limit]);
      return secrets.length + (await transaction.execute(PRUNE_TOKENS, [now, limit])).length;
    },
  };
}

type SecretRows = Pick<
  OAuthClients,
  "secrets" | "addSecret" | "useSecret" | "expireSecret" | "removeSecrets" | "resealSecret"
>;

function secretRows(): SecretRows {
  return {
    async secrets(transaction, { tenant, id }) {
      return (await transaction.execute<SecretRow>(SECRETS, [tenant, id])).map(secretOf);
    },
    async addSecret(transaction, { key, tenant, client, id, body, expiresAt }) {
      const now = await transaction.now();
      await transaction.execute(ADD_SECRET, [key, tenant, client, id, body ?? null, now, expiresAt ?? null]);
    },
    async useSecret(transaction, key) {
      const [row] = await transaction.execute<Pick<SecretRow, "used_at">>(SECRET_HOLDS, [key]);
      if (row === undefined) return false;
      const now = await transaction.now();
      if (isUseDue(timeOf(row.used_at), now)) await transaction.execute(USE_SECRET, [key, now]);
      return true;
    },
    async expireSecret(transaction, { tenant, id, secret }, at) {
      return (await transaction.execute(EXPIRE_SECRET, [tenant, id, secret, at])).length === 1;
    },
    async removeSecrets(transaction, { tenant, id }) {
      await transaction.execute(REMOVE_SECRETS, [tenant, id]);
    },
    async resealSecret(transaction, key, { before, body }) {
      return (await transaction.execute(RESEAL_SECRET, [key, before, body])).length === 1;
    },
  };
}

type TokenRows = Pick<OAuthClients, "findToken" | "tokens" | "addToken" | "useToken" | "removeToken">;

function tokenRows(): TokenRows {
  return {
    async findToken(transaction, key) {
      const [row] = await transaction.execute<TokenRow>(FIND_TOKEN, [key]);
      return row === undefined ? undefined : tokenOf(row);
    },
    async tokens(transaction, tenant) {
      return (await transaction.execute<TokenRow>(TOKENS, [tenant])).map(tokenOf);
    },
    async addToken(transaction, { key, tenant, id, label, usesLeft, expiresAt }) {
      const now = await transaction.now();
      await transaction.execute(ADD_TOKEN, [key, tenant, id, label, usesLeft, now, expiresAt]);
    },
    async useToken(transaction, key) {
      return (await transaction.execute(USE_TOKEN, [key, await transaction.now()])).length === 1;
    },
    async removeToken(transaction, { tenant, id }) {
      return (await transaction.execute(REMOVE_TOKEN, [tenant, id])).length === 1;
    },
  };
}

function timeOf(value: number | null): number | undefined {
  return value === null ? undefined : Number(value);
}

function clientOf(row: ClientRow): StoredClient {
  return {
    ...{ tenant: row.tenant, id: row.id, origin: row.origin, state: row.state, body: row.body },
    ...{ version: Number(row.version), createdAt: Number(row.created_at), changedAt: Number(row.changed_at) },
    usedAt: timeOf(row.used_at),
  };
}

function secretOf(row: SecretRow): StoredClientSecret {
  return {
    ...{ key: row.key, tenant: row.tenant, client: row.client, id: row.id, body: row.body ?? undefined },
    ...{ createdAt: Number(row.created_at), expiresAt: timeOf(row.expires_at), usedAt: timeOf(row.used_at) },
  };
}

function tokenOf(row: TokenRow): StoredRegistrationToken {
  return {
    ...{ key: row.key, tenant: row.tenant, id: row.id, label: row.label, usesLeft: Number(row.uses_left) },
    ...{ createdAt: Number(row.created_at), expiresAt: Number(row.expires_at), usedAt: timeOf(row.used_at) },
  };
}
