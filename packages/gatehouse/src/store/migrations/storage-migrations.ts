import type { Migration } from "../../kernel/ports/store.ts";
import { portableMigration } from "./portable-migration.ts";

/** Tables of files at storage targets, and of the targets. */
export const storageMigrations: readonly Migration[] = [
  portableMigration(
    "0031_stored_files",
    `CREATE TABLE stored_files (
      key {id} NOT NULL PRIMARY KEY,
      bytes {integer} NOT NULL,
      sha256 {id} NOT NULL,
      type TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('hot', 'copied', 'evicting', 'archived', 'removed')),
      revision {integer} NOT NULL,
      stored_at {integer} NOT NULL,
      archive_at {integer} NOT NULL,
      evict_at {integer},
      verified_at {integer},
      hot_checked_at {integer} NOT NULL,
      archive_checked_at {integer} NOT NULL,
      damaged TEXT CHECK (damaged IN ('hot', 'archive')),
      paused_until {integer} NOT NULL
    ) {strict};
    CREATE INDEX stored_files_copy ON stored_files (archive_at) WHERE state = 'hot';
    CREATE INDEX stored_files_evict ON stored_files (evict_at) WHERE state IN ('copied', 'evicting');
    CREATE INDEX stored_files_remove ON stored_files (paused_until) WHERE state = 'removed';
    CREATE INDEX stored_files_hot ON stored_files (hot_checked_at, key) WHERE state IN ('hot', 'copied');
    CREATE INDEX stored_files_archive ON stored_files (archive_checked_at, key) WHERE state IN ('copied', 'archived');
    CREATE INDEX stored_files_damaged ON stored_files (damaged) WHERE damaged IS NOT NULL`,
  ),
  portableMigration(
    "0032_storage_log",
    `CREATE TABLE storage_probes (
      target {id} NOT NULL,
      at {integer} NOT NULL,
      latency {integer},
      failure TEXT NOT NULL,
      used {integer},
      total {integer},
      PRIMARY KEY (target, at)
    ) {strict};
    CREATE INDEX storage_probes_at ON storage_probes (at);
    CREATE TABLE storage_checks (
      target {id} NOT NULL,
      minute {integer} NOT NULL,
      intact {integer} NOT NULL,
      damaged {integer} NOT NULL,
      PRIMARY KEY (target, minute)
    ) {strict};
    CREATE TABLE storage_targets (
      name {id} NOT NULL PRIMARY KEY,
      halted_at {integer},
      halted_by TEXT,
      notes TEXT NOT NULL
    ) {strict}`,
  ),
];
