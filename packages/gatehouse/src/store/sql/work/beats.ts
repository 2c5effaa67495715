import type { Statement } from "../../../kernel/ports/store.ts";
import { portableStatement } from "../statement.ts";
import { LEASE_COLUMNS } from "./ends.ts";
import { SHOWN } from "./held.ts";

/** Moves the end of a lease, never to before it was, and tells of what stops its holder. */
function renewing(duration: string): Statement {
  const longer = `$8 + ${duration}`;
  const stopped = `EXISTS (SELECT 1 FROM work_pauses AS pause WHERE pause.tenant = work_leases.tenant
    AND (pause.kind = 'tenant' OR (pause.kind = 'type' AND pause.name = work_leases.type)
      OR (pause.kind = 'agent' AND pause.name = work_leases.holder_id)))`;
  const columns = LEASE_COLUMNS.replace("cancel", `CASE WHEN ${stopped} THEN 1 ELSE cancel END AS cancel`);
  return portableStatement(
    `UPDATE work_leases SET beat_at = $8, progress = COALESCE($10, progress),
       until = CASE WHEN ceiling < ${longer} THEN ceiling WHEN until < ${longer} THEN ${longer} ELSE until END
     WHERE ${SHOWN} AND until > $8 RETURNING ${columns}`,
  );
}

/** Takes a beat: after the values of `SHOWN` the time, the durations of types as JSON, and how far it is. */
export const RENEW: Statement = Object.freeze({
  sqlite: renewing("COALESCE((SELECT value FROM json_each($9) WHERE key = work_leases.type), 0)").sqlite,
  postgres: renewing("COALESCE(($9::json ->> type)::bigint, 0)").postgres,
});
