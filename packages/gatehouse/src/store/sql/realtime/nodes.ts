import type { Node, NodeRole, Nodes } from "../../../kernel/ports/nodes.ts";
import { portableStatement } from "../statement.ts";

interface NodeRow {
  readonly id: string;
  readonly roles: string;
  readonly lease_until: number;
}

const HOLD = portableStatement(
  "UPDATE realtime_nodes SET roles = $2, lease_until = $3 WHERE id = $1 AND lease_until > $4 RETURNING id",
);
const ENTER = portableStatement(
  `INSERT INTO realtime_nodes (id, roles, lease_until) VALUES ($1, $2, $3)
   ON CONFLICT (id) DO NOTHING RETURNING id`,
);
const RETURN = portableStatement("UPDATE realtime_nodes SET roles = $2, lease_until = $3 WHERE id = $1");
const ALIVE = portableStatement("SELECT id, roles, lease_until FROM realtime_nodes WHERE lease_until > $1 ORDER BY id");
const LEAVE = portableStatement("UPDATE realtime_nodes SET lease_until = $2 WHERE id = $1 AND lease_until > $2");
const PRUNE = portableStatement(
  `DELETE FROM realtime_nodes WHERE id IN (
     SELECT id FROM realtime_nodes WHERE lease_until <= $1 ORDER BY lease_until LIMIT $2) RETURNING id`,
);
const KEPT_GONE = 86_400_000;

/** Nodes in the table `realtime_nodes`. */
export function createNodes(): Nodes {
  return {
    async beat(transaction, { id, roles }, duration) {
      const now = await transaction.now();
      const values = [id, roles.join(","), now + duration];
      if ((await transaction.execute(HOLD, [...values, now])).length > 0) return true;
      if ((await transaction.execute(ENTER, values)).length > 0) return true;
      await transaction.execute(RETURN, values);
      return false;
    },
    alive: async (transaction, now) => (await transaction.execute<NodeRow>(ALIVE, [now])).map(nodeOf),
    async leave(transaction, id) {
      await transaction.execute(LEAVE, [id, await transaction.now()]);
    },
    async prune(transaction, limit) {
      const now = await transaction.now();
      return (await transaction.execute(PRUNE, [now - KEPT_GONE, limit])).length;
    },
  };
}

function nodeOf({ id, roles, lease_until }: NodeRow): Node {
  // Nothing but `beat` writes this column.
  const parsed = roles.split(",").filter((role) => role !== "") as NodeRole[];
  return { id, roles: parsed, leaseUntil: lease_until };
}
