import type {
  ArtifactSelection,
  FoundArtifact,
  OAuthArtifact,
  OAuthArtifacts,
} from "../../../kernel/ports/oauth-artifacts.ts";
import type { SqlValue, Statement } from "../../../kernel/ports/store.ts";
import { endGrants } from "./oauth-grants.ts";
import { portableStatement } from "../statement.ts";

interface ArtifactRow {
  readonly key: string;
  readonly body: string;
  readonly consumed_at: number | null;
  readonly answer: string | null;
}

const COLUMNS = "key, tenant, kind, alias, grant_key, client, account, body, expires_at";
const LASTS = "(expires_at IS NULL OR expires_at > {now})";
const FIND = portableStatement(
  `SELECT key, body, consumed_at, answer FROM oauth_artifacts WHERE key = $1 AND ${LASTS}`,
);
const FIND_BY_ALIAS = portableStatement(
  `SELECT key, body, consumed_at, answer FROM oauth_artifacts WHERE kind = $1 AND alias = $2 AND ${LASTS}`,
);
const LIST_OF = portableStatement(
  `SELECT key, body, consumed_at, answer FROM oauth_artifacts
   WHERE tenant = $1 AND account = $2 AND kind = $3 AND ${LASTS} ORDER BY expires_at DESC, key LIMIT $4`,
);
/** What belongs to a grant is written while the grant is there, and not after its revocation. */
const PUT = portableStatement(
  `INSERT INTO oauth_artifacts (${COLUMNS})
   SELECT $1, $2, $3, $4, CAST($5 AS TEXT), $6, $7, $8, CAST($9 AS BIGINT)
   WHERE CAST($5 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM oauth_artifacts WHERE key = CAST($5 AS TEXT))
   ON CONFLICT (key) DO UPDATE SET body = excluded.body, alias = excluded.alias, expires_at = excluded.expires_at,
     grant_key = excluded.grant_key, account = excluded.account
   RETURNING key`,
);
const ADD = portableStatement(
  `INSERT INTO oauth_artifacts (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   ON CONFLICT (key) DO NOTHING RETURNING key`,
);
const CONSUME = portableStatement(
  `UPDATE oauth_artifacts SET consumed_at = {now} WHERE key = $1 AND consumed_at IS NULL AND ${LASTS} RETURNING key`,
);
const ANSWER = portableStatement("UPDATE oauth_artifacts SET answer = $2 WHERE key = $1");
const REMOVE = portableStatement("DELETE FROM oauth_artifacts WHERE key = $1");
/** Rows of one statement, which bounds what they need of memory; all are of one transaction. */
const BATCH = 500;
const revoking = (condition: string, size: number) =>
  portableStatement(
    `DELETE FROM oauth_artifacts WHERE key IN
     (SELECT key FROM oauth_artifacts WHERE tenant = $1 AND ${condition} LIMIT $${size}) RETURNING key`,
  );
const REVOKE_GRANT = revoking("(grant_key = $2 OR key = $2)", 3);
const REVOKE_CLIENT = revoking("client = $2", 3);
const REVOKE_ACCOUNT = revoking("account = $2", 3);
const REVOKE_BETWEEN = revoking("client = $2 AND account = $3", 4);
const PRUNE = portableStatement(
  `DELETE FROM oauth_artifacts WHERE key IN
   (SELECT key FROM oauth_artifacts WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
   RETURNING key`,
);

/** Artifacts of the protocol engine in the table `oauth_artifacts`. */
export function createOAuthArtifacts(): OAuthArtifacts {
  return {
    async find(transaction, key) {
      const [row] = await transaction.execute<ArtifactRow>(FIND, [key]);
      return row === undefined ? undefined : found(row);
    },
    async findByAlias(transaction, kind, alias) {
      const [row] = await transaction.execute<ArtifactRow>(FIND_BY_ALIAS, [kind, alias]);
      return row === undefined ? undefined : found(row);
    },
    async listOf(transaction, { tenant, account, kind }, limit) {
      const rows = await transaction.execute<ArtifactRow>(LIST_OF, [tenant, account, kind, limit]);
      return rows.map(found);
    },
    put: async (transaction, artifact) => (await transaction.execute(PUT, valuesOf(artifact))).length === 1,
    add: async (transaction, artifact) => (await transaction.execute(ADD, valuesOf(artifact))).length === 1,
    consume: async (transaction, key) => (await transaction.execute(CONSUME, [key])).length === 1,
    async answer(transaction, key, answer) {
      await transaction.execute(ANSWER, [key, answer]);
    },
    async remove(transaction, key) {
      await transaction.execute(REMOVE, [key]);
    },
    async revoke(transaction, selection, ending) {
      const [statement, values] = revocationOf(selection);
      await endGrants(transaction, selection, ending);
      let removed = 0;
      for (;;) {
        const { length } = await transaction.execute(statement, [...values, BATCH]);
        removed += length;
        if (length < BATCH) return removed;
      }
    },
    prune: async (transaction, limit) => (await transaction.execute(PRUNE, [await transaction.now(), limit])).length,
  };
}

function revocationOf({ tenant, grant, client, account }: ArtifactSelection): readonly [Statement, readonly string[]] {
  if (grant !== undefined) return [REVOKE_GRANT, [tenant, grant]];
  if (client !== undefined && account !== undefined) return [REVOKE_BETWEEN, [tenant, client, account]];
  if (client !== undefined) return [REVOKE_CLIENT, [tenant, client]];
  if (account !== undefined) return [REVOKE_ACCOUNT, [tenant, account]];
  throw new TypeError("A selection of artifacts names a grant, a client or an account.");
}

function found({ key, body, consumed_at: consumedAt, answer }: ArtifactRow): FoundArtifact {
  return { key, body, consumedAt: consumedAt === null ? undefined : Number(consumedAt), answer: answer ?? undefined };
}

function valuesOf({ key, tenant, kind, alias, grant, client, account, body, expiresAt }: OAuthArtifact): SqlValue[] {
  return [key, tenant, kind, alias ?? null, grant ?? null, client ?? null, account ?? null, body, expiresAt ?? null];
}
