import type { Document, DocumentKey, Documents, Occupancy } from "../../kernel/ports/documents.ts";
import { portableStatement } from "./statement.ts";

interface DocumentRow {
  readonly version: number;
  readonly body: string;
  readonly expires_at: number | null;
}

const GET = portableStatement(
  `SELECT version, body, expires_at FROM documents
   WHERE kind = $1 AND tenant = $2 AND id = $3 AND (expires_at IS NULL OR expires_at > {now})`,
);
/** An expired document counts as absent, but its version goes on: nobody can mistake the new one for the old. */
const CREATE = portableStatement(
  `INSERT INTO documents (kind, tenant, id, version, body, expires_at, owner) VALUES ($1, $2, $3, 1, $4, $5, $7)
   ON CONFLICT (kind, tenant, id) DO UPDATE
   SET version = documents.version + 1, body = excluded.body, expires_at = excluded.expires_at, owner = excluded.owner
   WHERE documents.expires_at <= $6
   RETURNING version`,
);
const CHANGE = portableStatement(
  `UPDATE documents SET version = version + 1, body = $4, expires_at = $5, owner = $7
   WHERE kind = $1 AND tenant = $2 AND id = $3 AND version = $8 AND (expires_at IS NULL OR expires_at > $6)
   RETURNING version`,
);
const OWNED = portableStatement(
  `SELECT count(*) AS count,
     coalesce(sum(CASE WHEN octet_length(body) < $5 THEN $5 ELSE octet_length(body) END), 0) AS bytes
   FROM documents
   WHERE kind = $1 AND tenant = $2 AND owner = $4 AND id <> $3 AND (expires_at IS NULL OR expires_at > {now})`,
);
const DELETE = portableStatement("DELETE FROM documents WHERE kind = $1 AND tenant = $2 AND id = $3");
const PRUNE = portableStatement(
  `DELETE FROM documents WHERE (kind, tenant, id) IN
   (SELECT kind, tenant, id FROM documents WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
   RETURNING id`,
);

/** Documents in the table `documents`. Expiry is judged by the database's clock. */
export function createDocuments(): Documents {
  return {
    async get(transaction, key) {
      const [row] = await transaction.execute<DocumentRow>(GET, columns(key));
      return row === undefined ? undefined : document(key, row);
    },
    async put(transaction, key, change) {
      const { expected, body, expiresAt, owner } = change;
      const values = [...columns(key), body, expiresAt ?? null, await transaction.now(), owner ?? null];
      const [row] =
        expected === 0
          ? await transaction.execute<{ version: number }>(CREATE, values)
          : await transaction.execute<{ version: number }>(CHANGE, [...values, expected]);
      return row === undefined
        ? undefined
        : document(key, { version: row.version, body, expires_at: expiresAt ?? null });
    },
    async owned(transaction, { owner, except, least }) {
      const [row] = await transaction.execute<Occupancy>(OWNED, [...columns(except), owner, least]);
      return { count: Number(row?.count ?? 0), bytes: Number(row?.bytes ?? 0) };
    },
    async delete(transaction, key) {
      await transaction.execute(DELETE, columns(key));
    },
    async prune(transaction, limit) {
      return (await transaction.execute(PRUNE, [await transaction.now(), limit])).length;
    },
  };
}

function columns(key: DocumentKey): [string, string, string] {
  return [key.kind, key.tenant, key.id];
}

function document({ kind, tenant, id }: DocumentKey, row: DocumentRow): Document {
  const { version, body, expires_at: expiresAt } = row;
  return expiresAt === null ? { kind, tenant, id, version, body } : { kind, tenant, id, version, body, expiresAt };
}
