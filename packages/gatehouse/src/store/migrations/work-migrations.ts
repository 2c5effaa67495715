import { ITEM_STEPS, ORDER_STEPS } from "../../kernel/work-states.ts";
import type { Migration } from "../../kernel/ports/store.ts";
import { portableMigration } from "./portable-migration.ts";
import { workClaims } from "./work-claims-migration.ts";

const ORDER = `
      id {id} NOT NULL PRIMARY KEY,
      tenant {id} NOT NULL,
      type {id} NOT NULL,
      type_version {integer} NOT NULL,
      state {id} NOT NULL,
      reason TEXT NOT NULL,
      priority {integer} NOT NULL,
      risk {id} NOT NULL,
      input TEXT NOT NULL,
      input_hash TEXT NOT NULL,
      subject {id},
      proposer_type {id} NOT NULL,
      proposer_id {id} NOT NULL,
      proposer_for {id},
      provenance TEXT NOT NULL,
      reverts {id},
      version {integer} NOT NULL,
      plan_revision {integer} NOT NULL,
      open {integer} NOT NULL,
      event_number {integer} NOT NULL,
      event_hash TEXT NOT NULL,
      created_at {integer} NOT NULL,
      updated_at {integer} NOT NULL,
      closed_at {integer}`;

const ITEM = `
      id {id} NOT NULL PRIMARY KEY,
      order_id {id} NOT NULL,
      tenant {id} NOT NULL,
      type {id} NOT NULL,
      number {integer} NOT NULL,
      key {id} NOT NULL,
      state {id} NOT NULL,
      priority {integer} NOT NULL,
      run_at {integer} NOT NULL,
      attempt {integer} NOT NULL,
      attempts {integer} NOT NULL,
      depends_on TEXT NOT NULL,
      waiting_for {integer} NOT NULL,
      dependents {integer} NOT NULL,
      parked {integer} NOT NULL,
      input TEXT NOT NULL,
      result TEXT,
      result_hash TEXT,
      evidence TEXT,
      notes TEXT,
      errors TEXT,
      epoch {integer} NOT NULL,
      event_number {integer} NOT NULL,
      event_hash TEXT NOT NULL,
      created_at {integer} NOT NULL,
      updated_at {integer} NOT NULL,
      UNIQUE (order_id, key)`;

/** Tables of work orders: what was proposed, who works on it, what it would change, who has approved that, and all that has happened. */
export const workMigrations: readonly Migration[] = [
  portableMigration(
    "0036_work",
    `CREATE TABLE work_orders (${ORDER}) {strict};
    CREATE INDEX work_orders_list ON work_orders (tenant, priority DESC, created_at, id);
    CREATE INDEX work_orders_closed ON work_orders (closed_at) WHERE closed_at IS NOT NULL;
    CREATE TABLE work_items (${ITEM}) {strict};
    CREATE INDEX work_items_queued ON work_items (tenant, type, priority DESC, run_at, id)
      WHERE state = 'queued' AND waiting_for = 0 AND parked = 0;
    CREATE TABLE work_orders_history (${ORDER}) {strict};
    CREATE INDEX work_orders_history_list ON work_orders_history (tenant, priority DESC, created_at, id);
    CREATE INDEX work_orders_history_closed ON work_orders_history (closed_at);
    CREATE TABLE work_items_history (${ITEM}) {strict};
    CREATE TABLE work_leases (
      item_id {id} NOT NULL PRIMARY KEY,
      order_id {id} NOT NULL,
      tenant {id} NOT NULL,
      type {id} NOT NULL,
      epoch {integer} NOT NULL,
      token_hash {bytes} NOT NULL,
      holder_type {id} NOT NULL,
      holder_id {id} NOT NULL,
      holder_for {id},
      until {integer} NOT NULL,
      beat_at {integer} NOT NULL,
      ceiling {integer} NOT NULL,
      counted {integer} NOT NULL,
      cancel {integer} NOT NULL,
      progress TEXT
    ) {strict};
    CREATE TABLE work_parts (
      item_id {id} NOT NULL,
      name {id} NOT NULL,
      number {integer} NOT NULL,
      revision {integer} NOT NULL,
      payload TEXT NOT NULL,
      bytes {integer} NOT NULL,
      checksum TEXT NOT NULL,
      epoch {integer} NOT NULL,
      at {integer} NOT NULL,
      PRIMARY KEY (item_id, name, number)
    ) {strict};
    CREATE TABLE work_plans (
      order_id {id} NOT NULL,
      tenant {id} NOT NULL,
      revision {integer} NOT NULL,
      changes TEXT NOT NULL,
      readings TEXT NOT NULL,
      digest TEXT NOT NULL,
      created_at {integer} NOT NULL,
      expires_at {integer} NOT NULL,
      voided_because TEXT,
      PRIMARY KEY (order_id, revision)
    ) {strict};
    CREATE TABLE work_reviews (
      id {id} NOT NULL PRIMARY KEY,
      order_id {id} NOT NULL,
      tenant {id} NOT NULL,
      revision {integer} NOT NULL,
      digest TEXT NOT NULL,
      decision {id} NOT NULL,
      reviewer_type {id} NOT NULL,
      reviewer_id {id} NOT NULL,
      reviewer_for {id},
      authentication TEXT NOT NULL,
      notes TEXT NOT NULL,
      voided {integer} NOT NULL,
      at {integer} NOT NULL
    ) {strict};
    CREATE INDEX work_reviews_order ON work_reviews (order_id, revision);
    CREATE TABLE work_applications (
      order_id {id} NOT NULL,
      tenant {id} NOT NULL,
      revision {integer} NOT NULL,
      attempt {integer} NOT NULL,
      state {id} NOT NULL,
      actor_type {id} NOT NULL,
      actor_id {id} NOT NULL,
      actor_for {id},
      changes TEXT NOT NULL,
      detail TEXT NOT NULL,
      at {integer} NOT NULL,
      PRIMARY KEY (order_id, revision, attempt)
    ) {strict};
    CREATE TABLE work_events (
      id {id} NOT NULL PRIMARY KEY,
      order_id {id} NOT NULL,
      item_id {id},
      tenant {id} NOT NULL,
      number {integer} NOT NULL,
      kind {id} NOT NULL,
      actor_type {id} NOT NULL,
      actor_id {id} NOT NULL,
      actor_for {id},
      old_state {id},
      new_state {id},
      details TEXT NOT NULL,
      provenance TEXT,
      hash TEXT NOT NULL,
      at {integer} NOT NULL
    ) {strict};
    CREATE INDEX work_events_order ON work_events (order_id, id);
    CREATE INDEX work_events_at ON work_events (at);
    CREATE TABLE work_counts (
      tenant {id} NOT NULL,
      kind {id} NOT NULL,
      name {id} NOT NULL,
      live {integer} NOT NULL,
      PRIMARY KEY (tenant, kind, name)
    ) {strict};
    CREATE TABLE work_turns (
      tenant {id} NOT NULL PRIMARY KEY,
      served_at {integer} NOT NULL
    ) {strict};
    CREATE TABLE work_pauses (
      tenant {id} NOT NULL,
      kind {id} NOT NULL,
      name {id} NOT NULL,
      reason TEXT NOT NULL,
      paused_by {id} NOT NULL,
      at {integer} NOT NULL,
      PRIMARY KEY (tenant, kind, name)
    ) {strict};
    CREATE TABLE work_subject_keys (
      tenant {id} NOT NULL,
      subject {id} NOT NULL,
      sealed_key TEXT,
      created_at {integer} NOT NULL,
      destroyed_at {integer},
      PRIMARY KEY (tenant, subject)
    ) {strict};
    CREATE TABLE work_steps (
      kind {id} NOT NULL,
      old_state {id} NOT NULL,
      new_state {id} NOT NULL,
      PRIMARY KEY (kind, old_state, new_state)
    ) {strict};
    ${steps("order", ORDER_STEPS)};
    ${steps("item", ITEM_STEPS)}`,
  ),
  Object.freeze({
    name: "0037_work_steps",
    sqlite: `${sqliteSteps("order", "work_orders")}\n${sqliteSteps("item", "work_items")}\n${sqliteKept("work_events")}`,
    postgres: [
      `CREATE FUNCTION work_step() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF NEW.state IS DISTINCT FROM OLD.state AND NOT EXISTS (
           SELECT 1 FROM work_steps WHERE kind = TG_ARGV[0] AND old_state = OLD.state AND new_state = NEW.state)
         THEN RAISE EXCEPTION 'no % goes from % to %', TG_ARGV[0], OLD.state, NEW.state USING ERRCODE = 'check_violation';
         END IF;
         RETURN NEW;
       END $$;`,
      `CREATE FUNCTION work_kept() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'events of work orders are never changed' USING ERRCODE = 'check_violation'; END $$;`,
      `CREATE TRIGGER work_order_steps BEFORE UPDATE OF state ON work_orders
         FOR EACH ROW EXECUTE FUNCTION work_step('order');`,
      `CREATE TRIGGER work_item_steps BEFORE UPDATE OF state ON work_items
         FOR EACH ROW EXECUTE FUNCTION work_step('item');`,
      `CREATE TRIGGER work_events_kept BEFORE UPDATE ON work_events FOR EACH ROW EXECUTE FUNCTION work_kept()`,
    ].join("\n"),
  }),
  workClaims,
  Object.freeze({
    name: "0040_work_events_held",
    sqlite: `CREATE TRIGGER work_events_held BEFORE DELETE ON work_events WHEN ${orderIsThere("OLD.order_id")}
      BEGIN SELECT RAISE(ABORT, 'events stay as long as their work order does'); END`,
    postgres: [
      `CREATE FUNCTION work_held() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF ${orderIsThere("OLD.order_id")}
         THEN RAISE EXCEPTION 'events stay as long as their work order does' USING ERRCODE = 'check_violation';
         END IF;
         RETURN OLD;
       END $$;`,
      `CREATE TRIGGER work_events_held BEFORE DELETE ON work_events FOR EACH ROW EXECUTE FUNCTION work_held()`,
    ].join("\n"),
  }),
  // An order that goes from state to state stays where it is in the first of these.
  portableMigration(
    "0041_work_watch",
    `CREATE INDEX work_orders_open ON work_orders (type, created_at) WHERE closed_at IS NULL;
    CREATE INDEX work_events_overdue ON work_events (order_id, at) WHERE kind = 'overdue'`,
  ),
];

function orderIsThere(id: string): string {
  const tables = ["work_orders", "work_orders_history"];
  return tables.map((table) => `EXISTS (SELECT 1 FROM ${table} WHERE id = ${id})`).join(" OR ");
}

function steps(kind: string, table: Readonly<Record<string, readonly string[]>>): string {
  const rows = Object.entries(table).flatMap(([from, to]) => to.map((state) => `('${kind}', '${from}', '${state}')`));
  return `INSERT INTO work_steps (kind, old_state, new_state) VALUES ${rows.join(", ")}`;
}

function sqliteSteps(kind: string, table: string): string {
  return `CREATE TRIGGER ${table}_steps BEFORE UPDATE OF state ON ${table}
    WHEN NEW.state <> OLD.state AND NOT EXISTS (
      SELECT 1 FROM work_steps WHERE kind = '${kind}' AND old_state = OLD.state AND new_state = NEW.state)
    BEGIN SELECT RAISE(ABORT, 'no ${kind} goes this way'); END;`;
}

function sqliteKept(table: string): string {
  return `CREATE TRIGGER ${table}_kept BEFORE UPDATE ON ${table}
    BEGIN SELECT RAISE(ABORT, 'events of work orders are never changed'); END`;
}
