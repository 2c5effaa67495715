import type { Migration } from "../../kernel/ports/store.ts";
import { portableMigration } from "./portable-migration.ts";

/** Tables of realtime: servers, actors, their timers, what they have published, and who may not speak to them. */
export const realtimeMigrations: readonly Migration[] = [
  portableMigration(
    "0033_realtime",
    `CREATE TABLE realtime_nodes (
      id {id} NOT NULL PRIMARY KEY,
      roles TEXT NOT NULL,
      lease_until {integer} NOT NULL
    ) {strict};
    CREATE TABLE realtime_actors (
      tenant {id} NOT NULL,
      type {id} NOT NULL,
      key {id} NOT NULL,
      owner {id} NOT NULL,
      epoch {integer} NOT NULL,
      version {integer} NOT NULL,
      state TEXT NOT NULL,
      offsets TEXT NOT NULL,
      stream_epoch TEXT NOT NULL,
      PRIMARY KEY (tenant, type, key)
    ) {strict};
    CREATE INDEX realtime_actors_owner ON realtime_actors (owner);
    CREATE TABLE realtime_timers (
      tenant {id} NOT NULL,
      type {id} NOT NULL,
      key {id} NOT NULL,
      name {id} NOT NULL,
      due_at {integer} NOT NULL,
      payload TEXT NOT NULL,
      PRIMARY KEY (tenant, type, key, name)
    ) {strict};
    CREATE INDEX realtime_timers_due ON realtime_timers (due_at);
    CREATE TABLE realtime_publications (
      tenant {id} NOT NULL,
      channel {id} NOT NULL,
      number {integer} NOT NULL,
      epoch TEXT NOT NULL,
      data TEXT NOT NULL,
      info TEXT,
      audience TEXT,
      at {integer} NOT NULL,
      PRIMARY KEY (tenant, channel, number)
    ) {strict};
    CREATE INDEX realtime_publications_at ON realtime_publications (at)`,
  ),
  portableMigration(
    "0034_realtime_mutes",
    `CREATE TABLE realtime_mutes (
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      principal_type {id} NOT NULL,
      principal_id {id} NOT NULL,
      type {id} NOT NULL,
      key TEXT,
      reason TEXT NOT NULL,
      created_at {integer} NOT NULL,
      expires_at {integer} NOT NULL
    ) {strict};
    CREATE INDEX realtime_mutes_expiry ON realtime_mutes (expires_at)`,
  ),
];
