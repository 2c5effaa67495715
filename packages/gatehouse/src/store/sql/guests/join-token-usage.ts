import type { JoinTokenBucket, JoinTokens, TenantChurn } from "../../../kernel/ports/join-tokens.ts";
import { portableStatement } from "../statement.ts";

interface BucketRow {
  readonly token: string;
  readonly bucket: number;
  readonly views: number;
  readonly joins: number;
  readonly uploads: number;
  readonly bytes: number;
  readonly sessions: number;
  readonly refused_expired: number;
  readonly refused_revoked: number;
  readonly refused_full: number;
  readonly refused_limited: number;
}

const COUNTS =
  "views, joins, uploads, bytes, sessions, refused_expired, refused_revoked, refused_full, refused_limited";
const SUMS = COUNTS.split(", ")
  .map((name) => `${name} = join_token_usage.${name} + excluded.${name}`)
  .join(", ");
const ADD_USAGE = portableStatement(
  `INSERT INTO join_token_usage (token, bucket, ${COUNTS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
   ON CONFLICT (token, bucket) DO UPDATE SET ${SUMS}`,
);
const USAGE = portableStatement(
  `SELECT token, bucket, ${COUNTS} FROM join_token_usage
   WHERE token = $1 AND bucket >= $2 AND bucket < $3 ORDER BY bucket`,
);
const USED = portableStatement(
  `SELECT id, tenant FROM join_tokens
   WHERE id > $3 AND id IN (SELECT token FROM join_token_usage WHERE bucket >= $1 AND bucket < $2)
   ORDER BY id LIMIT $4`,
);
const ENDED_SOON = portableStatement(
  `SELECT tenant, COUNT(*) AS ended FROM join_tokens
   WHERE created_at >= $1 AND COALESCE(revoked_at, expires_at) < $2 GROUP BY tenant ORDER BY tenant`,
);
const HITS = portableStatement(
  `SELECT t.tenant, SUM(u.refused_expired + u.refused_revoked) AS on_ended,
     SUM(u.views + u.joins + u.refused_expired + u.refused_revoked + u.refused_full + u.refused_limited) AS hits
   FROM join_token_usage u JOIN join_tokens t ON t.id = u.token
   WHERE u.bucket >= $1 AND u.bucket < $2 GROUP BY t.tenant ORDER BY t.tenant`,
);

type UsageRows = Pick<JoinTokens, "addUsage" | "usage" | "used" | "churn">;

/** What was counted of join tokens, in the table `join_token_usage`. */
export function createUsageRows(): UsageRows {
  return {
    async addUsage(transaction, { token, start, views, joins, uploads, bytes, sessions, ...refused }) {
      const { refusedExpired, refusedRevoked, refusedFull, refusedLimited } = refused;
      const counts = [views, joins, uploads, bytes, sessions];
      const refusals = [refusedExpired, refusedRevoked, refusedFull, refusedLimited];
      await transaction.execute(ADD_USAGE, [token, start, ...counts, ...refusals]);
    },
    async usage(transaction, token, { from, to }) {
      return (await transaction.execute<BucketRow>(USAGE, [token, from, to])).map(bucketOf);
    },
    used: (transaction, { from, to, after, limit }) => transaction.execute(USED, [from, to, after, limit]),
    async churn(transaction, { from, to }) {
      type Ended = { readonly tenant: string; readonly ended: number };
      type Hits = { readonly tenant: string; readonly on_ended: number; readonly hits: number };
      const tenants = new Map<string, TenantChurn>();
      for (const { tenant, ended } of await transaction.execute<Ended>(ENDED_SOON, [from, to])) {
        tenants.set(tenant, { tenant, ended: Number(ended), hits: 0, hitsOnEnded: 0 });
      }
      for (const { tenant, hits, on_ended } of await transaction.execute<Hits>(HITS, [from, to])) {
        const { ended = 0 } = tenants.get(tenant) ?? {};
        tenants.set(tenant, { tenant, ended, hits: Number(hits), hitsOnEnded: Number(on_ended) });
      }
      return [...tenants.values()];
    },
  };
}

function bucketOf(row: BucketRow): JoinTokenBucket {
  return {
    ...{ token: row.token, start: Number(row.bucket), views: Number(row.views), joins: Number(row.joins) },
    ...{ uploads: Number(row.uploads), bytes: Number(row.bytes), sessions: Number(row.sessions) },
    ...{ refusedExpired: Number(row.refused_expired), refusedRevoked: Number(row.refused_revoked) },
    ...{ refusedFull: Number(row.refused_full), refusedLimited: Number(row.refused_limited) },
  };
}
