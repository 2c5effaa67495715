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
}

const COLUMNS = "kid, algorithm, state, public_key, private_key, created_at, since";
const LIST = portableStatement(`SELECT ${COLUMNS} FROM oauth_signing_keys ORDER BY created_at DESC, kid`);
const ADD = portableStatement(`INSERT INTO oauth_signing_keys (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)`);
const MOVE = portableStatement(
  "UPDATE oauth_signing_keys SET state = $3, since = $4 WHERE kid = $1 AND state = $2 RETURNING kid",
);
const DESTROY = portableStatement(
  "UPDATE oauth_signing_keys SET state = $3, since = $4, private_key = NULL WHERE kid = $1 AND state = $2 RETURNING kid",
);

/** Signing keys in the table `oauth_signing_keys`. */
export function createSigningKeys(): SigningKeys {
  return {
    list: async (transaction) => (await transaction.execute<KeyRow>(LIST, [])).map(keyOf),
    async add(transaction, key) {
      const { kid, algorithm, state, publicKey, privateKey, createdAt, since } = key;
      const values = [kid, algorithm, state, publicKey, privateKey ?? null, createdAt, since];
      await transaction.execute(ADD, values);
    },
    async move(transaction, kid, { from, to, since, destroy }) {
      return (await transaction.execute(destroy ? DESTROY : MOVE, [kid, from, to, since])).length === 1;
    },
  };
}

function keyOf(row: KeyRow): SigningKey {
  return {
    ...{ kid: row.kid, algorithm: row.algorithm, state: row.state, publicKey: row.public_key },
    privateKey: row.private_key ?? undefined,
    createdAt: Number(row.created_at),
    since: Number(row.since),
  };
}
