import type { SecurityEvent } from "../event.ts";
import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** What to look for in the audit trail; all members narrow. */
export interface AuditQuery {
  readonly tenant?: string;
  readonly name?: string;
  readonly outcome?: SecurityEvent["outcome"];
  readonly level?: SecurityEvent["level"];
  readonly actor?: string;
  readonly action?: string;
  readonly ip?: string;
  readonly requestId?: string;
  /** Epoch milliseconds, inclusive. */
  readonly from?: number;
  /** Epoch milliseconds, exclusive. */
  readonly until?: number;
  /** Identifier of the last row of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** The lasting trail of events, newest first. */
export interface AuditTrail {
  append(transaction: WriteTransaction, event: SecurityEvent): Promise<void>;
  /** Deletes rows older than `before` (epoch milliseconds), at most `limit`, oldest first; returns how many. */
  prune(transaction: WriteTransaction, before: number, limit: number): Promise<number>;
  find(transaction: ReadTransaction, query: AuditQuery): Promise<SecurityEvent[]>;
}
