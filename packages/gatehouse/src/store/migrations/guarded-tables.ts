import type { GuardedTables } from "../../kernel/ports/store.ts";
import { WORK_EVENTS } from "../sql/work/history.ts";

/**
 * The platform's tables on which the database's writer and reader have less than their usual rights; a line for each,
 * in the change that brings the table. Retention is the only one to delete from those that are appended to. A table
 * is secret where its rows are, or could be used as, credentials: the reader does not see it.
 */
const guardedTables = {
  appendOnly: [{ table: "audit_events", time: "at" }, WORK_EVENTS],
  secret: [
    { table: "documents" },
    { table: "idempotency_records" },
    { table: "sessions" },
    { table: "account_factors" },
    { table: "account_identifiers" },
    { table: "oauth_artifacts" },
    { table: "oauth_grant_traces" },
    { table: "oauth_client_secrets" },
    { table: "oauth_registration_tokens" },
    { table: "oauth_signing_keys", columns: ["private_key"] },
    { table: "join_token_texts" },
    { table: "jobs", columns: ["payload"] },
    { table: "work_leases", columns: ["token_hash"] },
    { table: "work_subject_keys" },
  ],
} as const satisfies GuardedTables;

/** The guarded tables of the platform and of an application together. */
export function allGuardedTables({ appendOnly = [], secret = [] }: GuardedTables = {}): Required<GuardedTables> {
  return {
    appendOnly: [...guardedTables.appendOnly, ...appendOnly],
    secret: [...guardedTables.secret, ...secret],
  };
}
