import { z } from "zod";
import type { AnyAction } from "../../../../kernel/action.ts";
import { isDenial } from "../../../../kernel/outcome.ts";
import type { WriteTransaction } from "../../../../kernel/ports/store.ts";
import type { PreparedPassword } from "../../../accounts/account-recovery.ts";
import { identityEvents } from "../../../events.ts";
import { notify } from "./notices.ts";
import { createOwnChange, OwnInput, type Changed } from "./own-action.ts";
import type { Owner } from "./owner.ts";
import type { SelfServiceParts } from "./parts.ts";
import type { SignOn } from "./sign-ons.ts";

const Input = OwnInput.extend({ password: z.string().min(1).max(1000) });

/** Another password for whoever has proven just now who they are. All other sessions end. */
export function createPasswordChange(parts: SelfServiceParts): AnyAction {
  const { recovery } = parts.accounts;
  return createOwnChange<z.infer<typeof Input>, Changed, PreparedPassword>(parts, {
    ...{ name: "account.change-password", input: Input, limit: 20, recent: true },
    event: identityEvents.authn_password_change,
    context: () => ({ by: "owner" }),
    prepare: ({ owner: { account }, input: { password }, read }) => recovery.prepareChange({ account, password, read }),
    run: async ({ owner, transaction, prepared }) => {
      const { account, visit } = owner;
      const over = await endEverythingElse(parts, transaction, owner);
      const changedAt = await recovery.commitChange(transaction, prepared);
      if (isDenial(changedAt)) return changedAt;
      await parts.visits.renew(transaction, visit, changedAt);
      // The visit itself goes on.
      const told = over.flatMap(({ clients }) => clients).filter(({ sid }) => sid !== visit.sid);
      parts.signOns.tell(transaction, account, told);
      await notify(parts, transaction, { owner, kind: "password-changed" });
      return { account: account.id };
    },
  });
}

/** Ends the sessions of applications, which the account's own step does not know of; returns the sign-ons there are. */
async function endEverythingElse(
  { signOns, applications }: Pick<SelfServiceParts, "signOns" | "applications">,
  writing: WriteTransaction,
  { account, visit }: Pick<Owner, "account" | "visit">,
): Promise<readonly SignOn[]> {
  for (const { session } of await applications.list(writing, account)) {
    if (session !== visit.session) await applications.end(writing, account, session);
  }
  return signOns.list(writing, account);
}
