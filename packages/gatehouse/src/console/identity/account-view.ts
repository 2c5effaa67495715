import { z } from "zod";

const Account = z.object({
  id: z.string(),
  name: z.string(),
  locale: z.string(),
  state: z.enum(["active", "disabled"]),
  grants: z.array(z.string()),
  createdAt: z.number(),
  emails: z.array(z.object({ email: z.string(), verifiedAt: z.number().optional() })),
  factors: z.array(z.object({ kind: z.string(), count: z.number(), since: z.number(), usedAt: z.number().optional() })),
  signedInAt: z.number().optional(),
});

/** An account as operators see it. */
export type AccountView = z.infer<typeof Account>;
/** The value of `accounts.show`. */
export const AccountView = Account;

/** The value of `accounts.list`. */
export const AccountRows = z.object({ accounts: z.array(Account), next: z.string().optional() });

/** Where accounts are listed. */
export const ACCOUNTS_PATH = "/console/accounts";

/** The page of one account. */
export function accountPath({ id }: Pick<AccountView, "id">): string {
  return `${ACCOUNTS_PATH}/${id}`;
}

const FACTORS: Readonly<Record<string, string>> = {
  password: "Password",
  totp: "Authenticator app",
  passkey: "Passkey",
  recovery: "Recovery codes",
};

/** A factor in words. */
export function factorName(kind: string): string {
  return FACTORS[kind] ?? kind;
}
