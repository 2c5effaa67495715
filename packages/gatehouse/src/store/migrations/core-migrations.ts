import type { Migration } from "../../kernel/ports/store.ts";
import { guestMigrations } from "./guest-migrations.ts";
import { mediaMigrations } from "./media-migrations.ts";
import { portableMigration } from "./portable-migration.ts";
import { storageMigrations } from "./storage-migrations.ts";

/**
 * The tables of the platform itself, numbered 0001 to 0999. Modules bring their own lists, numbered within a
 * thousand of their own. Applied migrations never change: append.
 */
export const coreMigrations: readonly Migration[] = Object.freeze([
  portableMigration(
    "0001_documents",
    `CREATE TABLE documents (
      kind {id} NOT NULL,
      tenant {id} NOT NULL,
      id {id} NOT NULL,
      version {integer} NOT NULL,
      body TEXT NOT NULL,
      expires_at {integer},
      PRIMARY KEY (kind, tenant, id)
    ) {strict};
    CREATE INDEX documents_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL`,
  ),
  portableMigration(
    "0002_idempotency",
    `CREATE TABLE idempotency_records (
      id {id} NOT NULL PRIMARY KEY,
      fingerprint {id} NOT NULL,
      owner {id} NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('started', 'done', 'unknown')),
      lease_until {integer} NOT NULL,
      attempt {integer} NOT NULL,
      body TEXT,
      created_at {integer} NOT NULL,
      expires_at {integer} NOT NULL
    ) {strict};
    CREATE INDEX idempotency_records_expiry ON idempotency_records (expires_at)`,
  ),
  portableMigration(
    "0003_audit_events",
    `CREATE TABLE audit_events (
      id {id} NOT NULL PRIMARY KEY,
      at {integer} NOT NULL,
      name {id} NOT NULL,
      level TEXT NOT NULL,
      tenant {id} NOT NULL,
      actor_type TEXT NOT NULL,
      actor_id {id} NOT NULL,
      on_behalf_of TEXT,
      entrance TEXT NOT NULL,
      ip TEXT,
      action TEXT NOT NULL,
      target TEXT,
      outcome TEXT NOT NULL,
      problem TEXT,
      request_id {id} NOT NULL,
      context TEXT NOT NULL
    ) {strict};
    CREATE INDEX audit_events_at ON audit_events (at, id);
    CREATE INDEX audit_events_tenant ON audit_events (tenant, at, id);
    CREATE INDEX audit_events_actor ON audit_events (tenant, actor_id, at, id);
    CREATE INDEX audit_events_name ON audit_events (tenant, name, at, id);
    CREATE INDEX audit_events_refused ON audit_events (tenant, outcome, at, id) WHERE outcome <> 'success'`,
  ),
  portableMigration(
    "0004_sessions",
    `CREATE TABLE sessions (
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      principal_type TEXT NOT NULL,
      principal_id {id} NOT NULL,
      grants TEXT NOT NULL,
      created_at {integer} NOT NULL,
      seen_at {integer} NOT NULL,
      expires_at {integer} NOT NULL
    ) {strict};
    CREATE INDEX sessions_principal ON sessions (tenant, principal_id);
    CREATE INDEX sessions_expiry ON sessions (expires_at)`,
  ),
  portableMigration(
    "0005_leases",
    `CREATE TABLE leases (
      name {id} NOT NULL PRIMARY KEY,
      holder {id} NOT NULL,
      epoch {integer} NOT NULL,
      expires_at {integer} NOT NULL
    ) {strict}`,
  ),
  portableMigration(
    "0006_bans",
    `CREATE TABLE bans (
      id {id} NOT NULL PRIMARY KEY,
      subject_kind TEXT NOT NULL,
      subject_value {id} NOT NULL,
      reason TEXT NOT NULL,
      created_at {integer} NOT NULL,
      expires_at {integer} NOT NULL,
      violations {integer} NOT NULL,
      entrance TEXT
    ) {strict};
    CREATE INDEX bans_expiry ON bans (expires_at);
    CREATE TABLE violations (
      subject_kind {id} NOT NULL,
      subject_value {id} NOT NULL,
      times TEXT NOT NULL,
      expires_at {integer} NOT NULL,
      PRIMARY KEY (subject_kind, subject_value)
    ) {strict};
    CREATE INDEX violations_expiry ON violations (expires_at)`,
  ),
  portableMigration(
    "0007_limit_counters",
    `CREATE TABLE limit_counters (
      key {id} NOT NULL PRIMARY KEY,
      state {bytes} NOT NULL,
      expires_at {integer} NOT NULL
    ) {strict};
    CREATE INDEX limit_counters_expiry ON limit_counters (expires_at)`,
  ),
  portableMigration(
    "0008_meta",
    `CREATE TABLE meta (
      key {id} NOT NULL PRIMARY KEY,
      value TEXT NOT NULL
    ) {strict}`,
  ),
  portableMigration("0009_sessions_ended", "ALTER TABLE sessions ADD COLUMN ended_at {integer}"),
  portableMigration(
    "0010_documents_owner",
    `ALTER TABLE documents ADD COLUMN owner {id};
    CREATE INDEX documents_owner ON documents (kind, tenant, owner) WHERE owner IS NOT NULL`,
  ),
  portableMigration(
    "0011_uploads",
    `CREATE TABLE uploads (
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      owner {id} NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('arriving', 'pending', 'taken')),
      bytes {integer} NOT NULL,
      expires_at {integer}
    ) {strict};
    CREATE INDEX uploads_waiting ON uploads (tenant, owner) WHERE state <> 'taken';
    CREATE INDEX uploads_expiry ON uploads (expires_at) WHERE expires_at IS NOT NULL`,
  ),
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
  ...guestMigrations,
  ...mediaMigrations,
  ...storageMigrations,
]);
