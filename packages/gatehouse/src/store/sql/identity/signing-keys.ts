import type { SigningKey, SigningKeys, UsedSigningKey } from "../../../kernel/ports/signing-keys.ts";
import { portableStatement } from "../statement.ts";

interface KeyRow {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: SigningKey["state"];
  readonly public_key: string;
  readonly private_key: string | null;
  readonly created_at: number;
  readonly since: number;
}

interface UsedKeyRow extends KeyRow {
  readonly signed: number;
  readonly signed_at: number | null;
  readonly seen_at: number | null;
}

const COLUMNS = "kid, algorithm, state, public_key, private_key, created_at, since";
const LIST = portableStatement(
  `SELECT ${COLUMNS}, signed, signed_at, seen_at FROM oauth_signing_keys ORDER BY created_at DESC, kid`,
);
const ADD = portableStatement(`INSERT INTO oauth_signing_keys (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)`);
const MOVE = portableStatement(
  "UPDATE oauth_signing_keys SET state = $3, since = $4 WHERE kid = $1 AND state = $2 RETURNING kid",
);
const DESTROY = portableStatement(
  "UPDATE oauth_signing_keys SET state = $3, since = $4, private_key = NULL WHERE kid = $1 AND state = $2 RETURNING kid",
);
const LATER = (column: string, value: string): string =>
  `CASE WHEN CAST(${value} AS BIGINT) IS NULL OR ${column} > CAST(${value} AS BIGINT) THEN ${column} ELSE CAST(${value} AS BIGINT) END`;
const ADD_USES = portableStatement(
  `UPDATE oauth_signing_keys SET signed = signed + CAST($2 AS BIGINT), signed_at = ${LATER("signed_at", "$3")}, ` +
    `seen_at = ${LATER("seen_at", "$4")} WHERE kid = $1`,
);
const RESEAL = portableStatement("UPDATE oauth_signing_keys SET private_key = $3 WHERE kid = $1 AND private_key = $2");

/** Signing keys in the table `oauth_signing_keys`. */
export function createSigningKeys(): SigningKeys {
  return {
    list: async (transaction) => (await transaction.execute<UsedKeyRow>(LIST, [])).map(keyOf),
    async add(transaction, key) {
      const { kid, algorithm, state, publicKey, privateKey, createdAt, since } = key;
      const values = [kid, algorithm, state, publicKey, privateKey ?? null, createdAt, since];
      await transaction.execute(ADD, values);
    },
    async move(transaction, kid, { from, to, since, destroy }) {
      return (await transaction.execute(destroy ? DESTROY : MOVE, [kid, from, to, since])).length === 1;
    },
    async addUses(transaction, kid, { signed, signedAt, seenAt }) {
      await transaction.execute(ADD_USES, [kid, signed, signedAt ?? null, seenAt ?? null]);
    },
    async reseal(transaction, kid, { before, privateKey }) {
      await transaction.execute(RESEAL, [kid, before, privateKey]);
    },
  };
}

function keyOf(row: UsedKeyRow): UsedSigningKey {
  return {
    ...{ kid: row.kid, algorithm: row.algorithm, state: row.state, publicKey: row.public_key },
    privateKey: row.private_key ?? undefined,
    createdAt: Number(row.created_at),
    since: Number(row.since),
    uses: { signed: Number(row.signed), signedAt: timeOf(row.signed_at), seenAt: timeOf(row.seen_at) },
  };
}

function timeOf(value: number | null): number | undefined {
  return value === null ? undefined : Number(value);
}
