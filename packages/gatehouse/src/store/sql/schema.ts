/** The columns of `audit_events`, for queries that are put together at run time. */
export interface AuditEventsTable {
  readonly id: string;
  readonly at: number;
  readonly name: string;
  readonly level: string;
  readonly tenant: string;
  readonly actor_type: string;
  readonly actor_id: string;
  readonly on_behalf_of: string | null;
  readonly entrance: string;
  readonly ip: string | null;
  readonly action: string;
  readonly target: string | null;
  readonly outcome: string;
  readonly problem: string | null;
  readonly request_id: string;
  /** JSON. */
  readonly context: string;
}

/** The columns of `oauth_grants`, for queries that are put together at run time. */
export interface OAuthGrantsTable {
  readonly key: string;
  readonly tenant: string;
  readonly client: string;
  readonly account: string;
  readonly state: string;
  readonly generation: number;
  readonly body: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly suspended_at: number | null;
  readonly ended_at: number | null;
  readonly ended_by: string | null;
  readonly cause: string | null;
  readonly reason: string | null;
  readonly expires_at: number;
}

/** The columns of `oauth_grant_traces`, for queries that are put together at run time. */
export interface OAuthGrantTracesTable {
  readonly grant_key: string;
  readonly trace: string;
  readonly seen_at: number;
}

/** The platform's tables as the query builder sees them. */
export interface CoreTables {
  readonly audit_events: AuditEventsTable;
  readonly oauth_grants: OAuthGrantsTable;
  readonly oauth_grant_traces: OAuthGrantTracesTable;
}
