import type { Accounts, Factors, StoredAccount } from "../../kernel/ports/accounts.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { AccountSecrets } from "./account-secrets.ts";
import { PROFILE } from "./directory.ts";

/** What is sealed anew. */
export interface ResealingParts {
  readonly accounts: Accounts;
  readonly factors: Factors;
  readonly secrets: AccountSecrets;
}

/** Accounts that are looked at in one transaction. */
const CHUNK = 50;

/**
 * Seals the rows of all accounts under the current key, so that the ones before can be removed: unlike sessions, accounts
 * do not go away by themselves. Returns how many texts were sealed anew. Can be stopped and begun again at any time.
 */
export async function resealAccounts(store: Store, parts: ResealingParts, signal?: AbortSignal): Promise<number> {
  let sealed = 0;
  let after: string | undefined;
  do {
    const page = { after, limit: CHUNK };
    const { seen, count } = await store.write(async (writing) => {
      const found = await parts.accounts.list(writing, page);
      let anew = 0;
      for (const account of found) anew += await resealOne(writing, parts, account);
      return { seen: found, count: anew };
    });
    sealed += count;
    after = seen.length < CHUNK ? undefined : seen.at(-1)?.id;
  } while (after !== undefined && signal?.aborted !== true);
  return sealed;
}

async function resealOne(
  writing: WriteTransaction,
  { accounts, factors, secrets }: ResealingParts,
  account: StoredAccount,
): Promise<number> {
  const anew = (what: string, body: string): string => secrets.seal(account, what, secrets.open(account, what, body));
  let sealed = 0;
  if (secrets.needsReseal(account.profile)) {
    await accounts.update(writing, account, { profile: anew(PROFILE, account.profile), voids: false });
    sealed += 1;
  }
  for (const { key, body: before } of await accounts.identifiers(writing, account)) {
    if (!secrets.needsReseal(before)) continue;
    await accounts.rewriteIdentifier(writing, key, { before, body: anew(key, before) });
    sealed += 1;
  }
  for (const { key, body: before, kind } of await factors.list(writing, {
    tenant: account.tenant,
    account: account.id,
  })) {
    // Recovery codes have nothing but their key.
    if (kind === "recovery" || !secrets.needsReseal(before)) continue;
    await factors.rewrite(writing, key, { before, body: anew(key, before) });
    sealed += 1;
  }
  return sealed;
}
