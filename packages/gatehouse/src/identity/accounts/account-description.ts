import type { AccountKey, FactorKind, Factors, StoredFactor } from "../../kernel/ports/accounts.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { Account, AccountEmail, Directory } from "./directory.ts";

/** The factors of one kind that an account has. Times are epoch milliseconds. */
export interface FactorSummary {
  readonly kind: FactorKind;
  readonly count: number;
  /** Since when it has the first of them. */
  readonly since: number;
  readonly usedAt: number | undefined;
}

/** An account as operators see it. */
export interface AccountDescription extends Account {
  readonly emails: readonly AccountEmail[];
  readonly factors: readonly FactorSummary[];
  /** Epoch milliseconds at which one of its factors was last used; `undefined` where none was. */
  readonly signedInAt: number | undefined;
}

/** Everything operators are shown of an account. */
export async function describeAccount(
  { directory, factors }: { readonly directory: Directory; readonly factors: Pick<Factors, "list"> },
  reading: ReadTransaction,
  account: Account,
): Promise<AccountDescription> {
  const { tenant, id }: AccountKey = account;
  const emails = await directory.emails(reading, account);
  const summaries = summarise(await factors.list(reading, { tenant, account: id }));
  return { ...account, emails, factors: summaries, signedInAt: latest(summaries) };
}

function summarise(rows: readonly StoredFactor[]): FactorSummary[] {
  return [...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, all]) => ({
    ...{ kind, count: all.length, usedAt: latest(all) },
    since: Math.min(...all.map(({ createdAt }) => createdAt)),
  }));
}

function latest(used: readonly { readonly usedAt?: number | undefined }[]): number | undefined {
  const times = used.flatMap(({ usedAt }) => usedAt ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}
