import type { Migration } from "../../kernel/ports/store.ts";
import { portableMigration } from "./portable-migration.ts";

/** The tables of guests and media; part of the platform's. */
export const mediaMigrations: readonly Migration[] = Object.freeze([
  portableMigration(
    "0028_media_uploads",
    `CREATE TABLE media_uploads (
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      collection {id} NOT NULL,
      grant_id {id} NOT NULL,
      grant_generation {integer} NOT NULL,
      owner_type TEXT NOT NULL,
      owner_id {id} NOT NULL,
      source {id},
      kind TEXT NOT NULL CHECK (kind IN ('whole', 'part', 'joined')),
      parts TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('receiving', 'received', 'ended')),
      length {integer},
      durable {integer} NOT NULL,
      reserved {integer} NOT NULL,
      epoch {integer} NOT NULL,
      writer {id},
      joined {id},
      name TEXT NOT NULL,
      declared_type TEXT,
      sha256 TEXT,
      metadata TEXT NOT NULL,
      expires_at {integer} NOT NULL
    ) {strict};
    CREATE INDEX media_uploads_expiry ON media_uploads (expires_at);
    CREATE INDEX media_uploads_grant ON media_uploads (tenant, grant_id) WHERE state = 'receiving';
    CREATE INDEX media_uploads_owner ON media_uploads (tenant, owner_id) WHERE state = 'receiving';
    CREATE INDEX media_uploads_source ON media_uploads (source) WHERE state = 'receiving';
    CREATE TABLE media_upload_usage (
      tenant {id} NOT NULL,
      grant_id {id} NOT NULL,
      files {integer} NOT NULL,
      bytes {integer} NOT NULL,
      PRIMARY KEY (tenant, grant_id)
    ) {strict}`,
  ),
]);
