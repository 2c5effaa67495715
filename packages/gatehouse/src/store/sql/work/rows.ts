import type { Statement } from "../../../kernel/ports/store.ts";
import type {
  WorkActor,
  WorkEvent,
  WorkItem,
  WorkOrder,
  WorkProvenance,
  WorkRisk,
} from "../../../kernel/ports/work-orders.ts";
import { WAIT_PER_POINT, type ItemState, type OrderState } from "../../../kernel/work-states.ts";
import type { ColumnTypes } from "../row-statement.ts";
import { portableStatement } from "../statement.ts";

/** A row of `work_orders`. */
export interface OrderRow extends ChainHead {
  readonly id: string;
  readonly tenant: string;
  readonly type: string;
  readonly type_version: number;
  readonly state: OrderState;
  readonly reason: string;
  readonly priority: number;
  readonly risk: WorkRisk;
  readonly input: string;
  readonly input_hash: string;
  readonly subject: string | null;
  readonly proposer_type: WorkActor["type"];
  readonly proposer_id: string;
  readonly proposer_for: string | null;
  readonly provenance: string;
  readonly reverts: string | null;
  readonly version: number;
  readonly plan_revision: number;
  readonly open: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly closed_at: number | null;
}

/** A row of `work_items`. */
export interface ItemRow extends ChainHead {
  readonly id: string;
  readonly order_id: string;
  readonly tenant: string;
  readonly type: string;
  readonly number: number;
  readonly key: string;
  readonly state: ItemState;
  readonly priority: number;
  readonly run_at: number;
  readonly attempt: number;
  readonly attempts: number;
  readonly depends_on: string;
  readonly waiting_for: number;
  readonly dependents: number;
  readonly parked: number;
  readonly input: string;
  readonly result: string | null;
  readonly result_hash: string | null;
  readonly evidence: string | null;
  readonly notes: string | null;
  readonly errors: string | null;
  readonly epoch: number;
  readonly created_at: number;
  readonly updated_at: number;
}

/** Where the chain of events of a row ends. */
export interface ChainHead {
  readonly event_number: number;
  readonly event_hash: string;
}

/** A row of `work_events`. */
export interface EventRow {
  readonly id: string;
  readonly order_id: string;
  readonly item_id: string | null;
  readonly tenant: string;
  readonly number: number;
  readonly kind: string;
  readonly actor_type: WorkActor["type"];
  readonly actor_id: string;
  readonly actor_for: string | null;
  readonly old_state: string | null;
  readonly new_state: string | null;
  readonly details: string;
  readonly provenance: string | null;
  readonly hash: string;
  readonly at: number;
}

/** The columns of `work_orders`, in the order of the table. */
export const ORDER_COLUMNS =
  "id, tenant, type, type_version, state, reason, priority, risk, input, input_hash, subject, proposer_type, " +
  "proposer_id, proposer_for, provenance, reverts, version, plan_revision, open, event_number, event_hash, " +
  "created_at, updated_at, closed_at";
/** The columns of `work_items`, in the order of the table. */
export const ITEM_COLUMNS =
  "id, order_id, tenant, type, number, key, state, priority, run_at, attempt, attempts, depends_on, waiting_for, " +
  "dependents, parked, input, result, result_hash, evidence, notes, errors, epoch, event_number, event_hash, " +
  "created_at, updated_at";
/** The columns of `work_events`, in the order of the table. */
export const EVENT_COLUMNS =
  "id, order_id, item_id, tenant, number, kind, actor_type, actor_id, actor_for, old_state, new_state, details, " +
  "provenance, hash, at";
/** What comes first of what is queued: each point of priority makes up for a while of waiting. Indexed as it is written. */
export const RANK = `(run_at - priority * ${WAIT_PER_POINT})`;
/** Their columns that are no text. */
export const COLUMN_TYPES: ColumnTypes = {
  ...{ priority: "bigint", run_at: "bigint", attempt: "bigint", parked: "bigint", epoch: "bigint", open: "bigint" },
  ...{ version: "bigint", plan_revision: "bigint", event_number: "bigint", number: "bigint", counted: "bigint" },
  ...{ at: "bigint", updated_at: "bigint", closed_at: "bigint", until: "bigint", beat_at: "bigint", ceiling: "bigint" },
  ...{ cancel: "bigint", attempts: "bigint", waiting_for: "bigint", dependents: "bigint", type_version: "bigint" },
  ...{ created_at: "bigint", token_hash: "bytea" },
};
/** A statement that locks what it reads; SQLite has one writer, who has everything locked. */
export function lockingStatement(text: string, lock: string): Statement {
  return Object.freeze({
    sqlite: portableStatement(text).sqlite,
    postgres: `${portableStatement(text).postgres} ${lock}`,
  });
}

/** An actor as three columns. */
export function actorColumns({ type, id, onBehalfOf }: WorkActor): [WorkActor["type"], string, string | null] {
  return [type, id, onBehalfOf ?? null];
}

/** An actor of three columns. */
export function actorOf(type: WorkActor["type"], id: string, onBehalfOf: string | null): WorkActor {
  return { type, id, ...(onBehalfOf === null ? {} : { onBehalfOf }) };
}

/** An order of its row. */
export function orderOf(row: OrderRow): WorkOrder {
  const { id, tenant, type, state, reason, priority, risk, input, subject, reverts, version } = row;
  return {
    ...{ id, tenant, type, state, reason, priority, risk, input, version },
    typeVersion: row.type_version,
    inputHash: row.input_hash,
    subject: subject ?? undefined,
    proposer: actorOf(row.proposer_type, row.proposer_id, row.proposer_for),
    // Only `add` writes the column.
    provenance: JSON.parse(row.provenance) as WorkProvenance,
    reverts: reverts ?? undefined,
    planRevision: row.plan_revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at ?? undefined,
  };
}

/** An item of its row. */
export function itemOf(row: ItemRow): WorkItem {
  const { id, tenant, type, number, key, state, priority, attempt, attempts, input, epoch } = row;
  return {
    ...{ id, tenant, type, number, key, state, priority, attempt, attempts, input, epoch },
    order: row.order_id,
    runAt: row.run_at,
    // Only `add` writes the column.
    dependsOn: JSON.parse(row.depends_on) as string[],
    result: row.result ?? undefined,
    resultHash: row.result_hash ?? undefined,
    evidence: row.evidence ?? undefined,
    notes: row.notes ?? undefined,
    errors: row.errors ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** An event of its row. */
export function eventOf(row: EventRow): WorkEvent {
  const { id, tenant, number, kind, details, hash, at, provenance } = row;
  return {
    ...{ id, tenant, number, kind, details, hash, at },
    order: row.order_id,
    item: row.item_id ?? undefined,
    actor: actorOf(row.actor_type, row.actor_id, row.actor_for),
    from: row.old_state ?? undefined,
    to: row.new_state ?? undefined,
    // Only the chain writes the column.
    provenance: provenance === null ? undefined : (JSON.parse(provenance) as WorkProvenance),
  };
}
