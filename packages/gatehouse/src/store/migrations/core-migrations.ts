import type { Migration } from "../../kernel/ports/store.ts";
import { guestMigrations } from "./guest-migrations.ts";
import { mediaMigrations } from "./media-migrations.ts";
import { identityMigrations } from "./identity-migrations.ts";
import { portableMigration } from "./portable-migration.ts";
import { realtimeMigrations } from "./realtime-migrations.ts";
import { workMigrations } from "./work-migrations.ts";
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
  ...identityMigrations,
  ...guestMigrations,
  ...mediaMigrations,
  ...storageMigrations,
  ...realtimeMigrations,
  ...workMigrations,
]);
