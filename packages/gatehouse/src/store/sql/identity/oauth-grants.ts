import type { SelectQueryBuilder } from "kysely";
import type { ArtifactSelection } from "../../../kernel/ports/oauth-artifacts.ts";
import type {
  GrantEndCause,
  GrantEnding,
  GrantQuery,
  GrantState,
  OAuthGrants,
  StoredGrant,
} from "../../../kernel/ports/oauth-grants.ts";
import type { ReadTransaction, WriteTransaction } from "../../../kernel/ports/store.ts";
import type { CoreTables, OAuthGrantsTable } from "../schema.ts";
import { portableStatement } from "../statement.ts";

const DAY = 86_400_000;
/** Milliseconds for which the record says why a grant has ended. */
const ENDED_KEPT = 90 * DAY;
/** Places kept of one grant: the newest. */
const TRACES_KEPT = 64;

const FIND = portableStatement("SELECT * FROM oauth_grants WHERE key = $1");
const NOTE = portableStatement(
  `INSERT INTO oauth_grants
     (key, tenant, client, account, state, generation, body, first_seen, last_seen, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, {now}, {now}, $8)
   ON CONFLICT (key) DO UPDATE SET
     state = CASE WHEN excluded.state = 'active' THEN 'active' ELSE oauth_grants.state END,
     generation = oauth_grants.generation + excluded.generation,
     body = excluded.body,
     last_seen = excluded.last_seen,
     expires_at = CASE WHEN excluded.expires_at > oauth_grants.expires_at
       THEN excluded.expires_at ELSE oauth_grants.expires_at END
   WHERE oauth_grants.state <> 'ended'
   RETURNING key`,
);
const ADD_TRACE = portableStatement(
  `INSERT INTO oauth_grant_traces (grant_key, trace, seen_at) VALUES ($1, $2, {now})
   ON CONFLICT (grant_key, trace) DO UPDATE SET seen_at = excluded.seen_at`,
);
const TRIM_TRACES = portableStatement(
  `DELETE FROM oauth_grant_traces WHERE grant_key = $1 AND trace NOT IN
   (SELECT trace FROM oauth_grant_traces WHERE grant_key = $1 ORDER BY seen_at DESC, trace LIMIT ${TRACES_KEPT})`,
);
const SUSPEND = portableStatement(
  `UPDATE oauth_grants SET state = 'suspended', suspended_at = {now}
   WHERE key = $1 AND state = 'active' RETURNING key`,
);
/** The consent itself stays: the person need not give it again. */
const TAKE_TOKENS = portableStatement("DELETE FROM oauth_artifacts WHERE grant_key = $1");
const END = `UPDATE oauth_grants SET state = 'ended', body = '', ended_at = {now}, expires_at = {now} + ${ENDED_KEPT},
     cause = $2, ended_by = $3, reason = CAST($4 AS TEXT)
   WHERE tenant = $1 AND state <> 'ended'`;
const END_ONE = portableStatement(`${END} AND key = $5`);
const END_CLIENT = portableStatement(`${END} AND client = $5`);
const END_ACCOUNT = portableStatement(`${END} AND account = $5`);
const END_BETWEEN = portableStatement(`${END} AND client = $5 AND account = $6`);
const PRUNE_TRACES = portableStatement(
  `DELETE FROM oauth_grant_traces WHERE grant_key IN
   (SELECT key FROM oauth_grants WHERE expires_at <= $1 ORDER BY expires_at, key LIMIT $2)`,
);
const PRUNE = portableStatement(
  `DELETE FROM oauth_grants WHERE key IN
   (SELECT key FROM oauth_grants WHERE expires_at <= $1 ORDER BY expires_at, key LIMIT $2)
   RETURNING key`,
);

/** The record of grants in the tables `oauth_grants` and `oauth_grant_traces`. */
export function createOAuthGrants(): OAuthGrants {
  return {
    async find(transaction, key) {
      const [row] = await transaction.execute<OAuthGrantsTable>(FIND, [key]);
      return row === undefined ? undefined : grantOf(row);
    },
    list: async (transaction, query) => (await select(transaction, query).execute()).map(grantOf),
    async note(transaction, { key, tenant, client, account, state, rotates, body, traces, expiresAt }) {
      const values = [key, tenant, client, account, state, rotates ? 1 : 0, body, wholeDays(expiresAt)];
      if ((await transaction.execute(NOTE, values)).length === 0) return;
      for (const trace of traces) await transaction.execute(ADD_TRACE, [key, trace]);
      if (traces.length > 0) await transaction.execute(TRIM_TRACES, [key]);
    },
    async suspend(transaction, key) {
      if ((await transaction.execute(SUSPEND, [key])).length === 0) return false;
      await transaction.execute(TAKE_TOKENS, [key]);
      return true;
    },
    async prune(transaction, limit) {
      const now = await transaction.now();
      await transaction.execute(PRUNE_TRACES, [now, limit]);
      return (await transaction.execute(PRUNE, [now, limit])).length;
    },
  };
}

/** A use that leaves every indexed column alone costs PostgreSQL no new entries, and conflicts with no other use. */
function wholeDays(time: number): number {
  return Math.ceil(time / DAY) * DAY;
}

/** Lets the record of all grants that match say that they have ended, and why. */
export async function endGrants(
  transaction: WriteTransaction,
  { tenant, grant, client, account }: ArtifactSelection,
  { cause, by, reason }: GrantEnding,
): Promise<void> {
  const said = [tenant, cause, by, reason ?? null];
  if (grant !== undefined) await transaction.execute(END_ONE, [...said, grant]);
  else if (client !== undefined && account !== undefined) {
    await transaction.execute(END_BETWEEN, [...said, client, account]);
  } else if (client !== undefined) await transaction.execute(END_CLIENT, [...said, client]);
  else if (account !== undefined) await transaction.execute(END_ACCOUNT, [...said, account]);
}

const STATES = {
  lasting: ["active", "suspended"],
  unended: ["pending", "active", "suspended"],
  ended: ["ended"],
} as const;
type GrantSelect = SelectQueryBuilder<CoreTables, "oauth_grants", OAuthGrantsTable>;

function select(transaction: ReadTransaction, query: GrantQuery): GrantSelect {
  const { tenant, key, account, client, traces = [], state, before, limit } = query;
  const database = transaction.query<CoreTables>();
  const states = state === undefined ? [...STATES.lasting, ...STATES.ended] : STATES[state];
  let rows: GrantSelect = database.selectFrom("oauth_grants").selectAll().where("tenant", "=", tenant);
  rows = rows.where("state", "in", states);
  for (const [column, value] of [["key", key] as const, ["account", account] as const, ["client", client] as const]) {
    if (value !== undefined) rows = rows.where(column, "=", value);
  }
  for (const trace of traces) {
    const seen = database.selectFrom("oauth_grant_traces").select("grant_key").where("trace", "=", trace);
    rows = rows.where("key", "in", seen);
  }
  if (before !== undefined) {
    const { firstSeen, key: last } = before;
    rows = rows.where((row) =>
      row.or([row("first_seen", "<", firstSeen), row.and([row("first_seen", "=", firstSeen), row("key", "<", last)])]),
    );
  }
  return rows.orderBy("first_seen", "desc").orderBy("key", "desc").limit(limit);
}

function grantOf(row: OAuthGrantsTable): StoredGrant {
  const { key, tenant, client, account, body } = row;
  return {
    ...{ key, tenant, client, account, body },
    // The table admits no other state.
    state: row.state as GrantState,
    generation: Number(row.generation),
    firstSeen: Number(row.first_seen),
    lastSeen: Number(row.last_seen),
    suspendedAt: row.suspended_at === null ? undefined : Number(row.suspended_at),
    ending: endingOf(row),
  };
}

function endingOf({ cause, ended_at: at, ended_by: by, reason }: OAuthGrantsTable): StoredGrant["ending"] {
  if (cause === null || at === null || by === null) return undefined;
  // Written by `endGrants` alone.
  return { cause: cause as GrantEndCause, by, at: Number(at), reason: reason ?? undefined };
}
