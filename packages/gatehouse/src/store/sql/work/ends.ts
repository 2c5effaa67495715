import type { WorkLease } from "../../../kernel/ports/work-leases.ts";
import type { WorkActor } from "../../../kernel/ports/work-orders.ts";
import { deleteRows } from "../row-statement.ts";
import type { Change } from "../together.ts";
import { giveBack, type Counted } from "./counts.ts";
import { actorOf, COLUMN_TYPES } from "./rows.ts";

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

const DELETE = deleteRows("work_leases", "item_id, epoch", COLUMN_TYPES);

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

/** What ends leases and counts them no longer. */
export function endLeases(leases: readonly LeaseRow[]): readonly Change[] {
  const ended = leases.map(({ item_id, epoch }): Change => [DELETE, [item_id, epoch]]);
  return [...ended, ...countNoLonger(leases)];
}

/** What counts leases no longer whose rows are gone already. */
export function countNoLonger(leases: readonly LeaseRow[]): readonly Change[] {
  return giveBack(leases.map((lease): Counted => ({ ...lease, agent: agentName(lease) })));
}
