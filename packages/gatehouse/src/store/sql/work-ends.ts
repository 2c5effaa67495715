import type { WorkLease } from "../../kernel/ports/work-leases.ts";
import type { WorkActor } from "../../kernel/ports/work-orders.ts";
import { portableStatement } from "./statement.ts";
import type { Change } from "./together.ts";
import { giveBack } from "./work-counts.ts";
import { actorOf } from "./work-rows.ts";

/** A row of `work_leases`. */
export interface LeaseRow {
  readonly item_id: string;
  readonly order_id: string;
  readonly tenant: string;
  readonly type: string;
  readonly epoch: number;
  readonly token_hash: Uint8Array;
  readonly holder_type: WorkActor["type"];
  readonly holder_id: string;
  readonly holder_for: string | null;
  readonly until: number;
  readonly beat_at: number;
  readonly ceiling: number;
  readonly counted: number;
  readonly cancel: number;
  readonly progress: string | null;
}

/** The columns of `work_leases`, in the order of the table. */
export const LEASE_COLUMNS =
  "item_id, order_id, tenant, type, epoch, token_hash, holder_type, holder_id, holder_for, until, beat_at, ceiling, " +
  "counted, cancel, progress";

const DELETE = portableStatement("DELETE FROM work_leases WHERE item_id = $1 AND epoch = $2");

/** A lease of its row. */
export function leaseOf(row: LeaseRow): WorkLease {
  const { tenant, type, epoch, until, ceiling } = row;
  return {
    ...{ item: row.item_id, order: row.order_id, tenant, type, epoch, until, ceiling },
    holder: actorOf(row.holder_type, row.holder_id, row.holder_for),
    cancelRequested: row.cancel !== 0,
    beatAt: row.beat_at,
    progress: row.progress ?? undefined,
  };
}

/** How a holder is counted. */
export function agentName({ holder_type, holder_id }: Pick<LeaseRow, "holder_type" | "holder_id">): string {
  return `${holder_type}:${holder_id}`;
}

/** What ends a lease and counts it no longer. */
export function endLease(lease: LeaseRow): readonly Change[] {
  return [[DELETE, [lease.item_id, lease.epoch]], ...countNoLonger(lease)];
}

/** What counts a lease no longer whose row is gone already. */
export function countNoLonger(lease: LeaseRow): readonly Change[] {
  const { tenant, type, counted } = lease;
  return giveBack({ tenant, type, agent: agentName(lease) }, counted);
}
