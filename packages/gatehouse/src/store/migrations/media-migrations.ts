import type { Migration } from "../../kernel/ports/store.ts";
import { portableMigration } from "./portable-migration.ts";

/** Tables of files that people bring, and of jobs. */
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
  portableMigration(
    "0029_jobs",
    `CREATE TABLE jobs (
      id {id} NOT NULL PRIMARY KEY,
      queue {id} NOT NULL,
      kind {id} NOT NULL,
      tenant {id} NOT NULL,
      key {id},
      payload TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('waiting', 'dead')),
      epoch {integer} NOT NULL,
      attempt {integer} NOT NULL,
      attempts {integer} NOT NULL,
      run_at {integer} NOT NULL,
      leased_until {integer} NOT NULL,
      created_at {integer} NOT NULL,
      dead_at {integer},
      reason TEXT
    ) {strict};
    CREATE INDEX jobs_due ON jobs (queue, run_at, id) WHERE state = 'waiting';
    CREATE UNIQUE INDEX jobs_key ON jobs (queue, key) WHERE state = 'waiting' AND key IS NOT NULL;
    CREATE INDEX jobs_dead ON jobs (dead_at) WHERE state = 'dead'`,
  ),
  portableMigration(
    "0030_media_assets",
    `CREATE TABLE media_assets (
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      collection {id} NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('received', 'scanning', 'clean', 'infected', 'unscannable', 'suspicious',
        'published', 'rejected', 'held')),
      reason TEXT NOT NULL,
      owner_type {id} NOT NULL,
      owner_id {id} NOT NULL,
      bytes {integer} NOT NULL,
      origin TEXT NOT NULL,
      findings TEXT NOT NULL,
      scanned_by {id},
      quarantined {integer} NOT NULL,
      received_at {integer} NOT NULL,
      changed_at {integer} NOT NULL,
      published_at {integer}
    ) {strict};
    CREATE INDEX media_assets_collection ON media_assets (tenant, collection, state, received_at, id);
    CREATE INDEX media_assets_tenant ON media_assets (tenant, received_at, id);
    CREATE INDEX media_assets_state ON media_assets (state, reason, received_at);
    CREATE TABLE media_variants (
      asset {id} NOT NULL,
      name {id} NOT NULL,
      key {id} NOT NULL,
      type TEXT NOT NULL,
      bytes {integer} NOT NULL,
      sha256 TEXT NOT NULL,
      width {integer},
      height {integer},
      PRIMARY KEY (asset, name)
    ) {strict};
    CREATE UNIQUE INDEX media_variants_key ON media_variants (key)`,
  ),
  portableMigration(
    "0035_media_upload_shares",
    `CREATE TABLE media_upload_shares (
      tenant {id} NOT NULL,
      grant_id {id} NOT NULL,
      owner_type TEXT NOT NULL,
      owner_id {id} NOT NULL,
      files {integer} NOT NULL,
      bytes {integer} NOT NULL,
      PRIMARY KEY (tenant, grant_id, owner_type, owner_id)
    ) {strict};
    INSERT INTO media_upload_shares (tenant, grant_id, owner_type, owner_id, files, bytes)
      SELECT tenant, grant_id, owner_type, owner_id, SUM(CASE WHEN kind = 'part' THEN 0 ELSE 1 END), SUM(reserved)
      FROM media_uploads WHERE state <> 'ended' GROUP BY tenant, grant_id, owner_type, owner_id`,
  ),
]);
