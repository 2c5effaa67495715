import type { AccountKey } from "../../../../kernel/ports/accounts.ts";
import type { ReadTransaction, WriteTransaction } from "../../../../kernel/ports/store.ts";

/** A session of a person in an application of this server. Times are epoch milliseconds. */
export interface ApplicationSession {
  /** The application's name in the protocol, and what people call it. */
  readonly client: string;
  readonly title: string;
  /** Names it, and opens nothing. */
  readonly session: string;
  /** The issuer's name for it. */
  readonly sid?: string | undefined;
  readonly beganAt?: number | undefined;
  readonly seenAt?: number | undefined;
  readonly ip?: string | undefined;
  /** Kind of program: `Firefox on Linux`. */
  readonly agent?: string | undefined;
}

/** The sessions of people in the applications of this server. */
export interface ApplicationSessions {
  list(reading: ReadTransaction, account: AccountKey): Promise<readonly ApplicationSession[]>;
  /** Ends one; `false` where the person has none by this name. */
  end(writing: WriteTransaction, account: AccountKey, session: string): Promise<boolean>;
}
