import type { Kysely, SelectQueryBuilder } from "kysely";
import type { AuditQuery, AuditTrail } from "../../kernel/ports/audit.ts";
import type { Actor, EventContext, EventSource, SecurityEvent } from "../../kernel/event.ts";
import type { ReadTransaction, SqlValue } from "../../kernel/ports/store.ts";
import { pruneAppendOnly } from "./append-only.ts";
import type { AuditEventsTable, CoreTables } from "./schema.ts";
import { portableStatement } from "./statement.ts";

const APPEND = portableStatement(
  `INSERT INTO audit_events (id, at, name, level, tenant, actor_type, actor_id, on_behalf_of, entrance, ip,
     action, target, outcome, problem, request_id, context)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
);
const prune = pruneAppendOnly({ table: "audit_events", time: "at" });
const AT_OF = portableStatement("SELECT at FROM audit_events WHERE id = $1");

/** Hexadecimal digits of a UUIDv7 that hold its milliseconds (RFC 9562 section 5.7). */
const UUID_TIME_DIGITS = 12;

/** The audit trail in the table `audit_events`, newest first by time and, within a millisecond, by identifier. */
export function createAuditTrail(): AuditTrail {
  return {
    async append(transaction, event) {
      await transaction.execute(APPEND, columns(event));
    },
    prune,
    async find(transaction, query) {
      const rows = await (await select(transaction, query)).execute();
      return rows.map((row) => securityEvent(row));
    },
  };
}

function columns(event: SecurityEvent): SqlValue[] {
  const { actor, source } = event;
  return [
    event.id,
    event.at,
    event.name,
    event.level,
    event.tenant,
    actor.type,
    actor.id,
    actor.onBehalfOf ?? null,
    source.entrance,
    source.ip ?? null,
    event.action,
    event.target ?? null,
    event.outcome,
    event.problem ?? null,
    event.requestId,
    JSON.stringify(event.context),
  ];
}

type AuditSelect = SelectQueryBuilder<CoreTables, "audit_events", AuditEventsTable>;

async function select(transaction: ReadTransaction, query: AuditQuery): Promise<AuditSelect> {
  const database: Kysely<CoreTables> = transaction.query<CoreTables>();
  const { from, until, before } = query;
  let rows: AuditSelect = database.selectFrom("audit_events").selectAll();
  const equal = {
    tenant: query.tenant,
    name: query.name,
    outcome: query.outcome,
    level: query.level,
    actor_id: query.actor,
    action: query.action,
    ip: query.ip,
    request_id: query.requestId,
  };
  for (const [column, value] of entries(equal)) if (value !== undefined) rows = rows.where(column, "=", value);
  // A partial index holds everything but successes; the engines use it only where the query repeats its condition.
  if (query.outcome !== undefined && query.outcome !== "success") rows = rows.where("outcome", "<>", "success");
  if (from !== undefined) rows = rows.where("at", ">=", from);
  if (until !== undefined) rows = rows.where("at", "<", until);
  if (before !== undefined) {
    const at = await timeOf(transaction, before);
    rows = rows.where((row) => row.or([row("at", "<", at), row.and([row("at", "=", at), row("id", "<", before)])]));
    rows = rows.where("at", "<=", at);
  }
  return rows.orderBy("at", "desc").orderBy("id", "desc").limit(query.limit);
}

function entries<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][] {
  // Object.entries widens the keys of a literal to string.
  return Object.entries(record) as [Key, Value][];
}

/** When a row was written; from the identifier itself when the row has been pruned since. */
async function timeOf(transaction: ReadTransaction, id: string): Promise<number> {
  const [row] = await transaction.execute<{ at: number }>(AT_OF, [id]);
  return row?.at ?? Number.parseInt(id.replaceAll("-", "").slice(0, UUID_TIME_DIGITS), 16);
}

function securityEvent(row: AuditEventsTable): SecurityEvent {
  const { id, at, name, tenant, action } = row;
  const event = { id, at, name, tenant, action, requestId: row.request_id, source: source(row), actor: actor(row) };
  return {
    ...event,
    // Only `append` writes these columns, from events of these very types.
    level: row.level as SecurityEvent["level"],
    outcome: row.outcome as SecurityEvent["outcome"],
    context: JSON.parse(row.context) as EventContext,
    ...(row.target === null ? {} : { target: row.target }),
    ...(row.problem === null ? {} : { problem: row.problem }),
  };
}

function actor(row: AuditEventsTable): Actor {
  // Written by `append` from an actor of this type.
  const type = row.actor_type as Actor["type"];
  const base = { type, id: row.actor_id };
  return row.on_behalf_of === null ? base : { ...base, onBehalfOf: row.on_behalf_of };
}

function source(row: AuditEventsTable): EventSource {
  // Written by `append` from a source of this type.
  const entrance = row.entrance as EventSource["entrance"];
  return row.ip === null ? { entrance } : { entrance, ip: row.ip };
}
