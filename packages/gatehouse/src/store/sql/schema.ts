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

/** The columns of `media_assets`, for queries that are put together at run time. */
export interface MediaAssetsTable {
  readonly id: string;
  readonly tenant: string;
  readonly collection: string;
  readonly state: string;
  readonly reason: string;
  readonly owner_type: string;
  readonly owner_id: string;
  readonly bytes: number;
  /** JSON: what was known when it was received. */
  readonly origin: string;
  /** JSON: what was found out. */
  readonly findings: string;
  readonly scanned_by: string | null;
  readonly quarantined: number;
  readonly received_at: number;
  readonly changed_at: number;
  readonly published_at: number | null;
}

/** The columns of `media_variants`, for queries that are put together at run time. */
export interface MediaVariantsTable {
  readonly asset: string;
  readonly name: string;
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly width: number | null;
  readonly height: number | null;
}

/** The platform's tables as the query builder sees them. */
export interface CoreTables {
  readonly media_assets: MediaAssetsTable;
  readonly media_variants: MediaVariantsTable;
  readonly audit_events: AuditEventsTable;
  readonly oauth_grants: OAuthGrantsTable;
  readonly oauth_grant_traces: OAuthGrantTracesTable;
}
