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

/** The platform's tables as the query builder sees them. */
export interface CoreTables {
  readonly audit_events: AuditEventsTable;
}
