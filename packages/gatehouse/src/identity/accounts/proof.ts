import { deny, type Denial } from "../../kernel/outcome.ts";
import type { FactorKind, Factors, AccountKey } from "../../kernel/ports/accounts.ts";
import type { ReadTransaction, Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { identityEvents } from "../events.ts";
import { accountProblems } from "../problems.ts";
import { stillHolds, type Authentication } from "./authentication.ts";
import type { Directory } from "./directory.ts";
import type { Guess } from "./guess-throttle.ts";

/** Where a proof comes from. */
export interface ProofSource {
  readonly ip: string;
  /** Marks of known devices the browser has. */
  readonly devices: readonly string[];
  readonly read: Store["read"];
}

/** Refuses a second factor, whatever was wrong with it. */
export function refuseFactor({ id }: AccountKey, factor: FactorKind, event = identityEvents.authn_factor_fail): Denial {
  return deny(accountProblems.FACTOR_REFUSED, { event, context: { factor, account: id } });
}

/** Whether somebody who has proven one factor may add another: their account must still be as it was then. */
export async function mayGoOn(
  directory: Directory,
  transaction: ReadTransaction,
  authentication: Authentication,
): Promise<boolean> {
  return stillHolds(authentication, await directory.find(transaction, authentication.account));
}

/** Gives a try back once it is certain that it was right. The counters may be lost, so a failure there hurts nobody. */
export function rightAfterCommit(writing: WriteTransaction, guess: Guess): void {
  writing.afterCommit(() => void guess.right().catch(() => undefined));
}

/** The kinds of factors an account has. */
export async function enrolledKinds(
  factors: Factors,
  reading: ReadTransaction,
  { tenant, id }: AccountKey,
): Promise<ReadonlySet<FactorKind>> {
  return new Set((await factors.list(reading, { tenant, account: id })).map(({ kind }) => kind));
}
