import type { SigningKey, SigningKeys } from "../../kernel/ports/signing-keys.ts";
import { portableStatement } from "./statement.ts";

interface KeyRow {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: SigningKey["state"];
  readonly public_key: string;
  readonly private_key: string | null;
  readonly created_at: number;
  readonly since: number;
  readonly uses: number;
  readonly last_used_at: number | null;
}

const COLUMNS = "kid, algorithm, state, public_key, private_key, created_at, since, uses, last_used_at";
const LIST = portableStatement(`SELECT ${COLUMNS} FROM oauth_signing_keys ORDER BY created_at DESC, kid`);
const ADD = portableStatement(
  `INSERT INTO oauth_signing_keys (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);
const MOVE = portableStatement(
  "UPDATE oauth_signing_keys SET state = $3, since = $4 WHERE kid = $1 AND state = $2 RETURNING kid",
);
const DESTROY = portableStatement(
  "UPDATE oauth_signing_keys SET state = $3, since = $4, private_key = NULL WHERE kid = $1 AND state = $2 RETURNING kid",
);
const COUNT = portableStatement(
  `UPDATE oauth_signing_keys SET uses = uses + $2,
     last_used_at = CASE WHEN last_used_at IS NULL OR last_used_at < $3 THEN $3 ELSE last_used_at END
   WHERE kid = $1`,
);

/** Signing keys in the table `oauth_signing_keys`. */
export function createSigningKeys(): SigningKeys {
  return {
    list: async (transaction) => (await transaction.execute<KeyRow>(LIST, [])).map(keyOf),
    async add(transaction, key) {
      const { kid, algorithm, state, publicKey, privateKey, createdAt, since, uses, lastUsedAt } = key;
      const values = [kid, algorithm, state, publicKey, privateKey ?? null, createdAt, since, uses, lastUsedAt ?? null];
      await transaction.execute(ADD, values);
    },
    async move(transaction, kid, { from, to, since, destroy }) {
      return (await transaction.execute(destroy ? DESTROY : MOVE, [kid, from, to, since])).length === 1;
    },
    async count(transaction, { kid, uses, lastUsedAt }) {
      await transaction.execute(COUNT, [kid, uses, lastUsedAt]);
    },
  };
}

function keyOf(row: KeyRow): SigningKey {
  return {
    ...{ kid: row.kid, algorithm: row.algorithm, state: row.state, publicKey: row.public_key },
    privateKey: row.private_key ?? undefined,
    createdAt: Number(row.created_at),
    since: Number(row.since),
    uses: Number(row.uses),
    lastUsedAt: row.last_used_at === null ? undefined : Number(row.last_used_at),
  };
}
