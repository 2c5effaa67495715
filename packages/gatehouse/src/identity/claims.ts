import type { FindAccount } from "oidc-provider";
import { isUuid } from "../kernel/ids.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { Account, AccountEmail, Directory } from "./accounts/directory.ts";

/** What accounts are looked up with. */
export interface FindAccountParts {
  readonly directory: Directory;
  readonly store: Pick<Store, "read">;
}

/**
 * Finds the accounts of a tenant for the protocol engine, which asks whenever something is issued or told. One that is
 * disabled or gone is not found.
 */
export function createFindAccount({ directory, store }: FindAccountParts, tenant: string): FindAccount {
  return async (_context, id) => {
    if (!isUuid(id)) return undefined;
    const found = await store.read(async (reading) => {
      const account = await directory.find(reading, { tenant, id });
      return account && { account, emails: await directory.emails(reading, account) };
    });
    if (found?.account.state !== "active") return undefined;
    const claims = claimsOf(found.account, found.emails);
    return { accountId: id, claims: () => Promise.resolve(claims) };
  };
}

/** All there is to say of an account; the engine tells what the scopes allow. */
function claimsOf({ id, name, locale, changedAt }: Account, emails: readonly AccountEmail[]) {
  const proven = emails.find(({ verifiedAt }) => verifiedAt !== undefined) ?? emails[0];
  return {
    ...{ sub: id, name, locale, updated_at: Math.floor(changedAt / 1000) },
    ...(proven === undefined ? {} : { email: proven.email, email_verified: proven.verifiedAt !== undefined }),
  };
}
