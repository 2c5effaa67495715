import type {
  FoundJoinToken,
  JoinTokenKind,
  JoinTokens,
  StoredJoinText,
  StoredJoinToken,
} from "../../../kernel/ports/join-tokens.ts";
import type { MediaScope } from "../../../kernel/ports/media-grants.ts";
import { createUsageRows } from "./join-token-usage.ts";
import { portableStatement } from "../statement.ts";

interface TokenRow {
  readonly id: string;
  readonly tenant: string;
  readonly collection: string;
  readonly label: string;
  readonly kind: JoinTokenKind;
  readonly scopes: string;
  readonly most_guests: number;
  readonly most_files: number;
  readonly most_bytes: number;
  readonly guests: number;
  readonly state: StoredJoinToken["state"];
  readonly generation: number;
  readonly weak: number;
  readonly created_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
}

interface TextRow {
  readonly hash: string;
  readonly token: string;
  readonly key_id: string;
  readonly issue: number;
  readonly hint: string;
  readonly text_created_at: number;
  readonly ends_at: number | null;
}

interface FoundRow extends TokenRow, TextRow {
  readonly ended: number;
  readonly expired: number;
}

const COLUMNS =
  "id, tenant, collection, label, kind, scopes, most_guests, most_files, most_bytes, guests, state, generation, weak, " +
  "created_at, expires_at, revoked_at";
const TEXT_COLUMNS = "hash, token, key_id, issue, hint, created_at, ends_at";
const READ_TEXT = "x.hash, x.token, x.key_id, x.issue, x.hint, x.created_at AS text_created_at, x.ends_at";
const GOOD = "state = 'active' AND expires_at > {now}";

const FIND_BY_TEXT = portableStatement(
  `SELECT t.id, t.tenant, t.collection, t.label, t.kind, t.scopes, t.most_guests, t.most_files, t.most_bytes, t.guests,
     t.state, t.generation, t.weak, t.created_at, t.expires_at, t.revoked_at, ${READ_TEXT},
     CASE WHEN x.ends_at IS NOT NULL AND x.ends_at <= {now} THEN 1 ELSE 0 END AS ended,
     CASE WHEN t.expires_at <= {now} THEN 1 ELSE 0 END AS expired
   FROM join_token_texts x JOIN join_tokens t ON t.id = x.token
   WHERE x.hash = $1 AND t.tenant = $2`,
);
const FIND = portableStatement(`SELECT ${COLUMNS} FROM join_tokens WHERE id = $1 AND tenant = $2`);
const FIND_GOOD = portableStatement(`SELECT ${COLUMNS} FROM join_tokens WHERE id = $1 AND tenant = $2 AND ${GOOD}`);
const LIST = portableStatement(
  `SELECT ${COLUMNS} FROM join_tokens
   WHERE tenant = $1 AND (CAST($2 AS TEXT) IS NULL OR collection = $2) AND (CAST($3 AS TEXT) IS NULL OR id < $3)
   ORDER BY id DESC LIMIT $4`,
);
const TEXTS = portableStatement(
  `SELECT ${READ_TEXT} FROM join_token_texts x WHERE x.token = $1 ORDER BY x.issue DESC, x.created_at DESC`,
);
const CREATE = portableStatement(
  `INSERT INTO join_tokens (${COLUMNS})
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 'active', 1, $10, $11, $12, NULL)`,
);
const ADD_TEXT = portableStatement(
  `INSERT INTO join_token_texts (${TEXT_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, NULL)
   ON CONFLICT (hash) DO NOTHING RETURNING hash`,
);
const END_OTHERS = portableStatement(
  `UPDATE join_token_texts SET ends_at = $3
   WHERE token = $1 AND hash <> $2 AND (ends_at IS NULL OR ends_at > $3)`,
);
const REVOKE = portableStatement(
  `UPDATE join_tokens SET state = 'revoked', generation = generation + 1, revoked_at = $3
   WHERE id = $1 AND tenant = $2 AND state = 'active' RETURNING generation`,
);
const REVOKE_ALL = portableStatement(
  `UPDATE join_tokens SET state = 'revoked', generation = generation + 1, revoked_at = $3
   WHERE tenant = $1 AND (CAST($2 AS TEXT) IS NULL OR collection = $2) AND state = 'active' RETURNING id`,
);
const CHANGED = portableStatement("UPDATE join_token_revision SET revision = revision + 1 WHERE id = 1");
const REVISION = portableStatement("SELECT revision FROM join_token_revision WHERE id = 1");

const KNOWN_GUEST = portableStatement("SELECT guest FROM join_token_guests WHERE token = $1 AND guest = $2");
const COUNT_GUEST = portableStatement(
  `UPDATE join_tokens SET guests = guests + 1
   WHERE id = $1 AND tenant = $2 AND state = 'active' AND expires_at > $3 AND guests < most_guests RETURNING guests`,
);
const ADD_GUEST = portableStatement(
  `INSERT INTO join_token_guests (token, guest, joined_at) VALUES ($1, $2, $3)
   ON CONFLICT (token, guest) DO NOTHING RETURNING guest`,
);

/**
 * The same rows in each statement of a transaction. What came from an earlier system stays: its text may still be there,
 * and would be taken over as a new one.
 */
const PRUNABLE = `SELECT id FROM join_tokens
  WHERE kind <> 'legacy' AND (expires_at < $1 OR (revoked_at IS NOT NULL AND revoked_at < $1)) ORDER BY id LIMIT $2`;
const REMOVE = ["join_token_texts", "join_token_guests", "join_token_usage"].map((table) =>
  portableStatement(`DELETE FROM ${table} WHERE token IN (${PRUNABLE})`),
);
const FORGET = ["join_token_texts", "join_token_guests", "join_token_usage"].map((table) =>
  portableStatement(`DELETE FROM ${table} WHERE token = $1`),
);
const FORGET_TOKEN = portableStatement("DELETE FROM join_tokens WHERE id = $1 AND tenant = $2 RETURNING id");
const REMOVE_TOKENS = portableStatement(`DELETE FROM join_tokens WHERE id IN (${PRUNABLE}) RETURNING id`);
const PRUNE_USAGE = portableStatement(
  `DELETE FROM join_token_usage WHERE (token, bucket) IN
   (SELECT token, bucket FROM join_token_usage WHERE bucket < $1 LIMIT $2) RETURNING token`,
);

/** Join tokens in the tables `join_tokens`, `join_token_texts`, `join_token_guests` and `join_token_usage`. */
export function createJoinTokens(): JoinTokens {
  return { ...lookups(), ...changes(), ...createUsageRows() };
}

type LookUps = Pick<JoinTokens, "findByText" | "find" | "findGood" | "list" | "texts" | "revision">;

function lookups(): LookUps {
  return {
    async findByText(transaction, tenant, hashes) {
      for (const hash of hashes) {
        const [row] = await transaction.execute<FoundRow>(FIND_BY_TEXT, [hash, tenant]);
        if (row !== undefined) return { token: tokenOf(row), text: textOf(row), standing: standingOf(row) };
      }
      return undefined;
    },
    async find(transaction, { tenant, id }) {
      const [row] = await transaction.execute<TokenRow>(FIND, [id, tenant]);
      return row === undefined ? undefined : tokenOf(row);
    },
    async findGood(transaction, { tenant, id }) {
      const [row] = await transaction.execute<TokenRow>(FIND_GOOD, [id, tenant]);
      return row === undefined ? undefined : tokenOf(row);
    },
    async list(transaction, { tenant, collection, after, limit }) {
      const rows = await transaction.execute<TokenRow>(LIST, [tenant, collection ?? null, after ?? null, limit]);
      return rows.map(tokenOf);
    },
    async texts(transaction, token) {
      return (await transaction.execute<TextRow>(TEXTS, [token])).map(textOf);
    },
    async revision(transaction) {
      const [row] = await transaction.execute<{ readonly revision: number }>(REVISION, []);
      return Number(row?.revision);
    },
  };
}

type Changes = Pick<
  JoinTokens,
  "create" | "addText" | "endOtherTexts" | "revoke" | "revokeAll" | "forget" | "join" | "prune"
>;

function changes(): Changes {
  return {
    async create(transaction, { id, tenant, collection, label, kind, scopes, caps, weak, expiresAt }) {
      const { guests, files, bytes } = caps;
      const values = [id, tenant, collection, label, kind, scopes.join(" "), guests, files, bytes, Number(weak)];
      await transaction.execute(CREATE, [...values, await transaction.now(), expiresAt]);
    },
    async addText(transaction, { hash, token, keyId, issue, hint }) {
      const values = [hash, token, keyId, issue, hint, await transaction.now()];
      return (await transaction.execute(ADD_TEXT, values)).length === 1;
    },
    async endOtherTexts(transaction, { token, hash }, at) {
      await transaction.execute(END_OTHERS, [token, hash, at]);
    },
    async revoke(transaction, { tenant, id }) {
      const values = [id, tenant, await transaction.now()];
      const [row] = await transaction.execute<Pick<TokenRow, "generation">>(REVOKE, values);
      if (row === undefined) return undefined;
      await transaction.execute(CHANGED, []);
      return Number(row.generation);
    },
    async revokeAll(transaction, { tenant, collection }) {
      const values = [tenant, collection ?? null, await transaction.now()];
      const revoked = await transaction.execute<Pick<TokenRow, "id">>(REVOKE_ALL, values);
      if (revoked.length > 0) await transaction.execute(CHANGED, []);
      return revoked.length;
    },
    async forget(transaction, { tenant, id }) {
      if ((await transaction.execute(FORGET_TOKEN, [id, tenant])).length === 0) return;
      for (const statement of FORGET) await transaction.execute(statement, [id]);
      await transaction.execute(CHANGED, []);
    },
    async join(transaction, { tenant, id, guest }) {
      if ((await transaction.execute(KNOWN_GUEST, [id, guest])).length === 1) {
        return (await transaction.execute(FIND_GOOD, [id, tenant])).length === 1 ? "again" : "ended";
      }
      const now = await transaction.now();
      if ((await transaction.execute(COUNT_GUEST, [id, tenant, now])).length === 0) {
        return (await transaction.execute(FIND_GOOD, [id, tenant])).length === 1 ? "full" : "ended";
      }
      await transaction.execute(ADD_GUEST, [id, guest, now]);
      return "joined";
    },
    async prune(transaction, { ended, counted }, limit) {
      for (const statement of REMOVE) await transaction.execute(statement, [ended, limit]);
      const tokens = await transaction.execute(REMOVE_TOKENS, [ended, limit]);
      return tokens.length + (await transaction.execute(PRUNE_USAGE, [counted, limit])).length;
    },
  };
}

function standingOf({ state, expired, ended }: FoundRow): FoundJoinToken["standing"] {
  if (state === "revoked") return "revoked";
  if (Number(expired) === 1) return "expired";
  return Number(ended) === 1 ? "replaced" : "good";
}

function tokenOf(row: TokenRow): StoredJoinToken {
  return {
    ...{ id: row.id, tenant: row.tenant, collection: row.collection, label: row.label, kind: row.kind },
    // Only `create` writes them.
    scopes: row.scopes.split(" ").filter((scope) => scope !== "") as MediaScope[],
    caps: { guests: Number(row.most_guests), files: Number(row.most_files), bytes: Number(row.most_bytes) },
    ...{ guests: Number(row.guests), state: row.state, generation: Number(row.generation) },
    ...{ weak: Number(row.weak) === 1, createdAt: Number(row.created_at), expiresAt: Number(row.expires_at) },
    revokedAt: row.revoked_at === null ? undefined : Number(row.revoked_at),
  };
}

function textOf(row: TextRow): StoredJoinText {
  return {
    ...{ hash: row.hash, token: row.token, keyId: row.key_id, issue: Number(row.issue), hint: row.hint },
    createdAt: Number(row.text_created_at),
    endsAt: row.ends_at === null ? undefined : Number(row.ends_at),
  };
}
