import { hash } from "node:crypto";
import type { Ids } from "../../../kernel/ids.ts";
import type { NewWorkEvent } from "../../../kernel/ports/work-orders.ts";
import { insertRows } from "../row-statement.ts";
import type { Change } from "../together.ts";
import { actorColumns, COLUMN_TYPES, EVENT_COLUMNS, type ChainHead, type EventRow } from "./rows.ts";

const APPEND = insertRows("work_events", EVENT_COLUMNS, COLUMN_TYPES);

/** Where a chain begins. */
export const CHAIN_START: ChainHead = { event_number: 0, event_hash: "" };

/** Whose chain it is. */
export interface ChainOwner {
  readonly tenant: string;
  readonly order: string;
  readonly at: number;
  readonly ids: Ids;
}

/** Events of one chain that are to be appended, and where it ends then. */
export interface Link {
  readonly head: ChainHead;
  readonly events: readonly EventRow[];
}

/** Chains events to those before. The caller has the row with the head locked, and writes the new one. */
export function link({ tenant, order, at, ids }: ChainOwner, head: ChainHead, events: readonly NewWorkEvent[]): Link {
  let { event_number: number, event_hash: former } = head;
  const rows = events.map((event) => {
    number += 1;
    const [actor_type, actor_id, actor_for] = actorColumns(event.actor);
    const row = {
      ...{ id: ids.next(), order_id: order, item_id: event.item ?? null, tenant, number, kind: event.kind },
      ...{ actor_type, actor_id, actor_for, old_state: event.from ?? null, new_state: event.to ?? null },
      details: event.details,
      provenance: event.provenance === undefined ? null : JSON.stringify(event.provenance),
      ...{ hash: "", at },
    };
    former = hashOf(former, row);
    return { ...row, hash: former };
  });
  return { head: { event_number: number, event_hash: former }, events: rows };
}

/** What writes what was chained. */
export function append({ events }: Link): readonly Change[] {
  return events.map((row) => [APPEND, columnsOf(row)]);
}

/** What an event's hash has to be. */
export function hashOf(former: string, row: EventRow): string {
  // An array of texts and numbers has one form as JSON.
  return hash("sha256", JSON.stringify([former, ...columnsOf({ ...row, hash: "" })]), "base64url");
}

function columnsOf(row: EventRow) {
  const { id, order_id, item_id, tenant, number, kind, actor_type, actor_id, actor_for } = row;
  const { old_state, new_state, details, provenance, hash: own, at } = row;
  return [
    ...[id, order_id, item_id, tenant, number, kind, actor_type, actor_id, actor_for],
    ...[old_state, new_state, details, provenance, own, at],
  ];
}
