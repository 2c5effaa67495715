import type { Migration } from "../../kernel/ports/store.ts";
import { portableMigration } from "./portable-migration.ts";

/** Tables of accounts and issuers: people, what is issued to whom, and the applications. */
export const identityMigrations: readonly Migration[] = [
  portableMigration(
    "0012_oauth_artifacts",
    `CREATE TABLE oauth_artifacts (
      key {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      kind TEXT NOT NULL,
      alias {id},
      grant_key {id},
      client {id},
      account {id},
      body TEXT NOT NULL,
      expires_at {integer},
      consumed_at {integer},
      answer TEXT
    ) {strict};
    CREATE UNIQUE INDEX oauth_artifacts_alias ON oauth_artifacts (kind, alias) WHERE alias IS NOT NULL;
    CREATE INDEX oauth_artifacts_grant ON oauth_artifacts (grant_key) WHERE grant_key IS NOT NULL;
    CREATE INDEX oauth_artifacts_client ON oauth_artifacts (tenant, client) WHERE client IS NOT NULL;
    CREATE INDEX oauth_artifacts_account ON oauth_artifacts (tenant, account) WHERE account IS NOT NULL;
    CREATE INDEX oauth_artifacts_expiry ON oauth_artifacts (expires_at) WHERE expires_at IS NOT NULL`,
  ),
  portableMigration(
    "0013_oauth_signing_keys",
    `CREATE TABLE oauth_signing_keys (
      kid {id} NOT NULL PRIMARY KEY,
      algorithm TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retiring', 'pruned', 'compromised')),
      public_key TEXT NOT NULL,
      private_key TEXT,
      created_at {integer} NOT NULL,
      since {integer} NOT NULL
    ) {strict};
    CREATE UNIQUE INDEX oauth_signing_keys_active ON oauth_signing_keys (algorithm) WHERE state = 'active';
    CREATE UNIQUE INDEX oauth_signing_keys_next ON oauth_signing_keys (algorithm) WHERE state = 'next'`,
  ),
  portableMigration(
    "0020_accounts",
    `CREATE TABLE accounts (
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
      profile TEXT NOT NULL,
      grants TEXT NOT NULL,
      created_at {integer} NOT NULL,
      changed_at {integer} NOT NULL
    ) {strict};
    CREATE INDEX accounts_tenant ON accounts (tenant, id);
    CREATE TABLE account_identifiers (
      key {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      account {id} NOT NULL,
      kind TEXT NOT NULL,
      body TEXT NOT NULL,
      verified_at {integer}
    ) {strict};
    CREATE INDEX account_identifiers_account ON account_identifiers (tenant, account)`,
  ),
  portableMigration(
    "0021_account_factors",
    `CREATE TABLE account_factors (
      key {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      account {id} NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('password', 'totp', 'passkey', 'recovery')),
      body TEXT NOT NULL,
      counter {integer} NOT NULL,
      created_at {integer} NOT NULL,
      used_at {integer}
    ) {strict};
    CREATE INDEX account_factors_account ON account_factors (tenant, account, kind)`,
  ),
  portableMigration("0022_uploads_source", "ALTER TABLE uploads ADD COLUMN source {id}"),
  portableMigration(
    "0023_oauth_signing_key_uses",
    `ALTER TABLE oauth_signing_keys ADD COLUMN signed {integer} NOT NULL DEFAULT 0;
    ALTER TABLE oauth_signing_keys ADD COLUMN signed_at {integer};
    ALTER TABLE oauth_signing_keys ADD COLUMN seen_at {integer}`,
  ),
  portableMigration(
    "0024_oauth_grants",
    `CREATE TABLE oauth_grants (
      key {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      client {id} NOT NULL,
      account {id} NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'suspended', 'ended')),
      generation {integer} NOT NULL,
      body TEXT NOT NULL,
      first_seen {integer} NOT NULL,
      last_seen {integer} NOT NULL,
      suspended_at {integer},
      ended_at {integer},
      ended_by TEXT,
      cause TEXT,
      reason TEXT,
      expires_at {integer} NOT NULL
    ) {strict};
    CREATE INDEX oauth_grants_tenant ON oauth_grants (tenant, first_seen, key);
    CREATE INDEX oauth_grants_account ON oauth_grants (tenant, account, first_seen, key);
    CREATE INDEX oauth_grants_client ON oauth_grants (tenant, client, first_seen, key);
    CREATE INDEX oauth_grants_expiry ON oauth_grants (expires_at);
    CREATE TABLE oauth_grant_traces (
      grant_key {id} NOT NULL,
      trace {id} NOT NULL,
      seen_at {integer} NOT NULL,
      PRIMARY KEY (grant_key, trace)
    ) {strict};
    CREATE INDEX oauth_grant_traces_trace ON oauth_grant_traces (trace)`,
  ),
  portableMigration(
    "0025_oauth_clients",
    `CREATE TABLE oauth_clients (
      tenant {id} NOT NULL,
      id {id} NOT NULL,
      origin TEXT NOT NULL CHECK (origin IN ('operator', 'registration', 'document')),
      state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
      body TEXT NOT NULL,
      version {integer} NOT NULL,
      created_at {integer} NOT NULL,
      changed_at {integer} NOT NULL,
      used_at {integer},
      PRIMARY KEY (tenant, id)
    ) {strict};
    CREATE INDEX oauth_clients_unused ON oauth_clients (used_at) WHERE origin <> 'operator';
    CREATE TABLE oauth_client_secrets (
      key {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      client {id} NOT NULL,
      id {id} NOT NULL,
      body TEXT,
      created_at {integer} NOT NULL,
      expires_at {integer},
      used_at {integer}
    ) {strict};
    CREATE INDEX oauth_client_secrets_client ON oauth_client_secrets (tenant, client);
    CREATE INDEX oauth_client_secrets_expiry ON oauth_client_secrets (expires_at) WHERE expires_at IS NOT NULL;
    CREATE TABLE oauth_registration_tokens (
      key {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      id {id} NOT NULL,
      label TEXT NOT NULL,
      uses_left {integer} NOT NULL,
      created_at {integer} NOT NULL,
      expires_at {integer} NOT NULL,
      used_at {integer}
    ) {strict};
    CREATE INDEX oauth_registration_tokens_tenant ON oauth_registration_tokens (tenant, id);
    CREATE INDEX oauth_registration_tokens_expiry ON oauth_registration_tokens (expires_at)`,
  ),
];
