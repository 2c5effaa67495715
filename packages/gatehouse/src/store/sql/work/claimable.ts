import type { ReadTransaction } from "../../../kernel/ports/store.ts";
import type { ClaimRequest } from "../../../kernel/ports/work-leases.ts";
import { portableStatement } from "../statement.ts";
import { RANK } from "./rows.ts";

/** Items of a tenant and type, from a priority on, that can be handed out. */
export const CLAIMABLE =
  "tenant = $1 AND type = $2 AND state = 'queued' AND waiting_for = 0 AND parked = 0 AND priority >= $3 AND run_at <= {now}";
/** What has waited longest first, where a point of priority counts as some waiting. */
export const FIRST = `ORDER BY ${RANK}, id`;
/** Unless the tenant, the type or the agent was stopped. */
export const NOT_PAUSED = `NOT EXISTS (
  SELECT 1 FROM work_pauses AS pause WHERE pause.tenant = $1
    AND (pause.kind = 'tenant' OR (pause.kind = 'type' AND pause.name = $2) OR (pause.kind = 'agent' AND pause.name = $4)))`;
const CLAIMABLE_ITEM = portableStatement(
  `SELECT id FROM work_items WHERE ${CLAIMABLE} AND ${NOT_PAUSED} AND ($5 = '' OR order_id = $5) LIMIT 1`,
);
/** Expired ones are put back by the claim itself. */
const EXPIRED_ITEM = portableStatement(
  `SELECT item_id FROM work_leases WHERE tenant = $1 AND type = $2 AND until <= {now} AND ($3 = '' OR order_id = $3) LIMIT 1`,
);

/** Whether an item of a type could be claimed now. */
export async function isClaimable(
  transaction: ReadTransaction,
  {
    tenant,
    type,
    order = "",
    leastPriority = Number.MIN_SAFE_INTEGER,
    holder,
  }: Pick<ClaimRequest, "order" | "leastPriority" | "holder"> & { readonly tenant: string; readonly type: string },
): Promise<boolean> {
  const values = [tenant, type, leastPriority, holder.id, order];
  if ((await transaction.execute(CLAIMABLE_ITEM, values)).length > 0) return true;
  return (await transaction.execute(EXPIRED_ITEM, [tenant, type, order])).length > 0;
}
