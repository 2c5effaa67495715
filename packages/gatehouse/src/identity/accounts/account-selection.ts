import { z } from "zod";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { Account, Directory } from "./directory.ts";
import { Email } from "./email.ts";

/** Which account: by its id, or by an address it has. */
export interface AccountSelection {
  readonly id?: string | undefined;
  readonly email?: string | undefined;
}

/** Members of an input that name an account. */
export const Which = { id: z.uuid().optional(), email: Email.optional() };

/** Whether an input names one account, and not none or two. */
export function namesOne({ id, email }: AccountSelection): boolean {
  return (id === undefined) !== (email === undefined);
}

/** What is said of an input that does not. */
export const SAY_WHICH = { path: ["id"], message: "Say which account, by its id or by its address." };

/** The account that is meant; denied where the tenant has none. */
export async function selectAccount(
  directory: Directory,
  reading: ReadTransaction,
  { tenant, id, email }: AccountSelection & { readonly tenant: string },
): Promise<Account | Denial> {
  const found =
    id === undefined
      ? await directory.findByEmail(reading, tenant, email ?? "")
      : await directory.find(reading, { tenant, id });
  return found ?? deny(problems.NOT_FOUND, { detail: "There is no such account." });
}
