import type { WorkPause, WorkPauses } from "../../../kernel/ports/work-pauses.ts";
import { portableStatement } from "../statement.ts";

type PauseRow = Omit<WorkPause, "pausedBy"> & { readonly paused_by: string };

const COLUMNS = "tenant, kind, name, reason, paused_by, at";
const ADD = portableStatement(
  `INSERT INTO work_pauses (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (tenant, kind, name) DO UPDATE SET reason = excluded.reason, paused_by = excluded.paused_by, at = excluded.at`,
);
const TELL = portableStatement(
  `UPDATE work_leases SET cancel = 1 WHERE tenant = $1
     AND ($2 = 'tenant' OR ($2 = 'type' AND type = $3) OR ($2 = 'agent' AND holder_id = $3))`,
);
const LIFT = portableStatement(
  "DELETE FROM work_pauses WHERE tenant = $1 AND kind = $2 AND name = $3 RETURNING tenant",
);
const LIST = portableStatement(`SELECT ${COLUMNS} FROM work_pauses WHERE tenant = $1 ORDER BY at, kind, name`);
const FIND = portableStatement(
  `SELECT ${COLUMNS} FROM work_pauses WHERE tenant = $1
     AND (kind = 'tenant' OR (kind = 'type' AND name = $2) OR (kind = 'agent' AND name = $3)) LIMIT 1`,
);

/** Pauses in the table `work_pauses`. */
export function createWorkPauses(): WorkPauses {
  return {
    async add(transaction, { tenant, kind, name, reason, pausedBy }) {
      const at = await transaction.now();
      await transaction.execute(ADD, [tenant, kind, name, reason, pausedBy, at]);
      await transaction.execute(TELL, [tenant, kind, name]);
    },
    async lift(transaction, { tenant, kind, name }) {
      return (await transaction.execute(LIFT, [tenant, kind, name])).length > 0;
    },
    async list(transaction, tenant) {
      return (await transaction.execute<PauseRow>(LIST, [tenant])).map(pauseOf);
    },
    async find(transaction, { tenant, type, agent }) {
      const [row] = await transaction.execute<PauseRow>(FIND, [tenant, type, agent ?? null]);
      return row === undefined ? undefined : pauseOf(row);
    },
  };
}

function pauseOf({ paused_by, ...row }: PauseRow): WorkPause {
  return { ...row, pausedBy: paused_by };
}
