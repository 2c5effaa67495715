import type { Tenants } from "../../kernel/ports/tenants.ts";
import { portableStatement } from "./statement.ts";

const TABLES = ["accounts", "oauth_clients"] as const;

const HAS = portableStatement(
  TABLES.map((table) => `SELECT 1 AS known FROM (SELECT 1 FROM ${table} WHERE tenant = $1 LIMIT 1) x`).join(
    " UNION ALL ",
  ),
);

/** From one tenant to the next by the index: however many rows a tenant has, it is looked at once. */
const listing = (table: string) =>
  portableStatement(
    `WITH RECURSIVE known (tenant) AS (
       SELECT MIN(tenant) FROM ${table}
       UNION ALL
       SELECT (SELECT MIN(tenant) FROM ${table} WHERE tenant > known.tenant) FROM known WHERE known.tenant IS NOT NULL
     )
     SELECT tenant FROM known WHERE tenant IS NOT NULL LIMIT $1`,
  );
const LISTS = TABLES.map(listing);

/** Tenants by the tables `accounts` and `oauth_clients`. */
export function createTenants(): Tenants {
  return {
    has: async (transaction, tenant) => (await transaction.execute(HAS, [tenant])).length > 0,
    async list(transaction, limit) {
      const known = new Set<string>();
      for (const statement of LISTS) {
        for (const { tenant } of await transaction.execute<{ tenant: string }>(statement, [limit])) known.add(tenant);
      }
      return [...known].toSorted().slice(0, limit);
    },
  };
}
