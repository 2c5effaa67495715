import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Where an earlier system keeps its tokens, in the same database: names of a table and of its columns. */
export interface LegacyTable {
  readonly table: string;
  /** The clear text. */
  readonly column: string;
  /** What rows are told apart by. */
  readonly id: string;
  readonly collection: string;
  /** Absent: all rows are of one tenant. */
  readonly tenant?: string | undefined;
  readonly expires?: string | undefined;
}

/** One row of it, as texts. */
export interface LegacyRow {
  readonly id: string;
  readonly text: string;
  readonly collection: string;
  readonly tenant: string | undefined;
  readonly expires: string | undefined;
}

/** The table of an earlier system. Names are checked before they become part of a statement. */
export interface LegacyTokens {
  /** Rows that still have a clear text, in the order of their identifiers as texts. */
  rows(
    transaction: ReadTransaction,
    page: { readonly after: string; readonly limit: number },
  ): Promise<readonly LegacyRow[]>;
  findByText(transaction: ReadTransaction, text: string): Promise<LegacyRow | undefined>;
  /** Rows that still have a clear text, and all rows. */
  count(transaction: ReadTransaction): Promise<{ readonly clear: number; readonly all: number }>;
  /** Deletes the clear text of a row where it is still `text`. */
  clear(transaction: WriteTransaction, row: Pick<LegacyRow, "id" | "text">): Promise<boolean>;
}
