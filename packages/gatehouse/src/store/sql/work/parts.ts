import type { WorkPart, WorkParts } from "../../../kernel/ports/work-parts.ts";
import { portableStatement } from "../statement.ts";

interface PartRow extends Omit<WorkPart, "item"> {
  readonly item_id: string;
}

const COLUMNS = "item_id, name, number, revision, payload, bytes, checksum, epoch, at";
/** The holder has the item locked, so nothing comes in between. */
const PUT = portableStatement(
  `INSERT INTO work_parts (${COLUMNS})
   SELECT $1, $2, $3, 1, $4, $5, $6, $7, $8
   WHERE EXISTS (SELECT 1 FROM work_parts WHERE item_id = $1 AND name = $2 AND number = $3)
     OR (SELECT COUNT(*) FROM work_parts WHERE item_id = $1) < $9
   ON CONFLICT (item_id, name, number) DO UPDATE SET revision = work_parts.revision + 1,
     payload = excluded.payload, bytes = excluded.bytes, checksum = excluded.checksum, epoch = excluded.epoch, at = excluded.at
   RETURNING revision`,
);
const OF_ITEM = `FROM work_parts WHERE item_id = $1
   AND EXISTS (SELECT 1 FROM work_items WHERE id = $1 AND tenant = $2) ORDER BY name, number`;
const LIST = portableStatement(`SELECT ${COLUMNS} ${OF_ITEM}`);
const SUMMARIES = portableStatement(`SELECT ${COLUMNS.replace("payload, ", "")} ${OF_ITEM}`);

/** Parts in the table `work_parts`. */
export function createWorkParts(): WorkParts {
  return {
    async put(transaction, { item, epoch }, part) {
      const [row] = await transaction.execute<Pick<PartRow, "revision">>(PUT, [
        ...[item, part.name, part.number, part.payload, part.bytes, part.checksum],
        ...[epoch, await transaction.now(), part.most],
      ]);
      return row?.revision;
    },
    async summaries(transaction, { id, tenant }) {
      const rows = await transaction.execute<Omit<PartRow, "payload">>(SUMMARIES, [id, tenant]);
      return rows.map(({ item_id: item, ...row }) => ({ ...row, item }));
    },
    async list(transaction, { id, tenant }) {
      const rows = await transaction.execute<PartRow>(LIST, [id, tenant]);
      return rows.map(({ item_id: item, ...row }) => ({ ...row, item }));
    },
  };
}
