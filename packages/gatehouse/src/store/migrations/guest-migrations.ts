import type { Migration } from "../../kernel/ports/store.ts";
import { portableMigration } from "./portable-migration.ts";

/** The tables of join tokens: part of the platform's own, apart for their length. */
export const guestMigrations: readonly Migration[] = Object.freeze([
  portableMigration(
    "0026_join_tokens",
    `CREATE TABLE join_tokens (
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      collection {id} NOT NULL,
      label TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('derived', 'once', 'legacy')),
      scopes TEXT NOT NULL,
      most_guests {integer} NOT NULL,
      most_files {integer} NOT NULL,
      most_bytes {integer} NOT NULL,
      guests {integer} NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
      generation {integer} NOT NULL,
      weak {integer} NOT NULL,
      created_at {integer} NOT NULL,
      expires_at {integer} NOT NULL,
      revoked_at {integer}
    ) {strict};
    CREATE INDEX join_tokens_tenant ON join_tokens (tenant, id);
    CREATE INDEX join_tokens_created ON join_tokens (created_at);
    CREATE INDEX join_tokens_expiry ON join_tokens (expires_at);
    CREATE INDEX join_tokens_revoked ON join_tokens (revoked_at) WHERE revoked_at IS NOT NULL;
    CREATE TABLE join_token_texts (
      hash {id} NOT NULL PRIMARY KEY,
      token {id} NOT NULL,
      key_id {id} NOT NULL,
      issue {integer} NOT NULL,
      hint TEXT NOT NULL,
      created_at {integer} NOT NULL,
      ends_at {integer}
    ) {strict};
    CREATE INDEX join_token_texts_token ON join_token_texts (token);
    CREATE TABLE join_token_guests (
      token {id} NOT NULL,
      guest {id} NOT NULL,
      joined_at {integer} NOT NULL,
      PRIMARY KEY (token, guest)
    ) {strict};
    CREATE TABLE join_token_revision (
      id {integer} NOT NULL PRIMARY KEY,
      revision {integer} NOT NULL
    ) {strict};
    INSERT INTO join_token_revision (id, revision) VALUES (1, 0)`,
  ),
  portableMigration(
    "0027_join_token_usage",
    `CREATE TABLE join_token_usage (
      token {id} NOT NULL,
      bucket {integer} NOT NULL,
      views {integer} NOT NULL,
      joins {integer} NOT NULL,
      uploads {integer} NOT NULL,
      bytes {integer} NOT NULL,
      sessions {integer} NOT NULL,
      refused_expired {integer} NOT NULL,
      refused_revoked {integer} NOT NULL,
      refused_full {integer} NOT NULL,
      refused_limited {integer} NOT NULL,
      PRIMARY KEY (token, bucket)
    ) {strict};
    CREATE INDEX join_token_usage_bucket ON join_token_usage (bucket, token)`,
  ),
]);
