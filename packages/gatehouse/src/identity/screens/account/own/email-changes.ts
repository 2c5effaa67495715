import type { z } from "zod";
import type { AnyAction } from "../../../../kernel/action.ts";
import { deny } from "../../../../kernel/outcome.ts";
import { problems } from "../../../../kernel/problems.ts";
import { Email } from "../../../accounts/email.ts";
import { identityEvents } from "../../../events.ts";
import { createOwnChange, OwnInput, type Changed } from "./own-action.ts";
import type { SelfServiceParts } from "./parts.ts";

/** All that owners do with their address. */
export interface EmailChanges {
  readonly changeEmail: AnyAction;
  readonly verifyEmail: AnyAction;
}

const Input = OwnInput.extend({ email: Email });

/** All that owners do with their address. */
export function createEmailChanges(parts: SelfServiceParts): EmailChanges {
  return { changeEmail: createChange(parts), verifyEmail: createVerification(parts) };
}

/** Asks for another address, which counts once a letter there was answered. */
function createChange(parts: SelfServiceParts): AnyAction {
  const { letters, emailChange } = parts.accounts;
  return createOwnChange<z.infer<typeof Input>, Changed, object>(parts, {
    ...{ name: "account.change-email", input: Input, limit: 10, recent: true },
    event: identityEvents.account_email_change_requested,
    prepare: async ({ owner: { account }, input: { email } }) => (await letters.admit(account.tenant, email)) ?? {},
    run: async ({ owner: { account }, input: { email }, transaction }) => {
      await emailChange.request(transaction, account, email);
      return { account: account.id };
    },
  });
}

/** Sends a letter that proves the address there is. */
function createVerification(parts: SelfServiceParts): AnyAction {
  const { letters, directory, recovery } = parts.accounts;
  return createOwnChange<OwnInput, Changed, string>(parts, {
    ...{ name: "account.request-verification", input: OwnInput, limit: 10, recent: false },
    event: identityEvents.account_letter_requested,
    context: () => ({ purpose: "verify" }),
    prepare: async ({ owner: { account }, read }) => {
      const emails = await read((reading) => directory.emails(reading, account));
      const open = emails.find(({ verifiedAt }) => verifiedAt === undefined);
      if (open === undefined) return deny(problems.NOT_FOUND);
      const refused = await letters.admit(account.tenant, open.email);
      return refused ?? open.email;
    },
    run: async ({ owner: { account }, transaction, prepared }) => {
      await recovery.requestVerification(transaction, account, prepared);
      return { account: account.id };
    },
  });
}
